"""The same tests on a growing file and on pieces in a real S3 server."""

import hashlib
import random
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from core.blobs import BlobStore, Stored, open_blobs
from core.errors import TooLarge
from core.ids import new_id
from core.staging import Kept, PieceStaging, Staged, Staging, open_staging
from tests.core.test_blobs import s3_place  # noqa: F401  # pyright: ignore[reportUnusedImport] fixture

DATA = random.Random(7).randbytes(300_000)


@dataclass(frozen=True)
class Place:
    staging: Staging
    blobs: BlobStore


@pytest.fixture(params=["folder", "s3"])
async def place(request, tmp_path, s3_place) -> AsyncGenerator[Place]:  # noqa: F811
    where = tmp_path if request.param == "folder" else s3_place
    async with open_blobs(where) as blobs:
        staging = open_staging(tmp_path if request.param == "folder" else None, blobs)
        yield Place(staging, blobs)


async def stream(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


async def cut(data: bytes) -> AsyncIterator[bytes]:
    yield data
    raise ConnectionError


async def append(staging: Staging, staged: Staged, data: AsyncIterator[bytes]) -> Staged:
    async for kept in staging.append(staged, data):
        parts = (*staged.parts, kept.part) if kept.part else staged.parts
        staged = replace(staged, offset=kept.offset, parts=parts)
    return staged


def begun(data: bytes = DATA) -> Staged:
    return Staged(new_id(), new_id(), len(data))


@pytest.mark.parametrize("cuts", [(), (0,), (1, 299_999), (100_000, 100_000, 200_001)], ids=str)
async def test_parts_become_one_blob_with_the_hash_of_all(place, cuts):
    staged, bounds = begun(), (0, *cuts, len(DATA))
    for start, end in pairwise(bounds):
        staged = await append(place.staging, staged, stream(DATA[start:end]))
        assert staged.offset == end
    wanted = Stored(hashlib.sha256(DATA).digest(), len(DATA))
    assert await place.staging.finish(staged) == wanted
    assert await place.staging.finish(staged) == wanted
    await place.staging.discard(staged)
    assert b"".join([data async for data in place.blobs.open(staged.key)]) == DATA


async def test_an_empty_upload_becomes_an_empty_blob(place):
    staged = await append(place.staging, begun(b""), stream(b""))
    assert await place.staging.finish(staged) == Stored(hashlib.sha256().digest(), 0)


async def test_what_fails_is_not_told_and_written_over_by_the_next(place):
    staged = await append(place.staging, begun(), stream(DATA[:100_000]))
    with pytest.raises(ConnectionError):
        await append(place.staging, staged, cut(b"x" * 70_000))
    staged = await append(place.staging, staged, stream(DATA[100_000:]))
    assert (await place.staging.finish(staged)).sha256 == hashlib.sha256(DATA).digest()


async def test_a_part_beyond_the_end_is_refused(place):
    staged = await append(place.staging, begun(), stream(DATA[:200_000]))
    with pytest.raises(TooLarge):
        await append(place.staging, staged, stream(b"x" * 100_001))


async def test_what_is_discarded_leaves_nothing(place, tmp_path):
    staged = await append(place.staging, begun(), stream(DATA))
    for _ in range(2):
        await place.staging.discard(staged)
    for part in staged.parts:
        assert await place.blobs.stat(part) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_long_part_is_told_piece_by_piece(tmp_path):
    async with open_blobs(tmp_path) as blobs:
        staging, staged = PieceStaging(blobs, piece_bytes=2**20), begun(b"x" * 2_500_000)
        told = [kept async for kept in staging.append(staged, stream(b"x" * 2_500_000))]
    assert [kept.offset for kept in told] == [1_050_000, 2_100_000, 2_500_000]
    assert len({kept.part for kept in told}) == 3
    assert all(isinstance(kept, Kept) for kept in told)
