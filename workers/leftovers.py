"""Rows that nobody asks for any more: first answers past their day, sessions that ended long ago."""

from sql import execute, write
from sql.pool import Pool

REMOVE_OLD_ANSWERS = write("idempotency.sql", "remove_old_answers")
REMOVE_OLD_SESSIONS = write("account.sql", "remove_old_sessions")


async def remove(*, worker: Pool, signin: Pool) -> None:
    """Delete them, of all workspaces and accounts."""
    async with worker.write_tx() as conn:
        await execute(conn, REMOVE_OLD_ANSWERS)
    async with signin.write_tx() as conn:
        await execute(conn, REMOVE_OLD_SESSIONS)
