"""A worker process that signals itself at one point of its work: `crashing_worker.py ORDERS`, which are written as JSON."""

import asyncio
import os
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from pathlib import Path
from signal import SIGKILL, SIGSTOP, Signals
from typing import Literal

import orjson
from pydantic import TypeAdapter

from app.resources import open_resources
from app.settings import Settings
from ingest import pipeline
from ingest.sandbox_process import Limits
from sql.pool import Pool
from tests.workers.made import worker_environment
from workers.drain import Terms
from workers.jobs import KINDS, Kind, ingest_file
from workers.ledger import LEASE_S
from workers.main import RETRY, working
from workers.queue import JobKind

When = Literal["before", "within", "after"]
# One for each stage of a file: what was claimed is found, begun, read and cut, embedded, ended.
STEPS = ("find_source", "begin", "save_range", "save_vectors", "finish")
LIMITS = Limits()
_inside: ContextVar[str] = ContextVar("inside", default="")


@dataclass(slots=True)
class Blow:
    """The point, and what is done to the process there.

    A step is a function of ingest/pipeline.py, or `transaction` for any over content. `within` is in the step's
    transaction, just before COMMIT. The 0th time is never.
    """

    step: str = "transaction"
    nth: int = 0
    when: When = "before"
    signal: Signals = SIGKILL
    late_s: float = 0.0

    def maybe(self, step: str, when: When) -> None:
        if (step, when) == (self.step, self.when):
            self.nth -= 1
            if self.nth == 0 and self.late_s:
                threading.Timer(self.late_s, os.kill, (os.getpid(), self.signal)).start()
            elif self.nth == 0:
                os.kill(os.getpid(), self.signal)


@dataclass(frozen=True, slots=True)
class Orders:
    blow: Blow
    lease_s: float
    limits: Limits


@asynccontextmanager
async def crashing(
    settings: Settings, blow: Blow, *, lease_s: float = LEASE_S, limits: Limits = LIMITS
) -> AsyncGenerator[Process]:
    """Lend a real worker on the test's services; of one that is not killed its standard output, the log, can be read."""
    orders = orjson.dumps(Orders(blow, lease_s, limits)).decode()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(Path(__file__)), orders),
        env=worker_environment(settings),
        stdout=PIPE if blow.signal == SIGSTOP else DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@dataclass(frozen=True)
class CrashingPool(Pool):
    blow: Blow

    @asynccontextmanager
    async def tenant_tx(self, workspace_id, *, waits_for_disk=True):
        self.blow.maybe("transaction", "before")
        async with super().tenant_tx(workspace_id, waits_for_disk=waits_for_disk) as conn:
            yield conn
            self.blow.maybe("transaction", "within")
            self.blow.maybe(_inside.get(), "within")
        self.blow.maybe("transaction", "after")


def watch(blow: Blow, name: str) -> None:
    """Have the blow hear of a step of the pipeline."""
    step = getattr(pipeline, name)

    async def watched(*args, **named):
        blow.maybe(name, "before")
        token = _inside.set(name)
        try:
            done = await step(*args, **named)
        finally:
            _inside.reset(token)
        blow.maybe(name, "after")
        return done

    setattr(pipeline, name, watched)


def kinds_within(limits: Limits) -> Mapping[JobKind, Kind]:
    """Return the kinds of jobs, with other limits of what one file may cost."""

    async def read(work, fence, claim) -> None:
        tools = replace(work.tools, limits=limits)
        await ingest_file(replace(work, tools=tools), fence, claim)

    return {**KINDS, "ingest_file": replace(KINDS["ingest_file"], body=read)}


async def main(orders: Orders) -> None:
    for name in STEPS:
        watch(orders.blow, name)
    terms = Terms(RETRY, lease_s=orders.lease_s, poll_s=0.05)
    async with open_resources(Settings(), purpose="worker") as opened:
        values = {field.name: getattr(opened.worker, field.name) for field in fields(Pool)}
        resources = replace(opened, worker=CrashingPool(**values, blow=orders.blow))
        async with working(resources, terms, kinds=kinds_within(orders.limits)):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(TypeAdapter(Orders).validate_json(sys.argv[1])))
