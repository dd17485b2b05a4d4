"""The bytes that a job reads: which they are, a file on this machine that holds them, and what kind of file it is."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from core.blobs import BlobStore, missing
from core.blobs_folder import disk_errors
from core.errors import PermanentFailure, RecollectError, Unavailable
from ingest.detect import HEAD_BYTES, detect
from ingest.media_kind import why_not_read
from sql import fetch_opt, read
from sql.fence import Fence

Step = Literal[
    "extract", "chunk", "embed"
]  # with which a job begins: the bytes, the text, the passages
_TEMPORARY: Final = "The disk for temporary files"


@dataclass(frozen=True, slots=True)
class Source:
    """A file version; `wanted` is False once the file is in the bin or has a newer one.

    `was_opened`: search shows text of it that a password was needed for.
    """

    version_id: UUID
    file_id: UUID
    owner_id: UUID
    version: int
    sha256: bytes
    name: str
    key: str
    wanted: bool
    sealed_password: bytes | None = field(default=None, repr=False)
    was_opened: bool = False

    @property
    def columns(self) -> dict[str, object]:
        """Return what statements name that write the file's row: a newer version's row is not ours."""
        return {"file_id": self.file_id, "version": self.version}


class Unwanted(RecollectError):
    """The file was deleted or replaced while its job waited or ran; there is nothing left to do."""


FIND_SOURCE = read("ingest.sql", "find_source", Source)


async def find_source(fence: Fence, version_id: UUID) -> Source:
    """Return what to read; Unwanted when nobody wants it any more."""
    async with fence.tx() as conn:
        source = await fetch_opt(
            conn, FIND_SOURCE, workspace_id=fence.workspace_id, version_id=version_id
        )
    if source is None or not source.wanted:
        raise Unwanted(f"file version {version_id}")
    return source


@asynccontextmanager
async def on_this_machine(blobs: BlobStore, source: Source) -> AsyncGenerator[Path]:
    """Lend a file with the source's bytes: the blob itself where it is one, else a verified copy."""
    local = blobs.local_path(source.key)
    if local is not None:
        if await blobs.stat(source.key) is None:
            raise missing()
        yield local
        return
    with _temporary_folder() as folder:
        copy = folder / "source"
        with disk_errors(_TEMPORARY):
            await _download(blobs, source, copy)
        yield copy


@contextmanager
def _temporary_folder() -> Generator[Path]:
    with disk_errors(_TEMPORARY):
        folder = Path(tempfile.mkdtemp(prefix="recollect-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def media_type_of(path: Path, name: str) -> str:
    """Return what the bytes are; PermanentFailure `unsupported_type` for what is stored but not read."""
    return await asyncio.to_thread(_detect, path, name)


def _detect(path: Path, name: str) -> str:
    with path.open("rb") as file:
        found = detect(file, name=name)
        if found is not None:
            return found
        file.seek(0)
        reason = why_not_read(file.read(HEAD_BYTES))
    raise PermanentFailure("unsupported_type", reason.message, remedy=reason.remedy)


async def _download(blobs: BlobStore, source: Source, copy: Path) -> None:
    digest = hashlib.sha256()
    with copy.open("wb") as file:
        async with aclosing(blobs.open(source.key)) as stored:
            async for data in stored:
                digest.update(data)
                await asyncio.to_thread(file.write, data)
    if digest.digest() != source.sha256:
        # A connection that ended early looks like this, so it is worth another try.
        raise Unavailable(f"The stored bytes {source.key} came damaged.", retry_after_s=5)
