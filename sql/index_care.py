"""The indexes of passages and vectors, a partition at a time: which of them hold many deleted rows, and how they are rebuilt.

Search is right without this: a deleted row is never shown, and the walk through the graph goes on past it, which costs time.
REINDEX CONCURRENTLY and VACUUM run outside of transactions, and only for the tables' owner: hence a connection of their own.
"""

from dataclasses import dataclass
from typing import Final

import asyncpg

from core.errors import Unavailable
from sql import execute, fetch, read, write
from sql.migrate import connect_owner
from sql.pool import Conn, ReadConn

AT_LEAST: Final = 1_000  # deleted rows; fewer are not worth a rebuild
VECTORS: Final = 0.05  # of what a graph holds; from there on a rebuild is cheaper than a vacuum
# B-trees and GIN are vacuumed at a fifth, as PostgreSQL does by itself; what stays is empty space, which costs less.
PASSAGES: Final = 0.3
_LOCK: Final = 45120002


@dataclass(frozen=True, slots=True)
class Bloated:
    """A partition of whose rows, as its indexes hold them, `share` are deleted."""

    partition: str
    deleted: int
    share: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Command:
    command: str


_note_deleted = write("index_care.sql", "note_deleted")
_note_rebuilt = write("index_care.sql", "note_rebuilt")
_list_bloated = read("index_care.sql", "list_bloated", Bloated)
_list_care_commands = read("index_care.sql", "list_care_commands", _Command)


async def list_bloated(conn: ReadConn) -> list[Bloated]:
    """Return the partitions whose indexes should be rebuilt, the worst first."""
    return await fetch(conn, _list_bloated, at_least=AT_LEAST, vectors=VECTORS, passages=PASSAGES)


async def note_deleted(conn: Conn) -> None:
    """Keep what PostgreSQL counted so far: a crash would lose it."""
    await execute(conn, _note_deleted)


async def note_rebuilt(conn: Conn, rebuilt: Bloated) -> None:
    """Take off what was counted before the rebuild began."""
    await execute(conn, _note_rebuilt, partition=rebuilt.partition, deleted=rebuilt.deleted)


async def rebuild_indexes(dsn: str, partition: str) -> bool:
    """Rebuild and vacuum; say False when another process is at it. What PostgreSQL refuses is Unavailable."""
    raw = await connect_owner(dsn)
    try:
        if not await raw.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return False
        # One core: the other one answers people.
        await raw.execute("SET max_parallel_maintenance_workers = 0")
        for row in await raw.fetch(_list_care_commands.text, partition):
            await raw.execute(row["command"])
    except asyncpg.PostgresError as error:
        raise Unavailable(f"The indexes of {partition} were not rebuilt: {error}") from error
    else:
        return True
    finally:
        await raw.close()
