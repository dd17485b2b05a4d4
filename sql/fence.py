"""Writing under a lease: what a job's body may do to the database, and only while the job is its own.

The lease itself (claiming, renewing, giving up) is workers/ledger.py; bodies in ingest and llm see no more than this.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from core.errors import LeaseLost
from sql import fetch, write
from sql.pool import Conn, Pool

End = Literal["done", "failed", "dead", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobId:
    id: UUID


HOLD_LEASE = write("job.sql", "hold_lease", JobId)
FINISH_JOBS = write("job.sql", "finish_jobs", JobId)


@dataclass(slots=True)
class Fence:
    """The jobs of one claim: one workspace, one token. `stage` is what a person is told; the next renewal carries it.

    While somebody holds `renewal` no transaction begins: those that overlap share the job's row, and a renewal would wait
    for a moment without any until the lease is lost.
    """

    pool: Pool
    workspace_id: UUID
    job_ids: tuple[UUID, ...]
    token: UUID
    stage: str = ""
    renewal: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @asynccontextmanager
    async def tx(self, *, waits_for_disk: bool = True) -> AsyncGenerator[Conn]:
        """Open a transaction of the job's workspace; LeaseLost when the job is no longer ours.

        Keep it short: renewals wait for it.
        """
        async with self.renewal:
            pass
        async with self.pool.tenant_tx(self.workspace_id, waits_for_disk=waits_for_disk) as conn:
            self._check(await fetch(conn, HOLD_LEASE, **self._mine()))
            yield conn

    @asynccontextmanager
    async def last_tx(
        self, state: End = "done", *, reason: str = "", waits_for_disk: bool = True
    ) -> AsyncGenerator[Conn]:
        """Open the transaction that ends the job; a stale holder gets LeaseLost and changes nothing.

        Where nobody outside is told of it, it need not wait for the disk: lost, it leaves the job as it was, to be done again.
        """
        async with self.pool.tenant_tx(self.workspace_id, waits_for_disk=waits_for_disk) as conn:
            self._check(await fetch(conn, FINISH_JOBS, state=state, reason=reason, **self._mine()))
            yield conn

    def _mine(self) -> dict[str, object]:
        return {"workspace_id": self.workspace_id, "ids": list(self.job_ids), "token": self.token}

    def _check(self, held: list[JobId]) -> None:
        if len(held) != len(self.job_ids):
            raise LeaseLost(f"The lease {self.token} is no longer ours.")
