"""The worker process, top to bottom: what is retried, what runs how often, what happens at SIGTERM."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog

from app.embedders import Languages, computes_here, wanted_model
from app.program import run_program
from app.resources import Resources, open_resources
from app.settings import Settings
from core.errors import CallerError, PermanentFailure, ProviderAway, Unavailable
from core.tasks import end
from ingest.sandbox_process import missing_controls
from sql import execute, write
from workers import (
    blob_care,
    change_care,
    generations,
    leftovers,
    maintenance,
    upload_care,
)
from workers.alerts import Alerts, remove_old_notices
from workers.bells import hear_bells
from workers.drain import Drain, Terms
from workers.file_webhooks import remove_old_events
from workers.index_care import care_for_indexes
from workers.jobs import KINDS, Kind, Work
from workers.loops import every, kept, watch_lag
from workers.outbox import begin_digests, empty_outbox
from workers.queue import JobKind
from workers.retry import Rule
from workers.tools import make_work

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# The first rule that fits decides; what is none of the others is a bug.
RETRY: Final = (
    Rule(PermanentFailure, "fail"),
    Rule(CallerError, "fail"),
    Rule(ProviderAway, "wait"),
    Rule(Unavailable, "retry", attempts=20),
    Rule(Exception, "retry", attempts=5),
)
HEARTBEAT_S: Final = 5.0
RECONCILE_S: Final = 60.0
ALERTS_S: Final = 2.0  # what is new waits this long for saved searches
GENERATIONS_S: Final = 30.0
BLOBS_S: Final = 3600.0
INDEXES_S: Final = 3600.0
FINISH_S: Final = (
    3.0  # for jobs to end at SIGTERM before they are handed back; the supervisor waits 5.5 s in all
)

BEAT = write("maintenance.sql", "beat")
STOP_BEATING = write("maintenance.sql", "stop_beating")


def work_off(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    asyncio.run(run_worker(settings, Terms(RETRY)))


async def run_worker(settings: Settings, terms: Terms) -> None:
    """Work until a signal; then let short jobs end and hand the others back."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_resources(settings, purpose="worker") as resources, working(resources, terms):
        if missing := await missing_controls():
            log.warning("extraction is less confined here", without=missing)
        log.info("worker is ready")
        await stop.wait()
        log.info("worker stops")


@asynccontextmanager
async def working(
    resources: Resources, terms: Terms, *, kinds: Mapping[JobKind, Kind] = KINDS
) -> AsyncGenerator[None]:
    """Work jobs off while the block runs; at its end give them FINISH_S, then hand the rest back."""
    work = make_work(resources)
    drains = {
        name: Drain(resources.worker, name, kind, work=work, terms=terms)
        for name, kind in kinds.items()
    }
    working = [asyncio.create_task(kept(name, drain.run)) for name, drain in drains.items()]
    beside = _beside(resources, work, terms)
    bells = hear_bells(resources.redis, lambda kind: drains[kind].ring())
    beside.append(asyncio.create_task(bells))
    try:
        yield
    finally:
        for drain in drains.values():
            drain.stop()
        _, late = await asyncio.wait(working, timeout=FINISH_S)
        await end([*late, *beside])
        await _stop_beating(resources)


def _beside(resources: Resources, work: Work, terms: Terms) -> "list[asyncio.Task[None]]":
    """Start what runs beside the jobs. Each round takes an advisory lock or may run twice without harm."""
    pool, announce = resources.worker, work.replies.announce
    reaper = maintenance.Reaper(pool, announce, lease_s=terms.lease_s)
    reconcile = partial(maintenance.reconcile, pool, resources.redis, announce)
    alerts = Alerts(pool, resources.app, resources.redis)
    loops = (
        every(HEARTBEAT_S, "heartbeat", partial(_beat, resources)),
        every(terms.lease_s / 3, "reaper", reaper.round),
        every(RECONCILE_S, "reconciler", reconcile),
        every(RECONCILE_S, "removal", partial(maintenance.remove_retired_builds, pool)),
        every(RECONCILE_S, "statistics", partial(maintenance.refresh_statistics, pool)),
        every(GENERATIONS_S, "generations", partial(_attend, resources)),
        every(
            RECONCILE_S,
            "models",
            partial(
                generations.keep_loaded, pool, resources.other_models, computes_here=computes_here
            ),
        ),
        every(BLOBS_S, "passwords", partial(maintenance.forget_old_passwords, pool)),
        every(BLOBS_S, "feedback", partial(maintenance.remove_old_feedback, pool)),
        every(BLOBS_S, "recent queries", partial(maintenance.remove_old_queries, pool)),
        every(ALERTS_S, "alerts", alerts.round),
        every(
            BLOBS_S,
            "old changes",
            partial(change_care.remove_old, pool, days=resources.settings.change_days),
        ),
        every(ALERTS_S, "outbox", partial(empty_outbox, pool, resources.redis)),
        every(RECONCILE_S, "digests", partial(begin_digests, pool, resources.redis)),
        every(BLOBS_S, "old notices", partial(remove_old_notices, pool)),
        every(BLOBS_S, "old file events", partial(remove_old_events, pool)),
        every(INDEXES_S, "indexes", partial(care_for_indexes, pool, _address(resources))),
        every(
            BLOBS_S,
            "uploads",
            partial(upload_care.remove_expired, pool, resources.staging, resources.blobs),
        ),
        every(
            BLOBS_S,
            "leftovers",
            partial(leftovers.remove, worker=pool, signin=resources.signin),
        ),
        every(
            BLOBS_S, "blobs", partial(blob_care.look_after, resources.signin, pool, resources.blobs)
        ),
        watch_lag(HEARTBEAT_S),
    )
    return [asyncio.create_task(loop) for loop in loops]


async def _attend(resources: Resources) -> None:
    def wanted(holding: generations.Holding) -> str | None:
        return wanted_model(
            resources.settings,
            of=Languages(holding.model, holding.detected, holding.english),
        )

    await generations.attend(resources.worker, wanted=wanted, models=resources.other_models)


def _address(resources: Resources) -> str:
    """Return where the database is, as the login that owns the tables; open_resources() saw to it that there is one."""
    address = resources.settings.database_url
    return address.get_secret_value() if address is not None else ""


async def _beat(resources: Resources) -> None:
    async with resources.worker.write_tx() as conn:
        await execute(conn, BEAT, process=_ourselves())


async def _stop_beating(resources: Resources) -> None:
    with suppress(Unavailable):
        async with resources.worker.write_tx() as conn:
            await execute(conn, STOP_BEATING, process=_ourselves())


def _ourselves() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


if __name__ == "__main__":
    run_program("worker", work_off)
