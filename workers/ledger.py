"""Claim a job, keep its lease while its body runs, and give it back (docs/ARCHITECTURE.md: the ledger is the job).

The holder of a lease renews it every third of its length. One who could not for two thirds of it stops its own work, a
third before anyone else may take the job. Writing under the lease is sql/fence.py.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from core.errors import LeaseLost, Unavailable
from core.ids import new_id
from ingest.source import Step
from sql import fetch, write
from sql.fence import Fence, JobId
from sql.pool import Pool
from workers.queue import JobKind

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LEASE_S = 30.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """One job, as the claim found it; `attempts` counts this one."""

    workspace_id: UUID
    id: UUID
    subject_id: UUID
    account_id: UUID
    content_hash: bytes
    pipeline_version: int
    first_step: Step
    attempts: int
    created_at: datetime
    needs_memory: bool


@dataclass(frozen=True, slots=True)
class Renewed:
    id: UUID
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Jobs of one kind and workspace under one token."""

    kind: JobKind
    token: UUID
    jobs: tuple[Claimed, ...]

    @property
    def workspace_id(self) -> UUID:
        return self.jobs[0].workspace_id

    @property
    def job_ids(self) -> tuple[UUID, ...]:
        return tuple(job.id for job in self.jobs)

    @property
    def attempts(self) -> int:
        """Return the attempts of the job that has had most."""
        return max(job.attempts for job in self.jobs)


class CancelRequested(Exception):
    """The body was stopped because a person asked."""


CLAIM_JOBS = write("job.sql", "claim_jobs", Claimed)
RENEW_JOBS = write("job.sql", "renew_jobs", Renewed)
RETURN_JOBS = write("job.sql", "return_jobs", JobId)


async def claim(
    pool: Pool,
    kind: JobKind,
    *,
    most: int = 1,
    lease_s: float = LEASE_S,
    needs_memory: bool = False,
) -> Claim | None:
    """Take whose turn it is, with up to `most` jobs of that workspace; None when nothing is due.

    Those that need memory and the others have lines of their own. It does not wait for the disk: a claim that is lost was never made, and its fence stops whoever works by it.
    """
    token = new_id()
    async with pool.write_tx(waits_for_disk=False) as conn:
        jobs = await fetch(
            conn,
            CLAIM_JOBS,
            kind=kind,
            most=most,
            token=token,
            lease_s=lease_s,
            needs_memory=needs_memory,
        )
    return Claim(kind, token, tuple(jobs)) if jobs else None


@asynccontextmanager
async def leased(pool: Pool, claim: Claim, *, lease_s: float = LEASE_S) -> AsyncGenerator[Fence]:
    """Keep the lease while the block runs.

    The block is cancelled, and LeaseLost or CancelRequested raised instead, when the lease is gone or a person asked.
    """
    fence = Fence(pool, claim.workspace_id, claim.job_ids, claim.token)
    body = asyncio.current_task()
    assert body is not None
    keeper = asyncio.create_task(_keep(fence, lease_s, body))
    try:
        yield fence
    except asyncio.CancelledError:
        if not keeper.done():
            raise
        body.uncancel()
        raise _why(keeper) from None
    finally:
        keeper.cancel()
        await asyncio.wait({keeper})


async def renew(fence: Fence, *, lease_s: float) -> Literal["held", "cancelled", "lost"]:
    """Prolong the lease by `lease_s` from now."""
    async with fence.pool.write_tx() as conn:
        rows = await fetch(
            conn,
            RENEW_JOBS,
            workspace_id=fence.workspace_id,
            ids=list(fence.job_ids),
            token=fence.token,
            lease_s=lease_s,
            stage=fence.stage,
        )
    if len(rows) < len(fence.job_ids):
        return "lost"
    return "cancelled" if any(row.cancel_requested for row in rows) else "held"


async def give_back(pool: Pool, claim: Claim) -> None:
    """Return unfinished jobs to the queue with their attempt, at SIGTERM; those that are ours no more stay as they are."""
    await _return(pool, claim, state="queued", wait_s=0, reason="", given_back=1)


async def retry_later(pool: Pool, claim: Claim, *, wait_s: float, reason: str) -> None:
    """Have the jobs tried again in `wait_s`."""
    await _return(pool, claim, state="retry_wait", wait_s=wait_s, reason=reason, given_back=0)


async def wait_for_provider(pool: Pool, claim: Claim, *, wait_s: float, reason: str) -> None:
    """Have the jobs go on in `wait_s`, as if they had not been tried: it was not their fault."""
    await _return(pool, claim, state="retry_wait", wait_s=wait_s, reason=reason, given_back=1)


async def pass_on(pool: Pool, claim: Claim) -> None:
    """Have the jobs go on where there is more memory, as if they had not been tried."""
    await _return(pool, claim, state="queued", wait_s=0, reason="", given_back=1, needs_memory=True)


async def _return(
    pool: Pool, claim: Claim, *, needs_memory: bool | None = None, **values: object
) -> None:
    async with pool.write_tx() as conn:
        await fetch(
            conn,
            RETURN_JOBS,
            needs_memory=needs_memory,
            workspace_id=claim.workspace_id,
            ids=list(claim.job_ids),
            token=claim.token,
            **values,
        )


async def _keep(fence: Fence, lease_s: float, body: "asyncio.Task[object]") -> None:
    """Renew until told otherwise; then cancel the body and say why in our own exception."""
    loop = asyncio.get_running_loop()
    held_at = loop.time()
    while True:
        await asyncio.sleep(lease_s / 3)
        asked_at = loop.time()
        answer = await _renew_in_time(fence, lease_s, until=held_at + lease_s * 2 / 3)
        if answer == "held":
            held_at = asked_at
            continue
        body.cancel()
        raise (
            CancelRequested
            if answer == "cancelled"
            else LeaseLost("The lease could not be renewed.")
        )


async def _renew_in_time(
    fence: Fence, lease_s: float, *, until: float
) -> Literal["held", "cancelled", "lost"]:
    """Try until the deadline on our own clock: a database that does not answer then is a lease that is lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until), fence.renewal:
            while True:
                try:
                    return await renew(fence, lease_s=lease_s)
                except Unavailable as error:
                    log.warning("could not renew", token=str(fence.token), error=error.message)
                    await asyncio.sleep(lease_s / 30)
    return "lost"


def _why(keeper: "asyncio.Task[None]") -> Exception:
    error = keeper.exception()
    return error if isinstance(error, Exception) else LeaseLost("The lease was not kept.")
