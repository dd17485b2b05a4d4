import asyncio
import errno
import os
import resource
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from core import blobs_folder
from core.blobs import new_key
from core.blobs_folder import FolderBlobs
from core.errors import StorageFull, Unavailable
from core.ids import new_id
from core.tasks import end


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", "A/b", "x", "a//b", ""])
async def test_a_key_never_leads_out_of_the_folder(tmp_path, key):
    store = FolderBlobs.open_folder(tmp_path / "blobs")
    with pytest.raises(ValueError, match="not a blob key"):
        await store.put(key, one(b"text"), limit_bytes=10)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_blobs_are_read_by_their_owner_only(tmp_path):
    store, key = FolderBlobs.open_folder(tmp_path / "blobs"), new_key(new_id())
    await store.put(key, one(b"text"), limit_bytes=10)
    path = store.local_path(key)
    assert path is not None
    assert path.read_bytes() == b"text"
    assert (tmp_path / "blobs").stat().st_mode & 0o077 == 0


async def test_the_leftover_of_a_dead_process_can_be_listed_and_deleted(tmp_path):
    store = FolderBlobs.open_folder(tmp_path / "blobs")
    leftover = tmp_path / "blobs" / "0" / f"{new_id()}.part"
    leftover.write_bytes(b"half")
    soon = datetime.now(UTC) + timedelta(minutes=1)
    (key,) = [key async for key in store.list_older_than(soon)]
    await store.delete(key)
    assert not leftover.exists()


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancelled_reader_leaves_no_file_open(tmp_path, turns):
    """Bug: one who was cancelled while a thread opened the file left it to the garbage collector."""
    store, key = FolderBlobs.open_folder(tmp_path), new_key(new_id())
    await store.put(key, one(b"text"), limit_bytes=10)

    async def read() -> None:
        async with aclosing(store.open(key)) as data:
            async for _ in data:
                await asyncio.sleep(60)

    reading = asyncio.create_task(read())
    for _ in range(turns):
        await asyncio.sleep(0)
    await end([reading])
    assert [file.path for file in psutil.Process().open_files() if key in file.path] == []


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, Unavailable)],
)
def test_what_the_disk_says_becomes_what_a_caller_can_do(number, wanted):
    with pytest.raises(Unavailable) as failure, blobs_folder.disk_errors():
        raise OSError(number, os.strerror(number))
    assert type(failure.value) is wanted


async def test_no_space_is_storage_full_and_leaves_nothing(tmp_path):
    store, key = FolderBlobs.open_folder(tmp_path / "blobs"), new_key(new_id())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # the nearest to a full disk
    try:
        with pytest.raises(StorageFull):
            await store.put(key, one(b"x" * 2_000_000), limit_bytes=10**9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
