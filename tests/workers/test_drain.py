import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import get_args
from uuid import UUID

import pytest

from core.errors import PermanentFailure, Unavailable
from core.ids import new_id
from ingest.readers import NeedsMemory, Readers
from ingest.sandbox_process import Limits
from tests.ingest.make_files import NESTED, SHOW_NESTED, make_pdf, nested, show
from tests.workers.made import file_row, job_row, make_file, text_of
from workers.drain import Drain, Terms
from workers.jobs import KINDS, Kind
from workers.ledger import claim
from workers.main import RETRY
from workers.queue import JobKind, cancel_ingest, enqueue_embed_message

TERMS = Terms(RETRY, poll_s=0.05, rng=Random(1))
OVER = "SELECT bool_and(state NOT IN ('queued', 'leased')) FROM job"


@asynccontextmanager
async def draining(
    resources, work, body, *, seats=1, large_seats=0, name: JobKind = "ingest_file", **terms
) -> AsyncGenerator[tuple[Drain, asyncio.Task[None]]]:
    """Let a drain with this body work until the block ends, then let it end what it does."""
    kind, terms = Kind(body, seats, large_seats=large_seats), replace(TERMS, **terms)
    drain = Drain(resources.worker, name, kind, work=work, terms=terms)
    task = asyncio.create_task(drain.run())
    try:
        yield drain, task
    except BaseException:
        task.cancel()
        raise
    finally:
        drain.stop()
        await asyncio.wait({task})


async def until_true(owner, question: str) -> None:
    async with asyncio.timeout(30):
        while not await owner.fetchval(question):  # noqa: ASYNC110  (a row of the database)
            await asyncio.sleep(0.02)


async def drained(owner, *args, until: str = OVER, **kwargs) -> None:
    """Let a drain work until the database says yes, and let it end what it does."""
    async with draining(*args, **kwargs):
        await until_true(owner, until)


@pytest.fixture
async def made(resources, owner_connection, scope):
    return await make_file(owner_connection, resources, scope, b"The harbour opens at dawn.\n")


async def test_waiting_jobs_are_done_in_order_and_once(resources, owner_connection, scope, work):
    ids = []
    async with resources.app.write_tx(scope) as conn:
        for _ in range(20):
            ids.append(new_id())
            await enqueue_embed_message(conn, scope, message_id=ids[-1], revision=1)
    done = []

    async def body(_work, fence, claim):
        done.append(claim.jobs[0].subject_id)
        async with fence.last_tx():
            pass

    await drained(owner_connection, resources, work, body, name="embed_message")
    assert done == ids


async def test_seats_work_at_the_same_time(resources, owner_connection, scope, work):
    async with resources.app.write_tx(scope) as conn:
        for _ in range(3):
            await enqueue_embed_message(conn, scope, message_id=new_id(), revision=1)
    together = asyncio.Barrier(3)

    async def body(_work, fence, _claim):
        await together.wait()
        async with fence.last_tx():
            pass

    await drained(owner_connection, resources, work, body, seats=3, name="embed_message")
    assert await owner_connection.fetchval("SELECT count(*) FROM job WHERE state = 'done'") == 3


async def test_what_needs_memory_takes_no_seat_of_the_others(
    resources, owner_connection, scope, work
):
    """The first two wait for the one large seat until the third is done."""
    ids = [new_id() for _ in range(3)]
    async with resources.app.write_tx(scope) as conn:
        for message_id in ids:
            await enqueue_embed_message(conn, scope, message_id=message_id, revision=1)
    done, third = list[UUID](), asyncio.Event()

    async def body(_work, fence, claim):
        (job,) = claim.jobs
        if job.needs_memory:
            await third.wait()
        elif job.subject_id != ids[2]:
            raise NeedsMemory
        done.append(job.subject_id)
        async with fence.last_tx():
            pass
        if job.subject_id == ids[2]:
            third.set()

    await drained(owner_connection, resources, work, body, name="embed_message", large_seats=1)
    assert done == [ids[2], *ids[:2]]
    jobs = await owner_connection.fetch(
        "SELECT attempts, crashes, needs_memory FROM job ORDER BY fair_key"
    )
    assert [tuple(job) for job in jobs] == [(1, 0, True), (1, 0, True), (1, 0, False)]


@pytest.mark.skipif(sys.platform != "linux", reason="sizes of processes: Linux")
async def test_a_file_that_is_passed_on_for_its_memory_has_each_page_once(
    resources, owner_connection, scope, work
):
    """Its first pages are kept by the first reader; one page is too large for the second, too."""
    pages = [show(*[f"The harbour of page {n} opens at dawn."] * 45) for n in range(12)]
    data = make_pdf(
        [*pages, SHOW_NESTED, show("Boats wait.")], objects=nested(show("a"), depth=6), resources=NESTED
    )  # fmt: skip
    made = await make_file(owner_connection, resources, scope, data, name="harbour.pdf")
    tools = replace(
        work.tools, readers=Readers(80 * 2**20), limits=Limits(memory_bytes=160 * 2**20)
    )
    kind = KINDS["ingest_file"]
    await drained(owner_connection, resources, replace(work, tools=tools), kind.body, large_seats=1)
    assert await owner_connection.fetchval("SELECT needs_memory FROM job")
    assert await job_row(owner_connection, made.job_id) == {
        "state": "done", "reason": "", "attempts": 1, "crashes": 0,
    }  # fmt: skip
    assert (await file_row(owner_connection, made.file_id))["state"] == "partial"
    lines = (f"The harbour of page {n} opens at dawn.\n" * 45 for n in range(12))
    assert await text_of(owner_connection, made.file_id) == "".join(lines) + "Boats wait.\n"


@pytest.mark.parametrize(
    ("error", "job", "file"),
    [
        (
            PermanentFailure("encrypted", "It is encrypted."),
            {"state": "failed", "reason": "It is encrypted.", "attempts": 1, "crashes": 0},
            ("failed", "error"),
        ),
        (
            Unavailable("reset", retry_after_s=60),
            {"state": "retry_wait", "reason": "reset", "attempts": 1, "crashes": 0},
            ("queued", ""),
        ),
        (
            ZeroDivisionError("a bug"),
            {"state": "retry_wait", "reason": "a bug", "attempts": 1, "crashes": 0},
            ("queued", ""),
        ),
    ],
    ids=["permanent", "unavailable", "bug"],
)
async def test_an_error_is_judged_by_the_rules(
    resources, owner_connection, made, work, error, job, file
):
    async def body(_work, _fence, _claim):
        raise error

    await drained(owner_connection, resources, work, body, rng=Late())
    assert await job_row(owner_connection, made.job_id) == job
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == file


class Late(Random):
    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


async def test_what_was_tried_too_often_is_dead_and_its_file_says_so(
    resources, owner_connection, made, work
):
    await owner_connection.execute("UPDATE job SET attempts = 4")

    async def body(_work, _fence, _claim):
        raise ZeroDivisionError

    await drained(owner_connection, resources, work, body)
    row, job = (
        await file_row(owner_connection, made.file_id),
        await job_row(owner_connection, made.job_id),
    )
    assert (row["state"], row["reason_code"], job["state"]) == ("failed", "too_often", "dead")


async def test_a_job_that_is_cancelled_while_it_runs_stops(
    resources, owner_connection, made, work, scope
):
    began, stopped = asyncio.Event(), asyncio.Event()

    async def body(_work, _fence, _claim):
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with draining(resources, work, body, lease_s=6.0):  # asked after a third of it
        await began.wait()
        async with resources.app.write_tx(scope) as conn:
            assert await cancel_ingest(conn, scope, version_id=made.version_id)
        await until_true(owner_connection, OVER)
    assert stopped.is_set()
    assert (await job_row(owner_connection, made.job_id))["state"] == "cancelled"
    assert (await file_row(owner_connection, made.file_id))["state"] == "cancelled"


async def test_at_sigterm_a_long_job_is_handed_back_with_its_attempt(
    resources, owner_connection, made, work
):
    began = asyncio.Event()

    async def body(_work, _fence, _claim):
        began.set()
        await asyncio.Event().wait()

    async with draining(resources, work, body) as (drain, task):
        await began.wait()
        drain.stop()
        _, late = await asyncio.wait({task}, timeout=0.1)
        assert late
        task.cancel()
    assert await job_row(owner_connection, made.job_id) == {
        "state": "queued",
        "reason": "",
        "attempts": 0,
        "crashes": 0,
    }


async def test_a_worker_whose_lease_was_taken_leaves_the_job_alone(
    resources, owner_connection, made, work
):
    stopped = asyncio.Event()

    async def body(_work, _fence, _claim):
        await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with draining(resources, work, body, lease_s=0.6):
        await stopped.wait()
    row = await job_row(owner_connection, made.job_id)
    assert (row["state"], row["attempts"]) == ("leased", 1)


async def test_a_bell_is_answered_at_once(resources, owner_connection, made, work):
    began = asyncio.Event()

    async def body(_work, fence, _claim):
        began.set()
        async with fence.last_tx():
            pass

    taken = await claim(resources.worker, "ingest_file")
    assert taken is not None
    async with draining(resources, work, body, seats=2, poll_s=600) as (drain, _):
        await asyncio.sleep(0.2)  # both seats have looked, and wait for a bell
        await owner_connection.execute(
            "UPDATE job SET state = 'queued', lease_token = NULL WHERE id = $1", taken.jobs[0].id
        )
        drain.ring()
        async with asyncio.timeout(30):  # long before they would look by themselves
            await began.wait()


def test_every_kind_has_a_seat():
    assert {
        name: (kind.seats >= 1, kind.most >= 1) for name, kind in KINDS.items()
    } == dict.fromkeys(get_args(JobKind), (True, True))
