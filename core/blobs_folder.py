"""Blobs as files of one folder: a temporary file, fsync, an atomic rename, fsync of the folder; safe on NFS too.

Writing and hashing run in a thread, a buffer at a time, while the next buffer arrives.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from core.blobs import OWNER_KEY, READ_BYTES, BlobStat, Stored, is_key, limited, missing
from core.errors import RecollectError, StorageFull, Unavailable
from core.ids import new_id
from core.tasks import uninterrupted

SYNC_BYTES: Final = 2**24  # written back as we go, so that the last fsync of 100 MB waits for 16
INCOMING: Final = "0"  # for what is not whole yet; no workspace is called so


class FolderBlobs:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / INCOMING  # the same file system, so that a rename is atomic

    @classmethod
    def open_folder(cls, root: Path) -> "FolderBlobs":
        """Make the folder, readable by its owner only."""
        with disk_errors():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (root / INCOMING).mkdir(mode=0o700, exist_ok=True)
        return cls(root)

    @property
    def direct(self) -> None:
        """Return nothing: nobody but us writes to the folder."""
        return

    async def put(self, key: str, stream: AsyncIterator[bytes], *, limit_bytes: int) -> Stored:
        writer = _Writer(self._incoming / f"{new_id()}.part")
        try:
            async for buffer in limited(stream, limit_bytes=limit_bytes):
                await writer.write(buffer)
            return await writer.move_to(self._path(key))
        finally:
            await writer.discard()

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        file = await _opened(self._path(key), start)
        try:
            left = None if end is None else end - start
            while data := await asyncio.to_thread(_read, file, left):
                left = None if left is None else left - len(data)
                yield data
        finally:
            file.close()

    async def stat(self, key: str) -> BlobStat | None:
        try:
            found = await asyncio.to_thread(self._path(key).stat)
        except FileNotFoundError:
            return None
        return BlobStat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def list_older_than(self, when: datetime) -> AsyncIterator[str]:
        # A folder of the second level at a time: memory stays small however many blobs there are.
        for folder in await asyncio.to_thread(_folders, self._root):
            for path in await asyncio.to_thread(_old_files, folder, when):
                if is_key(key := path.relative_to(self._root).as_posix()):
                    yield key

    def local_path(self, key: str) -> Path | None:
        return self._path(key)

    def _path(self, key: str) -> Path:
        if key != OWNER_KEY and not is_key(key):
            raise ValueError(f"not a blob key: {key!r}")
        return self._root / key


class _Writer:
    """A temporary file and the hash of what is in it. One buffer is written while the next one arrives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._file: BinaryIO | None = None
        self._writing: asyncio.Future[None] | None = None

    async def write(self, buffer: bytes) -> None:
        await self._written()
        self._writing = asyncio.get_running_loop().run_in_executor(None, self._write, buffer)

    async def move_to(self, target: Path) -> Stored:
        """Make the file durable and give it its name."""
        await self._written()
        await asyncio.to_thread(self._finish, target)
        return Stored(self._hash.digest(), self._size_bytes)

    async def discard(self) -> None:
        """Remove what was not moved. A write under way is waited for: it would make the file again."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
            self._writing.exception()
        if self._file is not None:
            self._file.close()
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def _written(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await uninterrupted(writing)

    def _write(self, buffer: bytes) -> None:
        with disk_errors():
            if self._file is None:
                self._file = self._path.open("xb", buffering=0)
            write_all(self._file, buffer)
            self._hash.update(buffer)
            before, self._size_bytes = self._size_bytes, self._size_bytes + len(buffer)
            if before // SYNC_BYTES != self._size_bytes // SYNC_BYTES:
                os.fdatasync(self._file.fileno())

    def _finish(self, target: Path) -> None:
        if self._file is None:
            self._write(b"")
        assert self._file is not None
        with disk_errors():
            os.fsync(self._file.fileno())
            self._file.close()
            make_folder(target.parent)
            self._path.rename(target)
            sync_folder(target.parent)


def write_all(file: BinaryIO, buffer: bytes) -> None:
    view = memoryview(buffer)
    while view:
        view = view[file.write(view) :]


def make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)
        sync_folder(folder.parent.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _opened(path: Path, start: int) -> BinaryIO:
    """Open in a thread; who is cancelled meanwhile leaves no open file behind."""
    opening = asyncio.ensure_future(asyncio.to_thread(_open_at, path, start))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait({opening})
        if opening.exception() is None:
            opening.result().close()
        raise


def _open_at(path: Path, start: int) -> BinaryIO:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise missing() from None
    file.seek(start)
    return file


def _read(file: BinaryIO, left: int | None) -> bytes:
    with disk_errors():
        return file.read(READ_BYTES if left is None else min(READ_BYTES, max(left, 0)))


def _folders(root: Path) -> list[Path]:
    return [root / INCOMING, *(path for path in root.glob("*/*") if path.is_dir())]


def _old_files(folder: Path, when: datetime) -> list[Path]:
    found: list[Path] = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < when.timestamp():
                found.append(path)
    return found


@contextmanager
def disk_errors(what: str = "The blob store") -> Generator[None]:
    """Turn what the disk says into what a caller can do about it."""
    try:
        yield
    except OSError as error:
        raise _as_ours(error, what) from error


def _as_ours(error: OSError, what: str) -> RecollectError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(f"{what} has no space left.")
    return Unavailable(f"{what} failed: {error.strerror}.", retry_after_s=5)
