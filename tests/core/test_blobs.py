"""The same tests on both stores: a folder, and a real S3 server."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from app.embedded_s3 import start_s3
from core.blobs import BlobStat, BlobStore, S3Place, Stored, new_key, open_blobs
from core.errors import PermanentFailure, TooLarge
from core.ids import new_id

LIMIT = 50_000_000
SECRET = "a secret of the test"


@pytest.fixture(scope="session")
async def s3_place(tmp_path_factory) -> AsyncGenerator[S3Place]:
    server = await start_s3(tmp_path_factory.mktemp("s3"), access_key="test", secret_key=SECRET)
    yield S3Place(server.endpoint, "recollect", server.access_key, server.secret_key)
    await server.stop()


@pytest.fixture(params=["folder", "s3"])
async def blobs(request, tmp_path, s3_place) -> AsyncGenerator[BlobStore]:
    place = tmp_path / "blobs" if request.param == "folder" else s3_place
    async with open_blobs(place) as store:
        yield store


async def stream(data: bytes, chunk: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), chunk):
        yield data[start : start + chunk]


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("size", [0, 1, 6_000, 1_048_576, 20_000_000], ids=str)
async def test_what_is_put_is_read_back_with_its_hash(blobs, size):
    data, key = os.urandom(size), new_key(new_id())
    stored = await blobs.put(key, stream(data), limit_bytes=LIMIT)
    assert stored == Stored(hashlib.sha256(data).digest(), size)
    assert await whole(blobs.open(key)) == data


async def test_a_range_is_read_without_the_rest(blobs):
    data, key = os.urandom(3_000_000), new_key(new_id())
    await blobs.put(key, stream(data), limit_bytes=LIMIT)
    assert await whole(blobs.open(key, start=1_500_000, end=1_500_010)) == data[1_500_000:1_500_010]
    assert await whole(blobs.open(key, start=2_999_999)) == data[2_999_999:]
    assert await whole(blobs.open(key, start=5, end=5)) == b""


async def test_a_stream_over_the_limit_leaves_nothing(blobs):
    key, before = new_key(new_id()), await listed(blobs)
    with pytest.raises(TooLarge):
        await blobs.put(key, stream(b"x" * 12_000_000), limit_bytes=11_999_999)
    assert await listed(blobs) == before


async def test_a_stream_that_is_cut_leaves_nothing(blobs):
    async def cut() -> AsyncIterator[bytes]:
        async for chunk in stream(b"x" * 9_000_000):
            yield chunk
        raise ConnectionResetError("the client went away")

    key, before = new_key(new_id()), await listed(blobs)
    with pytest.raises(ConnectionResetError):
        await blobs.put(key, cut(), limit_bytes=LIMIT)
    assert await listed(blobs) == before


async def test_a_put_that_is_cancelled_leaves_nothing(blobs):
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000
            await asyncio.sleep(0.001)

    key, before = new_key(new_id()), await listed(blobs)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await blobs.put(key, endless(), limit_bytes=10**12)
    assert await listed(blobs) == before


async def test_a_missing_blob_says_so(blobs):
    key = new_key(new_id())
    assert await blobs.stat(key) is None
    with pytest.raises(PermanentFailure) as failure:
        await whole(blobs.open(key))
    assert failure.value.code == "blob_missing"


async def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(blobs):
    key = new_key(new_id())
    await blobs.put(key, stream(b"text"), limit_bytes=LIMIT)
    stat = await blobs.stat(key)
    assert stat == BlobStat(4, stat.stored_at)
    assert abs(stat.stored_at - datetime.now(UTC)) < timedelta(minutes=1)
    await blobs.delete(key)
    await blobs.delete(key)
    assert await blobs.stat(key) is None


async def test_what_is_older_is_listed(blobs):
    before, keys = set(await listed(blobs)), sorted([new_key(new_id()) for _ in range(3)])
    for key in keys:
        await blobs.put(key, stream(b"text"), limit_bytes=LIMIT)
    assert set(await listed(blobs)) - before == set(keys)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    assert [key async for key in blobs.list_older_than(long_ago)] == []


async def listed(blobs: BlobStore) -> list[str]:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return sorted([key async for key in blobs.list_older_than(soon)])


def test_a_key_holds_the_workspace_and_nothing_a_person_wrote():
    workspace_id = new_id()
    first, middle, last = new_key(workspace_id).split("/")
    assert (first, middle) == (str(workspace_id), last[-2:])
