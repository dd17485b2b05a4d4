"""Rebuild the indexes of partitions that lost many rows, while they are searched and written (sql/index_care.py)."""

import structlog

from sql.index_care import list_bloated, note_deleted, note_rebuilt, rebuild_indexes
from sql.pool import Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def care_for_indexes(pool: Pool, dsn: str) -> list[str]:
    """Rebuild what needs it, the worst first and one after the other; return the names of the partitions."""
    async with pool.write_tx() as conn:
        await note_deleted(conn)
        bloated = await list_bloated(conn)
    rebuilt: list[str] = []
    for worst in bloated:
        if not await rebuild_indexes(dsn, worst.partition):
            break
        async with pool.write_tx() as conn:
            await note_rebuilt(conn, worst)
        log.info(
            "rebuilt indexes", partition=worst.partition, deleted=worst.deleted,
            share=round(worst.share, 2), size_bytes=worst.size_bytes,
        )  # fmt: skip
        rebuilt.append(worst.partition)
    return rebuilt
