"""Resumable uploads that nobody goes on with: a day after they began their rows go, and their bytes with them."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from core.blobs import BlobStore
from core.staging import Staged, Staging
from sql import fetch, write
from sql.pool import Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Expired:
    workspace_id: UUID
    id: UUID
    parts: list[str]
    is_complete: bool


REMOVE_EXPIRED_UPLOADS = write("upload.sql", "remove_expired_uploads", Expired)


async def remove_expired(pool: Pool, staging: Staging, blobs: BlobStore) -> int:
    """End uploads whose day is over; return how many were not complete."""
    async with pool.write_tx() as conn:
        expired = await fetch(conn, REMOVE_EXPIRED_UPLOADS)
    unfinished = [upload for upload in expired if not upload.is_complete]
    for upload in unfinished:
        staged = Staged(upload.workspace_id, upload.id, 0, 0, tuple(upload.parts))
        await staging.discard(staged)
        await blobs.delete(staged.key)  # whole already, and cut before its file was made
        log.info("removed an expired upload", upload_id=str(upload.id))
    return len(unfinished)
