import hashlib

import pytest

from core.blobs_folder import INCOMING, FolderBlobs
from core.errors import Locked, NotFound
from core.ids import new_id
from core.staging import CHECKPOINT_BYTES, Staged
from core.staging_folder import HASHES, FolderStaging
from tests.core.test_staging import DATA, append, begun, stream


@pytest.fixture
def staging(tmp_path):
    FolderBlobs.open_folder(tmp_path)
    return FolderStaging(tmp_path)


async def test_a_restart_takes_the_hash_from_the_file(staging, tmp_path):
    staged = await append(staging, begun(), stream(DATA[:1000]))
    staged = await append(FolderStaging(tmp_path), staged, stream(DATA[1000:]))
    stored = await FolderStaging(tmp_path).finish(staged)
    assert stored.sha256 == hashlib.sha256(DATA).digest()


async def test_bytes_that_were_never_acknowledged_are_cut_off(staging, tmp_path):
    staged = await append(staging, begun(), stream(DATA[:1000]))
    with (tmp_path / INCOMING / f"{staged.id}.part").open("ab") as file:
        file.write(b"of a crash" * 100_000)
    staged = await append(staging, staged, stream(DATA[1000:]))
    stored = await staging.finish(staged)
    assert (stored.size_bytes, stored.sha256) == (len(DATA), hashlib.sha256(DATA).digest())


async def test_a_long_part_is_told_while_it_arrives(staging):
    size = 2 * CHECKPOINT_BYTES + 5

    async def zeros():
        for _ in range(33):
            yield bytes(min(2**20, size))

    staged = Staged(new_id(), new_id(), 33 * 2**20)
    told = [kept.offset async for kept in staging.append(staged, zeros())]
    assert told == [CHECKPOINT_BYTES, 2 * CHECKPOINT_BYTES, 33 * 2**20]


async def test_one_writes_at_a_time(staging, tmp_path):
    staged = begun()

    async def slow():
        yield DATA[:10]
        with pytest.raises(Locked):
            await append(FolderStaging(tmp_path), staged, stream(DATA))
        yield DATA[10:]

    done = await append(staging, staged, slow())
    assert (await staging.finish(done)).sha256 == hashlib.sha256(DATA).digest()


async def test_bytes_that_are_gone_are_told(staging):
    staged = await append(staging, begun(), stream(DATA))
    await staging.discard(staged)
    with pytest.raises(NotFound, match="are gone"):
        await staging.finish(staged)
    with pytest.raises(NotFound, match="are gone"):
        await append(staging, staged, stream(b""))


async def test_hashes_of_many_uploads_do_not_pile_up(staging):
    for _ in range(HASHES + 3):
        await append(staging, begun(b"1"), stream(b"1"))
    assert len(staging._hashes) == HASHES
