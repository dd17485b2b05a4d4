import hashlib
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core.blobs import BlobStore, new_key
from core.blobs_folder import FolderBlobs
from core.errors import PermanentFailure, Unavailable
from core.ids import new_id
from ingest.source import Source, Unwanted, find_source, media_type_of, on_this_machine
from tests.ingest.make_files import write

DATA = b"The harbour opens at dawn.\n"


class Remote(FolderBlobs):
    """A folder that behaves as a store on another machine: no blob is a file here."""

    def local_path(self, key: str) -> None:
        return None


async def one(data: bytes) -> AsyncGenerator[bytes]:
    yield data


WS = new_id()
SOURCE = Source(
    new_id(),
    new_id(),
    new_id(),
    1,
    hashlib.sha256(DATA).digest(),
    "notes.txt",
    new_key(WS),
    wanted=True,
)


@pytest.fixture
async def blobs(tmp_path) -> FolderBlobs:
    folder = FolderBlobs.open_folder(tmp_path)
    await folder.put(SOURCE.key, one(DATA), limit_bytes=100)
    return folder


@pytest.fixture
async def remote(blobs, tmp_path) -> Remote:
    return Remote(tmp_path)


async def test_the_job_names_its_file(fence, made, scope):
    assert await find_source(fence, made.version_id) == Source(
        version_id=made.version_id,
        file_id=made.file_id,
        owner_id=scope.account_id,
        version=1,
        sha256=hashlib.sha256(DATA).digest(),
        name="notes.md",
        key=made.key,
        wanted=True,
    )


@pytest.mark.parametrize(
    "change", ["UPDATE item SET deleted_at = now()", "UPDATE file SET version = 2", ""]
)
async def test_nobody_wants_what_is_deleted_replaced_or_unknown(
    fence, made, owner_connection, change
):
    if change:
        await owner_connection.execute(change)
    with pytest.raises(Unwanted):
        await find_source(fence, made.version_id if change else new_id())


async def test_a_blob_that_is_a_file_is_lent_itself(blobs):
    async with on_this_machine(blobs, SOURCE) as path:
        assert path == blobs.local_path(SOURCE.key)


async def test_a_blob_elsewhere_is_copied_and_the_copy_goes(remote):
    async with on_this_machine(remote, SOURCE) as path:
        assert path.read_bytes() == DATA
    assert not path.parent.exists()


async def test_a_blob_that_is_gone_says_so(blobs, remote):
    gone = replace(SOURCE, key=new_key(WS))
    for store in (blobs, remote):
        with pytest.raises(PermanentFailure) as raised:
            await read_all(store, gone)
        assert raised.value.code == "blob_missing"


async def test_a_damaged_copy_is_tried_again_and_never_read(remote):
    with pytest.raises(Unavailable, match="damaged"):
        await read_all(remote, replace(SOURCE, sha256=bytes(32)))


async def read_all(store: BlobStore, source: Source) -> None:
    async with on_this_machine(store, source):
        pytest.fail("nothing may be lent")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(b"%PDF-1.7\n", "application/pdf"), (DATA, "text/plain")],
)
async def test_the_bytes_say_what_a_file_is(tmp_path, data, media_type):
    assert await media_type_of(write(tmp_path, data), "notes.txt") == media_type


async def test_a_file_of_another_type_is_stored_but_not_read(tmp_path):
    program = write(tmp_path, b"\x7fELF\x02\x01\x01" + bytes(500))
    with pytest.raises(PermanentFailure) as raised:
        await media_type_of(program, "notes.txt")
    assert raised.value.code == "unsupported_type"


async def test_a_copy_that_cannot_be_kept_is_tried_again(remote, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match="The disk for temporary files failed: No such file"):
        async with on_this_machine(remote, SOURCE):
            pass
