"""Where the bytes of an upload wait that arrives in parts, until it is whole and becomes a blob (docs/uploads.md).

In a folder they are one growing file (staging_folder.py). An S3 object cannot grow, so there they are pieces, joined at the
end. What is told as kept is durable. Which parts count, and who may write, is decided by the upload's row: bytes that no
row speaks of are dropped by the next writer, or removed after a day like any blob without a row (workers/blob_care.py).
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from core.blobs import BlobStore, Stored, limited, new_key

CHECKPOINT_BYTES: Final = 2**24  # what a crash may cost of a part that was still arriving


@dataclass(frozen=True, slots=True)
class Staged:
    """An upload as its row knows it: `offset` of `length` bytes are there, in `parts` where there are pieces."""

    workspace_id: UUID
    id: UUID
    length: int
    offset: int = 0
    parts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return the key of the blob that it will be; always the same, so that finishing may be repeated."""
        return f"{self.workspace_id}/{self.id.hex[-2:]}/{self.id}"


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything before `offset` is durable; `part` is the piece that is new, where there are pieces."""

    offset: int
    part: str | None


class Staging(Protocol):
    """Raises Unavailable when the store does not answer and StorageFull when it has no space."""

    def append(self, staged: Staged, stream: AsyncIterator[bytes]) -> AsyncGenerator[Kept]:
        """Keep the stream behind `staged.offset`; tell each time more of it is durable, and at its end.

        TooLarge at the first byte over the length; Locked while another request appends to the same upload.
        """
        ...

    async def finish(self, staged: Staged) -> Stored:
        """Make the whole upload the blob `staged.key`; may be repeated. NotFound when its bytes are gone."""
        ...

    async def discard(self, staged: Staged) -> None:
        """Remove what waits; what is not there is no error."""
        ...


def open_staging(place: Path | None, blobs: BlobStore) -> Staging:
    """Return the staging beside `blobs`, whose folder is `place` where they lie in one."""
    if place is None:
        return PieceStaging(blobs)
    from core.staging_folder import FolderStaging

    return FolderStaging(place)


class PieceStaging:
    """Pieces as blobs of their own, in any store."""

    def __init__(self, blobs: BlobStore, *, piece_bytes: int = CHECKPOINT_BYTES) -> None:
        self._blobs = blobs
        self._piece_bytes = piece_bytes

    async def append(self, staged: Staged, stream: AsyncIterator[bytes]) -> AsyncGenerator[Kept]:
        offset, room = staged.offset, staged.length - staged.offset
        pieces = _Pieces(limited(stream, limit_bytes=room), self._piece_bytes)
        while await pieces.more():
            part = new_key(staged.workspace_id)
            stored = await self._blobs.put(part, pieces.piece(), limit_bytes=room)
            offset += stored.size_bytes
            yield Kept(offset, part)

    async def finish(self, staged: Staged) -> Stored:
        return await self._blobs.put(
            staged.key, self._joined(staged.parts), limit_bytes=staged.length
        )

    async def discard(self, staged: Staged) -> None:
        for part in staged.parts:
            await self._blobs.delete(part)

    async def _joined(self, parts: tuple[str, ...]) -> AsyncGenerator[bytes]:
        for part in parts:
            async with aclosing(self._blobs.open(part)) as stored:
                async for data in stored:
                    yield data


class _Pieces:
    """A stream of buffers as one stream after the other, none of them empty."""

    def __init__(self, buffers: AsyncGenerator[bytes], piece_bytes: int) -> None:
        self._buffers = buffers
        self._piece_bytes = piece_bytes
        self._next: bytes | None = None

    async def more(self) -> bool:
        self._next = await anext(self._buffers, None)
        return self._next is not None

    async def piece(self) -> AsyncGenerator[bytes]:
        size_bytes = 0
        while self._next is not None:
            yield self._next
            size_bytes += len(self._next)
            if size_bytes >= self._piece_bytes:
                return
            self._next = await anext(self._buffers, None)
