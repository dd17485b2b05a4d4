"""Uploads that wait in a folder: a file for each, which grows beside the blobs and becomes one by a rename.

Bytes behind the row's offset were never acknowledged, so the next writer cuts them off. The file is locked while somebody
writes to it, for the case that a turn was lost by a process which only slept. The hash goes along from part to part; after a
restart it is taken from the file at the end.
"""

import asyncio
import fcntl
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from core.blobs import Stored, limited
from core.blobs_folder import INCOMING, disk_errors, make_folder, sync_folder, write_all
from core.errors import Locked, NotFound
from core.staging import CHECKPOINT_BYTES, Kept, Staged
from core.tasks import uninterrupted

if TYPE_CHECKING:
    from hashlib import _Hash  # pyright: ignore[reportPrivateUsage]  the only name of the type

HASHES: Final = 256  # of uploads under way in this process; those of others are taken anew
P = ParamSpec("P")
T = TypeVar("T")


class FolderStaging:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._hashes: OrderedDict[str, _Growing] = OrderedDict()

    async def append(self, staged: Staged, stream: AsyncIterator[bytes]) -> AsyncGenerator[Kept]:
        known = self._hashes.pop(staged.key, None)
        part = await _in_thread(_Part, self._path(staged), staged.offset, known)
        try:
            async for buffer in limited(stream, limit_bytes=staged.length - staged.offset):
                await _in_thread(part.write, buffer)
                if part.unsynced_bytes >= CHECKPOINT_BYTES:
                    await _in_thread(part.sync)
                    yield Kept(part.offset, None)
            await _in_thread(part.sync)
            self._remember(staged.key, part)
            yield Kept(part.offset, None)
        finally:
            part.close()

    async def finish(self, staged: Staged) -> Stored:
        known = self._hashes.get(staged.key)
        target = self._root / staged.key
        return await _in_thread(_finish, self._path(staged), target, _whole(known, staged))

    async def discard(self, staged: Staged) -> None:
        self._hashes.pop(staged.key, None)
        await _in_thread(_remove, self._path(staged))

    def _remember(self, key: str, part: "_Part") -> None:
        if part.hash is not None:
            self._hashes[key] = _Growing(part.hash, part.offset)
        if len(self._hashes) > HASHES:
            self._hashes.popitem(last=False)

    def _path(self, staged: Staged) -> Path:
        return self._root / INCOMING / f"{staged.id}.part"


class _Growing:
    """The hash of the first `offset` bytes."""

    __slots__ = ("hash", "offset")

    def __init__(self, hashed: "_Hash", offset: int) -> None:
        self.hash = hashed
        self.offset = offset


class _Part:
    """The growing file, open for one writer; its methods block. `hash` is None where what came before is not known."""

    def __init__(self, path: Path, offset: int, known: _Growing | None) -> None:
        with disk_errors():
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        try:
            self._take(offset)
        except BaseException:
            self._file.close()
            raise
        self.offset = offset
        self.unsynced_bytes = 0
        self.hash = hashlib.sha256() if offset == 0 else None
        if known is not None and known.offset == offset:
            self.hash = known.hash

    def _take(self, offset: int) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked("Another request writes to this upload.") from None
        with disk_errors():
            if self._file.seek(0, os.SEEK_END) < offset:
                raise NotFound("The bytes of this upload are gone; begin a new one.")
            self._file.truncate(offset)
            self._file.seek(offset)

    def write(self, buffer: bytes) -> None:
        with disk_errors():
            write_all(self._file, buffer)
        if self.hash is not None:
            self.hash.update(buffer)
        self.offset += len(buffer)
        self.unsynced_bytes += len(buffer)

    def sync(self) -> None:
        with disk_errors():
            os.fsync(self._file.fileno())
        self.unsynced_bytes = 0

    def close(self) -> None:
        self._file.close()


def _whole(known: _Growing | None, staged: Staged) -> bytes | None:
    return known.hash.digest() if known is not None and known.offset == staged.length else None


def _finish(part: Path, target: Path, sha256: bytes | None) -> Stored:
    """Give the file its name, unless an earlier call that was cut did so already."""
    with disk_errors():
        if not target.exists():
            make_folder(target.parent)
            try:
                part.rename(target)
            except FileNotFoundError:
                raise NotFound("The bytes of this upload are gone; begin a new one.") from None
            sync_folder(target.parent)
        with target.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            return Stored(sha256 or hashlib.file_digest(file, "sha256").digest(), size_bytes)


def _remove(path: Path) -> None:
    with disk_errors(), suppress(FileNotFoundError):
        path.unlink()


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in a thread, to its end even if we are cancelled: it holds the file."""
    return await uninterrupted(asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs)))
