import asyncio
from random import Random
from typing import get_args

import pytest

from core.errors import PermanentFailure, Unavailable
from core.ids import new_id
from tests.workers.made import file_row, job_row, make_file
from workers.drain import Drain, Terms
from workers.jobs import KINDS, Kind
from workers.ledger import claim
from workers.main import RETRY
from workers.queue import JobKind, cancel_ingest, enqueue_embed_message

TERMS = Terms(RETRY, lease_s=0.6, poll_s=0.05, rng=Random(1))


async def drained(
    resources, work, body, *, seats=1, most=1, name: JobKind = "ingest_file", for_s=0.5, terms=TERMS,
    until=lambda: True,
):  # fmt: skip
    """Let a drain with this body run for a while, and on until it is so, then cancel it as SIGTERM does."""
    drain = Drain(resources.worker, name, Kind(body, seats, most), work=work, terms=terms)
    task = asyncio.create_task(drain.run())
    await asyncio.sleep(for_s)
    async with asyncio.timeout(30):
        while not until():  # noqa: ASYNC110  (a condition of the test's own)
            await asyncio.sleep(0.01)
    drain.stop()
    _, late = await asyncio.wait({task}, timeout=0.1)
    task.cancel()
    await asyncio.wait({task})
    return bool(late)


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

    assert not await drained(
        resources, work, body, name="embed_message", until=lambda: len(done) == len(ids)
    )
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

    await drained(resources, work, body, seats=3, name="embed_message")
    assert await owner_connection.fetchval("SELECT count(*) FROM job WHERE state = 'done'") == 3


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

    late = Terms(RETRY, lease_s=0.6, poll_s=0.05, rng=Late())
    await drained(resources, work, body, for_s=0.2, terms=late)
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

    await drained(resources, work, body, for_s=0.2)
    row, job = (
        await file_row(owner_connection, made.file_id),
        await job_row(owner_connection, made.job_id),
    )
    assert (row["state"], row["reason_code"], job["state"]) == ("failed", "too_often", "dead")


async def test_a_job_that_is_cancelled_while_it_runs_stops(
    resources, owner_connection, made, work, scope
):
    stopped = asyncio.Event()

    async def body(_work, _fence, _claim):
        try:
            await asyncio.sleep(10)
        finally:
            stopped.set()

    draining = asyncio.create_task(drained(resources, work, body, for_s=0.8))
    await asyncio.sleep(0.2)
    async with resources.app.write_tx(scope) as conn:
        assert await cancel_ingest(conn, scope, version_id=made.version_id)
    await draining
    assert stopped.is_set()
    assert (await job_row(owner_connection, made.job_id))["state"] == "cancelled"
    assert (await file_row(owner_connection, made.file_id))["state"] == "cancelled"


async def test_at_sigterm_a_long_job_is_handed_back_with_its_attempt(
    resources, owner_connection, made, work
):
    async def body(_work, _fence, _claim):
        await asyncio.sleep(10)

    assert await drained(resources, work, body, for_s=0.2)
    assert await job_row(owner_connection, made.job_id) == {
        "state": "queued",
        "reason": "",
        "attempts": 0,
        "crashes": 0,
    }


async def test_a_worker_whose_lease_was_taken_leaves_the_job_alone(
    resources, owner_connection, made, work
):
    async def body(_work, _fence, _claim):
        await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
        await asyncio.sleep(10)

    await drained(resources, work, body, for_s=0.5)
    row = await job_row(owner_connection, made.job_id)
    assert (row["state"], row["attempts"]) == ("leased", 1)


async def test_a_bell_is_answered_at_once(resources, owner_connection, made, work):
    began: list[float] = []
    loop = asyncio.get_running_loop()

    async def body(_work, fence, _claim):
        began.append(loop.time())
        async with fence.last_tx():
            pass

    taken = await claim(resources.worker, "ingest_file")
    assert taken is not None
    slow = Terms(RETRY, lease_s=5, poll_s=60)
    drain = Drain(resources.worker, "ingest_file", Kind(body, 2), work=work, terms=slow)
    task = asyncio.create_task(drain.run())
    await asyncio.sleep(0.1)
    await owner_connection.execute(
        "UPDATE job SET state = 'queued', lease_token = NULL WHERE id = $1", taken.jobs[0].id
    )
    rung = loop.time()
    drain.ring()
    await asyncio.sleep(0.3)
    drain.stop()
    async with asyncio.timeout(1):
        await task
    assert 0 <= began[0] - rung < 0.2


def test_every_kind_has_a_seat():
    assert {
        name: (kind.seats >= 1, kind.most >= 1) for name, kind in KINDS.items()
    } == dict.fromkeys(get_args(JobKind), (True, True))
