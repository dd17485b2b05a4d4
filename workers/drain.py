"""Work off one kind of job: claim what is next in fair order, do it, and go on until nothing is due.

A bell or a few seconds' pause starts the next look, so work goes on while Redis is away. Errors are judged by the rules;
an outage of the database is not a crash: what could not be ended is handed back as soon as it answers again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final
from uuid import UUID

import structlog

from core.errors import LeaseLost, Unavailable
from core.events import Event
from ingest.readers import NeedsMemory
from sql.fence import End, Fence
from sql.pool import Pool
from workers import ledger
from workers.jobs import Ended, Kind, Work, bury
from workers.ledger import CancelRequested, Claim
from workers.loops import unhindered
from workers.queue import JobKind
from workers.retry import Rule, decide

log: structlog.stdlib.BoundLogger = structlog.get_logger()

POLL_S: Final = 3.0  # what a lost bell costs
AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease lasts and a pause takes (tests shorten both), and what follows an error."""

    rules: Sequence[Rule]
    lease_s: float = ledger.LEASE_S
    poll_s: float = POLL_S
    rng: Random = field(default_factory=Random)


class Drain:
    """The seats of one kind of job in this process."""

    def __init__(self, pool: Pool, name: JobKind, kind: Kind, *, work: Work, terms: Terms) -> None:
        self._pool = pool
        self._name: JobKind = name
        self._kind = kind
        self._work = work
        self._terms = terms
        self._rung = asyncio.Event()
        self._passed_on = asyncio.Event()
        self._stopping = False

    def ring(self) -> None:
        """Have one seat look now."""
        self._rung.set()

    def stop(self) -> None:
        """Claim nothing more; seats end with what they are doing."""
        self._stopping = True
        self._rung.set()
        self._passed_on.set()

    async def run(self) -> None:
        """Work until stopped; when cancelled, hand back what is not finished."""
        async with asyncio.TaskGroup() as seats:
            for _ in range(self._kind.seats):
                seats.create_task(self._sit(self._rung))
            for _ in range(self._kind.large_seats):
                seats.create_task(self._sit(self._passed_on, needs_memory=True))

    async def _sit(self, bell: asyncio.Event, *, needs_memory: bool = False) -> None:
        while not self._stopping:
            claim = await self._claim(needs_memory=needs_memory)
            if claim is None:
                await self._pause(bell)
                continue
            bell.set()  # there may be more: the next seat looks too
            await self._do(claim)

    async def _claim(self, *, needs_memory: bool) -> Claim | None:
        try:
            return await ledger.claim(
                self._pool,
                self._name,
                most=self._kind.most,
                lease_s=self._terms.lease_s,
                needs_memory=needs_memory,
            )
        except Unavailable as error:
            log.warning("cannot claim", kind=self._name, error=error.message)
            return None

    async def _pause(self, bell: asyncio.Event) -> None:
        if not self._stopping:
            bell.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), self._terms.poll_s)

    async def _do(self, claim: Claim) -> None:
        try:
            async with ledger.leased(self._pool, claim, lease_s=self._terms.lease_s) as fence:
                await self._kind.body(self._work, fence, claim)
        except asyncio.CancelledError:
            await unhindered(self._persist(lambda: ledger.give_back(self._pool, claim)))
            raise
        except LeaseLost as error:
            log.warning("lost a lease", kind=self._name, token=str(claim.token), error=str(error))
            await self._persist(lambda: ledger.give_back(self._pool, claim))
        except CancelRequested:
            await self._persist(lambda: self._end(claim, "cancelled", reason=""))
        except NeedsMemory:
            log.info("passed on for its memory", kind=self._name, token=str(claim.token))
            await self._persist(lambda: ledger.pass_on(self._pool, claim))
            self._passed_on.set()
        except Exception as error:  # noqa: BLE001  (the rules judge it, and it is logged there)
            await self._settle(claim, error)

    async def _settle(self, claim: Claim, error: Exception) -> None:
        terms = self._terms
        decision = decide(terms.rules, error, attempts=claim.attempts, rng=terms.rng)
        self._tell(claim, error, decision.outcome)
        reason = str(error) or type(error).__name__
        match decision.outcome:
            case "fail":
                await self._persist(lambda: self._end(claim, "failed", reason=reason))
            case "dead":
                await self._persist(lambda: self._end(claim, "dead", reason="too_often"))
            case "retry":
                await self._persist(
                    lambda: ledger.retry_later(
                        self._pool, claim, wait_s=decision.wait_s, reason=reason
                    )
                )
            case "wait":
                await self._persist(
                    lambda: ledger.wait_for_provider(
                        self._pool, claim, wait_s=decision.wait_s, reason=reason
                    )
                )

    def _tell(self, claim: Claim, error: Exception, outcome: str) -> None:
        told = {
            "kind": self._name,
            "subjects": [str(job.subject_id) for job in claim.jobs[:3]],
            "attempts": claim.attempts,
            "outcome": outcome,
        }
        if isinstance(error, Unavailable):
            log.warning("job could not go on", error=error.message, **told)
        else:
            log.error("job failed", exc_info=error, **told)

    async def _end(self, claim: Claim, state: End, *, reason: str) -> None:
        fence = Fence(self._pool, claim.workspace_id, claim.job_ids, claim.token)
        events: list[tuple[UUID, Event]] = []
        async with fence.last_tx(state, reason=reason) as conn:
            for job in claim.jobs:
                ended = Ended(claim.workspace_id, job.id, self._name, job.subject_id, state, reason)
                event = await bury(conn, ended)
                if event is not None:
                    events.append((job.subject_id, event))
        for subject_id, event in events:
            await self._work.replies.announce(subject_id, [event])

    async def _persist(self, last: Callable[[], Awaitable[None]]) -> None:
        """Write the last word of a claim, again and again while the database is away and the lease might be ours."""
        with suppress(TimeoutError, LeaseLost):
            async with asyncio.timeout(self._terms.lease_s):
                while True:
                    try:
                        return await last()
                    except Unavailable as error:
                        log.warning("cannot hand back", kind=self._name, error=error.message)
                        await asyncio.sleep(AGAIN_S)
