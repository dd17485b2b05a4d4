"""Where uploaded bytes lie: a folder (blobs_folder.py) or an S3 store (blobs_s3.py), behind one interface.

A blob is written once, under a generated key, and never changed: first the blob, then the row that names it. What has no
row after a day is removed by the reconciler, leftovers of uploads that were cut included. A key is `workspace/xx/id`: the
hash is not known when the first byte is stored, so the two last digits of the id spread the files over folders instead.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from core.errors import PermanentFailure, TooLarge
from core.ids import new_id

READ_BYTES: Final = 2**20
WRITE_BYTES: Final = (
    2**20
)  # one hop to a thread for each: below it the hop costs more than the hash
OWNER_KEY: Final = "owner/recollect"  # names the installation whose bytes these are
# A workspace's, or under way ("0", which no workspace is called).
_KEY: Final = re.compile(r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0)(/[0-9a-f-]+(\.part)?)+")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a finished put has verified."""

    sha256: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BlobStat:
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class S3Place:
    """An S3 store; `endpoint` is a URL, and only plain S3 calls are used. Clients reach it at `direct_endpoint`, if at all."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    direct_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Presigned:
    """An address, and the headers that a PUT to it needs as they are; both are as good as a key until it ends."""

    url: str = field(repr=False)
    headers: dict[str, str]
    expires_at: datetime


class DirectDoor(Protocol):
    """What lets clients put bytes into the store themselves. Raises as a BlobStore does."""

    async def presign_put(
        self, key: str, *, size_bytes: int, sha256: bytes, valid_s: int
    ) -> Presigned:
        """Return where these very bytes, and no others, may be put for a while."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Copy a blob within the store; PermanentFailure `blob_missing` if there is none."""
        ...


class BlobStore(Protocol):
    """Raises Unavailable when the store does not answer and StorageFull when it has no space."""

    @property
    def direct(self) -> DirectDoor | None:
        """Return the door for clients, where the store has one."""
        ...

    async def put(self, key: str, stream: AsyncIterator[bytes], *, limit_bytes: int) -> Stored:
        """Store the stream; when it raises or goes over the limit (TooLarge), nothing is kept."""
        ...

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`; PermanentFailure `blob_missing` if there is none.

        Whoever may stop before the last byte closes it (contextlib.aclosing).
        """
        ...

    async def stat(self, key: str) -> BlobStat | None: ...

    async def delete(self, key: str) -> None:
        """Remove a blob; one that is not there is no error."""
        ...

    def list_older_than(self, when: datetime) -> AsyncIterator[str]:
        """Yield the key of everything of ours stored before `when`, in no order; what else lies there is not looked at."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Return the blob's file where it is one on this machine."""
        ...


@asynccontextmanager
async def open_blobs(place: Path | S3Place) -> AsyncGenerator[BlobStore]:
    """Open the store that `place` names; a folder or bucket that does not exist is made."""
    if isinstance(place, Path):
        from core.blobs_folder import FolderBlobs

        yield await asyncio.to_thread(FolderBlobs.open_folder, place)
        return
    from core.blobs_s3 import open_s3  # 50 ms and 15 MB that a folder does not need

    async with open_s3(place) as store:
        yield store


def new_key(workspace_id: UUID) -> str:
    """Return a fresh key for a blob of the workspace."""
    blob_id = new_id()
    return f"{workspace_id}/{blob_id.hex[-2:]}/{blob_id}"


def is_key(key: str) -> bool:
    """Return whether new_key() or an upload in parts makes such keys."""
    return bool(_KEY.fullmatch(key))


def missing() -> PermanentFailure:
    """Return the error for a blob that its row names and the store lacks."""
    return PermanentFailure(
        "blob_missing", "The stored bytes of the file are gone.", remedy="Upload the file again."
    )


async def limited(stream: AsyncIterator[bytes], *, limit_bytes: int) -> AsyncGenerator[bytes]:
    """Yield the stream in buffers of about WRITE_BYTES; raise TooLarge at the first byte over the limit."""
    parts: list[bytes] = []
    held = total = 0
    async for chunk in stream:
        total += len(chunk)
        if total > limit_bytes:
            raise TooLarge(
                f"The file is larger than {limit_bytes:,} bytes, the limit of this server."
            )
        parts.append(chunk)
        held += len(chunk)
        if held >= WRITE_BYTES:
            yield b"".join(parts)
            parts, held = [], 0
    if held:
        yield b"".join(parts)
