"""The log of changes is for who was away a while: what is older goes, and whoever asks for it is told to read anew."""

from typing import Final

from sql import execute, write
from sql.pool import Pool

MOST_ROUNDS: Final = 100

REMOVE_OLD_CHANGES = write("changes.sql", "remove_old_changes")


async def remove_old(pool: Pool, *, days: int) -> int:
    """Delete changes older than so many days, some at a time; return how many."""
    removed = 0
    for _ in range(MOST_ROUNDS):
        async with pool.write_tx() as conn:
            now = await execute(conn, REMOVE_OLD_CHANGES, days=days)
        removed += now
        if not now:
            break
    return removed
