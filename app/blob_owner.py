"""Whose bytes the blob store holds, by an object in it that names the installation.

The worker deletes bytes that no row names and fails files that have no bytes. In the store of another installation, in a
folder that is not mounted or beside a database that was made anew both would be wrong, and the first cannot be undone.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from app.shared_key import shared_key
from core.blobs import OWNER_KEY, BlobStore
from core.errors import StartFailed
from sql import fetch, read
from sql.pool import Pool

Owner = Literal["ours", "another's", "nobody's"]
ASKED: Final = 100  # blobs that a store without a name is asked for
REMEDY: Final = (
    "Correct BLOB_DIR or S3_BUCKET, or mount the folder. If these are this database's bytes, or the others are lost for good: recollect"
    " adopt-blobs"
)


@dataclass(frozen=True, slots=True)
class _Blob:
    workspace_id: UUID
    sha256: bytes
    key: str


_list_blobs = read("maintenance.sql", "list_blobs_after", _Blob)


async def blob_owner(
    *, signin: Pool, worker: Pool, blobs: BlobStore, only_look: bool = False
) -> Owner:
    """Say whose the store is. One without a name becomes ours if it holds bytes of ours, or if we have stored none yet."""
    named, ours = await _named(blobs), await _name(signin)
    if named is not None:
        return "ours" if named == ours else "another's"
    if not await _may_be_ours(worker, blobs):
        return "nobody's"
    if not only_look:
        await _put(blobs, ours)
    return "ours"


async def adopt_blobs(signin: Pool, blobs: BlobStore) -> None:
    """Make the store ours, whoever's it is."""
    await _put(blobs, await _name(signin))


async def refuse_anothers(*, signin: Pool, worker: Pool, blobs: BlobStore) -> None:
    """Raise StartFailed where the store names another installation."""
    if await blob_owner(signin=signin, worker=worker, blobs=blobs) == "another's":
        # Nothing runs yet that a command could ask.
        raise StartFailed(
            "The blob store is that of another installation: correct BLOB_DIR or S3_BUCKET. If it is to be this one's,"
            f" remove {OWNER_KEY} from it."
        )


async def _name(signin: Pool) -> bytes:
    return (await shared_key(signin, name="installation")).hex().encode()


async def _named(blobs: BlobStore) -> bytes | None:
    if await blobs.stat(OWNER_KEY) is None:
        return None
    async with aclosing(blobs.open(OWNER_KEY)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def _may_be_ours(worker: Pool, blobs: BlobStore) -> bool:
    async with worker.write_tx() as conn:
        known = await fetch(conn, _list_blobs, workspace_id=UUID(int=0), sha256=b"", most=ASKED)
    for blob in known:
        if await blobs.stat(blob.key) is not None:
            return True
    return not known


async def _put(blobs: BlobStore, name: bytes) -> None:
    async def once() -> AsyncGenerator[bytes]:
        yield name

    await blobs.put(OWNER_KEY, once(), limit_bytes=len(name))
