"""Turn what people are to be sent into jobs: notices as they are written, and the daily e-mails when their time comes.

A notice's own row says that it waits, so that whoever writes one needs to know no queue. Any worker may run a round, any
number of times: the row and its job change in one transaction.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from core.notifying import Hours
from core.scope import Scope
from search.dates import read_zone
from sql import execute, fetch, read, write
from sql.pool import Pool
from workers.queue import enqueue_digest, enqueue_notice, ring

MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Waiting:
    workspace_id: UUID
    id: UUID
    account_id: UUID
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class _Digest:
    workspace_id: UUID
    account_id: UUID
    tz: str
    digest_minute: int
    digested_at: datetime


TAKE_OUTBOX = write("notice.sql", "take_outbox", _Waiting)
LIST_DIGESTS = read("notice.sql", "list_digests", _Digest)
NOTE_DIGEST = write("notice.sql", "note_digest")


async def empty_outbox(pool: Pool, redis: Redis) -> int:
    """Make jobs of the notices that wait; return how many jobs."""
    jobs, waiting = 0, [None] * MOST_AT_ONCE
    while len(waiting) == MOST_AT_ONCE:
        async with pool.write_tx() as conn:
            waiting = await fetch(conn, TAKE_OUTBOX, most=MOST_AT_ONCE)
            wanted = [notice for notice in waiting if notice.is_wanted]
            for notice in wanted:
                scope = Scope(notice.account_id, notice.workspace_id, "guest")
                await enqueue_notice(conn, scope, notification_id=notice.id)
        jobs += len(wanted)
    if jobs:
        await ring(redis, "send_notice")
    return jobs


async def begin_digests(pool: Pool, redis: Redis, *, now: datetime | None = None) -> int:
    """Make jobs of the daily e-mails whose time has come; return how many."""
    async with pool.read_tx() as conn:
        asked = await fetch(conn, LIST_DIGESTS)
    due = [
        row
        for row in asked
        if _hours(row).digest_is_due(now or datetime.now(UTC), last=row.digested_at)
    ]
    begun = 0
    for row in due:
        person = {"workspace_id": row.workspace_id, "account_id": row.account_id}
        async with pool.write_tx() as conn:
            if await execute(conn, NOTE_DIGEST, **person, digested_at=row.digested_at):
                scope = Scope(row.account_id, row.workspace_id, "guest")
                await enqueue_digest(conn, scope, since=row.digested_at)
                begun += 1
    if begun:
        await ring(redis, "send_digest")
    return begun


def _hours(row: _Digest) -> Hours:
    return Hours(read_zone(row.tz) or UTC, digest_minute=row.digest_minute)
