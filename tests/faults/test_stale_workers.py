"""F13: doorbells are rung five times over, and workers sleep longer than their lease, then go on as if nothing had been.

A sleeper stops itself (SIGSTOP) around a step. Somebody else does its job meanwhile; what it still writes changes no row.
"""

import asyncio
import os
import signal

import psutil
import pytest

from app.doctor import examine
from tests.faults.counts import times
from tests.faults.crashing_worker import STEPS, Blow, When, crashing
from tests.faults.test_worker import TERMS, until, until_at_rest
from tests.ingest.test_pipeline import NOTES
from tests.make import make_scope
from tests.workers.made import (
    MadeFile,
    index_of,
    ingest_next,
    job_row,
    make_conversation,
    make_file,
    make_message,
)
from workers.drain import Terms
from workers.jobs import KINDS
from workers.ledger import LEASE_S
from workers.main import RETRY, working
from workers.queue import ring
from workers.tools import make_work

DONE_ONCE = {"state": "done", "reason": "", "attempts": 1, "crashes": 0}
WRITTEN = ("job", "item", "file", "file_version", "file_problem", "build", "text_segment", "passage", "embedding", "audit")  # fmt: skip
# Between two transactions a sleeper holds nothing. Within one it holds its job's row until the database ends its session.
SLEEPS: list[tuple[str, When]] = [
    *((step, "before") for step in reversed(STEPS)),
    *((step, "within") for step in reversed(STEPS)),
]


@pytest.mark.parametrize("seed", range(times(1, full=50)))
async def test_each_doorbell_rung_five_times_does_the_work_once(
    resources, owner_connection, settings, seed
):
    scope = await make_scope(owner_connection)
    texts = [NOTES.encode() + bytes([65 + n]) for n in range(4)]
    files = [await make_file(owner_connection, resources, scope, text, name="n.md") for text in texts]  # fmt: skip
    conversation_id = await make_conversation(owner_connection, scope)
    for n in range(8):
        await make_message(owner_connection, resources, scope, f"Boat {n}", conversation_id=conversation_id)  # fmt: skip
    async with working(resources, TERMS), crashing(settings, Blow()):
        await asyncio.gather(*(ring(resources.redis, kind) for kind in KINDS for _ in range(5 * 4)))
        await until_at_rest(owner_connection)
    jobs = await owner_connection.fetch("SELECT state, reason, attempts, crashes FROM job")
    assert [dict(job) for job in jobs] == [DONE_ONCE] * 12
    for made in files:
        assert len(await index_of(owner_connection, made.file_id)) == 60
    counted = "SELECT count(*), count(DISTINCT passage_id) FROM embedding"
    assert tuple(await owner_connection.fetchrow(counted)) == (4 * 60 + 8,) * 2


@pytest.fixture
async def files(resources, owner_connection) -> tuple[MadeFile, MadeFile]:
    """A file as a clean run leaves it, and the same bytes in another workspace, still to be read."""
    first, second = await make_scope(owner_connection), await make_scope(owner_connection)
    clean = await make_file(owner_connection, resources, first, NOTES.encode(), name="n.md")
    await ingest_next(resources, make_work(resources).tools)
    return clean, await make_file(owner_connection, resources, second, NOTES.encode(), name="n.md")


async def asleep(process: asyncio.subprocess.Process) -> None:
    async def stopped() -> bool:
        return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED

    await until(stopped)


async def refused(process: asyncio.subprocess.Process) -> None:
    """Wait until the worker says that it could not write: by its lease, or because its session had been ended."""
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while line := await process.stdout.readline():
            if b"lost a lease" in line or b"job could not go on" in line:
                return await asyncio.sleep(0.5)  # and has tried to hand its job back
    raise AssertionError("the worker is gone")


async def rows(owner) -> dict[str, list[str]]:
    """Return every row about content with the transaction that wrote it: a row written anew, even alike, is another."""
    found = dict[str, list[str]]()
    for table in WRITTEN:
        listed = await owner.fetch(f"SELECT concat(t.xmin, t) AS row FROM {table} t ORDER BY 1")
        found[table] = [row["row"] for row in listed]
    return found


async def check_that_nothing_changes(owner, sleeper: asyncio.subprocess.Process) -> None:
    before = await rows(owner)
    os.kill(sleeper.pid, signal.SIGCONT)
    await refused(sleeper)
    assert await rows(owner) == before


async def check(resources, owner, files: tuple[MadeFile, MadeFile]) -> None:
    clean, hit = files
    assert await index_of(owner, hit.file_id) == await index_of(owner, clean.file_id)
    job = await job_row(owner, hit.job_id)
    assert (job["state"], job["reason"]) == ("done", "")
    broken = [each for each in (await examine(resources)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []


@pytest.mark.parametrize(("step", "when"), (SLEEPS * 4)[: times(1, full=40)])
async def test_a_sleeper_that_believes_in_its_lease_changes_nothing(
    resources, owner_connection, settings, files, step, when
):
    """Its own clock says that the lease is good, so nothing but the fence keeps it from writing."""
    async with crashing(settings, Blow(step, 1, when, signal.SIGSTOP)) as sleeper:
        await asleep(sleeper)
        await owner_connection.execute("UPDATE job SET lease_until = now() WHERE state = 'leased'")
        async with working(resources, TERMS):
            await until_at_rest(owner_connection)
        await check_that_nothing_changes(owner_connection, sleeper)
    await check(resources, owner_connection, files)
    job = await job_row(owner_connection, files[1].job_id)
    assert job == DONE_ONCE | {"attempts": 2, "crashes": 1}


@pytest.mark.parametrize(("step", "when"), SLEEPS[: times(0, full=10)])
async def test_a_sleeper_that_wakes_after_its_lease_changes_nothing(
    resources, owner_connection, settings, files, step, when
):
    """The leases are short, too short for a machine that has other work to do: so `make faults` only."""
    short = Terms(RETRY, lease_s=4, poll_s=0.05)
    blow = Blow(step, 1, when, signal.SIGSTOP)
    async with crashing(settings, blow, lease_s=short.lease_s) as sleeper:
        await asleep(sleeper)
        async with working(resources, short):
            await until_at_rest(owner_connection)
        await check_that_nothing_changes(owner_connection, sleeper)
    await check(resources, owner_connection, files)


@pytest.mark.parametrize("step", STEPS[-1 : -1 - times(0, full=2) : -1])
async def test_a_sleeper_of_a_minute_changes_nothing(
    resources, owner_connection, settings, files, step
):
    async with crashing(settings, Blow(step, 1, "before", signal.SIGSTOP)) as sleeper:
        await asleep(sleeper)
        async with working(resources, Terms(RETRY)):
            await asyncio.sleep(2 * LEASE_S)
            await until_at_rest(owner_connection)
        await check_that_nothing_changes(owner_connection, sleeper)
    await check(resources, owner_connection, files)
