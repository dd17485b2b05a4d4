"""The loops beside the jobs: reaper, reconciler, removal of hidden rows and old feedback, statistics.

The reaper takes jobs from workers that vanished, the reconciler repairs what fell between two transactions. Each round may
run on any worker, at any time, any number of times.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis

from core.errors import Unavailable
from ingest.passwords import remove_old_passwords
from llm.run_log import Announce
from search import recent
from search.feedback import remove_old
from search.index import Build, remove_passages
from search.statistics import count_new, list_grown, list_stale, refresh
from sql import execute, fetch, fetch_one, read, write
from sql.pool import Conn, Pool
from workers.jobs import Ended, bury
from workers.queue import JobKind, ring

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_CRASHES: Final = 3  # without getting further: then a job is never retried by itself
OLD_S: Final = 60.0  # a job that has been due for longer is worth a line in the log
_REAPER, _RECONCILER, _STATISTICS = 45120101, 45120102, 45120103  # advisory locks


@dataclass(frozen=True, slots=True)
class Turn:
    mine: bool


@dataclass(frozen=True, slots=True)
class Due:
    kind: JobKind
    jobs: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Retired:
    workspace_id: UUID
    file_id: UUID
    id: UUID


TAKE_TURN = read("maintenance.sql", "take_turn", Turn)
REAP_JOBS = write("job.sql", "reap_jobs", Ended)
CLOSE_OVERDUE_JOBS = write("job.sql", "close_overdue_jobs", Ended)
DUE_KINDS = read("job.sql", "due_kinds", Due)
REMOVE_OLD_JOBS = write("job.sql", "remove_old_jobs")
LIST_STUCK_FILES = read("maintenance.sql", "list_stuck_files", Ended)
LIST_STUCK_RUNS = read("maintenance.sql", "list_stuck_runs", Ended)
LIST_RETIRED_BUILDS = read("maintenance.sql", "list_retired_builds", Retired)
ARCHIVE_BUILD = write("maintenance.sql", "archive_build")
REMOVE_BUILD = write("maintenance.sql", "remove_build")


class Reaper:
    """Puts jobs back whose lease ran out.

    After an outage of the database it waits a whole lease first: renewals failed then, and their workers are well.
    """

    def __init__(self, pool: Pool, announce: Announce, *, lease_s: float) -> None:
        self._pool = pool
        self._announce = announce
        self._lease_s = lease_s
        self._not_before = 0.0

    async def round(self) -> int:
        """Reap once; return how many leases had run out."""
        try:
            if time.monotonic() < self._not_before:
                return 0
            return await self._reap()
        except Unavailable:
            self._not_before = time.monotonic() + self._lease_s
            raise

    async def _reap(self) -> int:
        async with _turn(self._pool, _REAPER) as conn:
            if conn is None:
                return 0
            reaped = await fetch(conn, REAP_JOBS, most_crashes=MOST_CRASHES)
            overdue = await fetch(conn, CLOSE_OVERDUE_JOBS)
        for job in reaped:
            log.warning("a worker vanished", kind=job.kind, job_id=str(job.id), state=job.state)
        await bury_all(self._pool, [*reaped, *overdue], self._announce)
        return len(reaped)


async def bury_all(pool: Pool, ended: list[Ended], announce: Announce) -> None:
    """Tell the subjects of jobs that are over; those that wait for another try are left out."""
    for job in ended:
        if job.state in ("dead", "failed", "cancelled", "done"):
            async with pool.tenant_tx(job.workspace_id) as conn:
                event = await bury(conn, job)
            if event is not None:
                await announce(job.subject_id, [event])


async def reconcile(pool: Pool, redis: Redis, announce: Announce) -> None:
    """Find what a crash left between two transactions, and what nobody was woken for."""
    async with _turn(pool, _RECONCILER) as conn:
        if conn is None:
            return
        due = await fetch(conn, DUE_KINDS)
        stuck = await fetch(conn, LIST_STUCK_FILES) + await fetch(conn, LIST_STUCK_RUNS)
        await execute(conn, REMOVE_OLD_JOBS)
    for waiting in due:
        await ring(redis, waiting.kind)
        if waiting.oldest_s > OLD_S:
            log.warning(
                "jobs wait", kind=waiting.kind, jobs=waiting.jobs, oldest_s=round(waiting.oldest_s)
            )
    await bury_all(pool, stuck, announce)


async def remove_retired_builds(pool: Pool) -> int:
    """Delete what search does not see any more, a build at a time, but the text of older versions; return how many."""
    async with pool.write_tx() as conn:
        retired = await fetch(conn, LIST_RETIRED_BUILDS)
    for build in retired:
        async with pool.tenant_tx(build.workspace_id) as conn:
            await remove_passages(conn, Build(build.workspace_id, build.file_id, build.id))
            named = {"workspace_id": build.workspace_id, "build_id": build.id}
            await execute(conn, ARCHIVE_BUILD, **named)
            await execute(conn, REMOVE_BUILD, **named)
    return len(retired)


async def refresh_statistics(pool: Pool) -> int:
    """Count the lexemes and vectors of workspaces that have changed much, the new lexemes of others; return how many of both."""
    async with _turn(pool, _STATISTICS) as conn:
        stale = [] if conn is None else await list_stale(conn)
        grown = [] if conn is None else await list_grown(conn)
    for count, workspace_ids in ((refresh, stale), (count_new, grown)):
        for workspace_id in workspace_ids:
            async with pool.tenant_tx(workspace_id) as conn:
                if (await fetch_one(conn, TAKE_TURN, key=_STATISTICS)).mine:
                    await count(conn, workspace_id)
    return len({*stale, *grown})


async def remove_old_feedback(pool: Pool) -> int:
    """Delete the judgements of searches that may not be kept any longer; return how many."""
    async with pool.write_tx() as conn:
        return await remove_old(conn)


async def remove_old_queries(pool: Pool) -> int:
    """Delete the recent queries that are past their time; return how many."""
    async with pool.write_tx() as conn:
        return await recent.remove_old(conn)


async def forget_old_passwords(pool: Pool) -> None:
    """Forget passwords of files whose job's end was missed."""
    async with pool.write_tx() as conn:
        await remove_old_passwords(conn)


@asynccontextmanager
async def _turn(pool: Pool, key: int) -> AsyncGenerator[Conn | None]:
    """Open a transaction over all workspaces if no other worker has this turn; else lend None."""
    async with pool.write_tx() as conn:
        turn = await fetch_one(conn, TAKE_TURN, key=key)
        yield conn if turn.mine else None
