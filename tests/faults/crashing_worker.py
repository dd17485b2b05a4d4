"""A worker process that signals itself at one point of its work: `crashing_worker.py STEP NTH WHEN SIGNAL LATE_S LEASE_S`.

STEP is a function of ingest/pipeline.py, or `transaction` for any over content; WHEN is `before` it, `within` its
transaction just before COMMIT, or `after` it. NTH 0 is never.
"""

import asyncio
import os
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Literal

from app.resources import open_resources
from app.settings import Settings
from ingest import pipeline
from sql.pool import Pool
from tests.workers.made import worker_environment
from workers.drain import Terms
from workers.ledger import LEASE_S
from workers.main import RETRY, working

When = Literal["before", "within", "after"]
# One for each stage of a file: what was claimed is found, begun, read and cut, embedded, ended.
STEPS = ("find_source", "begin", "save_range", "save_vectors", "finish")
_inside: ContextVar[str] = ContextVar("inside", default="")


@dataclass(slots=True)
class Blow:
    """The point, and what is done to the process there."""

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


@asynccontextmanager
async def crashing(
    settings: Settings, blow: Blow, *, lease_s: float = LEASE_S
) -> AsyncGenerator[Process]:
    """Lend a real worker on the test's services; its log is its standard output."""
    point = (blow.step, blow.nth, blow.when, int(blow.signal), blow.late_s, lease_s)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(Path(__file__)), *map(str, point)),
        env=worker_environment(settings),
        stdout=DEVNULL if blow.signal == SIGKILL else PIPE,
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
    async def tenant_tx(self, workspace_id):
        self.blow.maybe("transaction", "before")
        async with super().tenant_tx(workspace_id) as conn:
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


async def main(blow: Blow, lease_s: float) -> None:
    for name in STEPS:
        watch(blow, name)
    async with open_resources(Settings(), purpose="worker") as opened:
        values = {field.name: getattr(opened.worker, field.name) for field in fields(Pool)}
        resources = replace(opened, worker=CrashingPool(**values, blow=blow))
        async with working(resources, Terms(RETRY, lease_s=lease_s, poll_s=0.05)):
            await asyncio.Event().wait()


if __name__ == "__main__":
    step, nth, when, number, late_s, lease_s = sys.argv[1:]
    blow = Blow(step, int(nth), when, Signals(int(number)), float(late_s))  # pyright: ignore[reportArgumentType]
    asyncio.run(main(blow, float(lease_s)))
