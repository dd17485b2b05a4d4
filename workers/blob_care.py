"""Bytes and rows that lost each other: bytes without a row go after a day, rows without bytes fail their files.

Neither happens in a store that is not this installation's own (app/blob_owner.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from app.blob_owner import REMEDY, blob_owner
from core.blobs import BlobStore
from sql import fetch, read, write
from sql.pool import Pool
from workers.file_ends import tell_of_end

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KEEP: Final = timedelta(days=1)  # an upload that is under way has bytes and no row yet
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Key:
    key: str


@dataclass(frozen=True, slots=True)
class Blob:
    workspace_id: UUID
    sha256: bytes
    key: str


@dataclass(frozen=True, slots=True)
class _File:
    id: UUID


LIST_KNOWN_KEYS = read("maintenance.sql", "list_known_keys", Key)
REMOVE_UNUSED_BLOBS = write("maintenance.sql", "remove_unused_blobs", Key)
LIST_BLOBS_AFTER = read("maintenance.sql", "list_blobs_after", Blob)
FAIL_FILES_WITHOUT_BYTES = write("maintenance.sql", "fail_files_without_bytes", _File)


async def look_after(signin: Pool, pool: Pool, blobs: BlobStore) -> None:
    """Do both where the store is ours; else say so and touch nothing."""
    owner = await blob_owner(signin=signin, worker=pool, blobs=blobs)
    if owner != "ours":
        log.error("the blob store is not this installation's", owner=owner, remedy=REMEDY)
        return
    await remove_orphans(pool, blobs)
    await fail_missing(pool, blobs)


async def remove_orphans(pool: Pool, blobs: BlobStore, *, keep: timedelta = KEEP) -> int:
    """Delete bytes that no row names; return how many blobs went. Rows that no file names go first."""
    async with pool.write_tx() as conn:
        for unused in await fetch(conn, REMOVE_UNUSED_BLOBS):
            log.info("removed an unused blob", key=unused.key)
    removed = 0
    page: list[str] = []
    async for key in blobs.list_older_than(datetime.now(UTC) - keep):
        page.append(key)
        if len(page) == PAGE:
            removed += await _remove_unknown(pool, blobs, page)
            page = []
    return removed + await _remove_unknown(pool, blobs, page)


async def fail_missing(pool: Pool, blobs: BlobStore) -> int:
    """Ask the store for every blob that a row names; files whose bytes are gone fail visibly. Return how many blobs.

    Owners and webhooks are told, as of other files that fail.
    """
    missing, after = 0, Blob(UUID(int=0), b"", "")
    while True:
        async with pool.write_tx() as conn:
            page = await fetch(
                conn,
                LIST_BLOBS_AFTER,
                workspace_id=after.workspace_id,
                sha256=after.sha256,
                most=PAGE,
            )
        if not page:
            return missing
        gone = [blob for blob in page if await blobs.stat(blob.key) is None]
        for blob in gone:
            log.error("a blob is missing", key=blob.key)
            await _fail(pool, blob)
        missing += len(gone)
        after = page[-1]


async def _fail(pool: Pool, blob: Blob) -> None:
    named = {"workspace_id": blob.workspace_id, "sha256": blob.sha256}
    async with pool.tenant_tx(blob.workspace_id) as conn:
        for failed in await fetch(conn, FAIL_FILES_WITHOUT_BYTES, **named):
            await tell_of_end(conn, blob.workspace_id, file_id=failed.id)


async def _remove_unknown(pool: Pool, blobs: BlobStore, keys: list[str]) -> int:
    async with pool.write_tx() as conn:
        known = {row.key for row in await fetch(conn, LIST_KNOWN_KEYS, keys=keys)}
    unknown = [key for key in keys if key not in known]
    for key in unknown:
        await blobs.delete(key)
    return len(unknown)
