import asyncio
from functools import partial

import pytest

from core.errors import LeaseLost, Unavailable
from core.ids import new_id
from sql.fence import Fence
from sql.pool import Pool
from tests.make import make_scope
from tests.workers.made import job_row, make_file
from workers.ledger import (
    CancelRequested,
    Claim,
    claim,
    give_back,
    leased,
    pass_on,
    renew,
    retry_later,
    wait_for_provider,
)
from workers.queue import enqueue_embed_message, enqueue_reply, retry_ingest

LEASE_S = 6.0  # renewed after 2 s, by a machine that may need 2 s for it
SHORT_LEASE_S = 0.6  # where it is lost in any case


async def wait_under_lease(pool: Pool, taken: Claim, *, lease_s: float) -> None:
    async with leased(pool, taken, lease_s=lease_s):
        await asyncio.Event().wait()


@pytest.fixture
async def job_id(resources, scope):
    async with resources.app.write_tx(scope) as conn:
        return await enqueue_reply(conn, scope, run_id=new_id())


async def test_a_claim_counts_the_attempt_and_is_alone(resources, owner_connection, job_id):
    claims = await asyncio.gather(*(claim(resources.worker, "reply") for _ in range(5)))
    (taken,) = [c for c in claims if c is not None]
    assert (taken.job_ids, taken.attempts) == ((job_id,), 1)
    row = await owner_connection.fetchrow(
        "SELECT state, lease_token, lease_until - now() AS left FROM job"
    )
    assert (row["state"], row["lease_token"]) == ("leased", taken.token)
    assert 10 < row["left"].total_seconds() <= 30


async def test_a_claim_takes_more_of_the_same_workspace_only(resources, owner_connection, scope):
    other = await make_scope(owner_connection, "grace")
    for who, count in ((scope, 3), (other, 2)):
        async with resources.app.write_tx(who) as conn:
            for _ in range(count):
                await enqueue_embed_message(conn, who, message_id=new_id(), revision=1)
    taken = [await claim(resources.worker, "embed_message", most=64) for _ in range(3)]
    assert [(c.workspace_id, len(c.jobs)) if c else None for c in taken] == [
        (scope.workspace_id, 3),
        (other.workspace_id, 2),
        None,
    ]


async def test_a_job_that_failed_before_is_claimed_alone(resources, owner_connection, scope):
    async with resources.app.write_tx(scope) as conn:
        ids = [
            await enqueue_embed_message(conn, scope, message_id=new_id(), revision=1)
            for _ in range(3)
        ]
    await owner_connection.execute("UPDATE job SET attempts = 1 WHERE id = $1", ids[1])
    taken = [await claim(resources.worker, "embed_message", most=64) for _ in range(2)]
    assert [set(c.job_ids) for c in taken if c] == [{ids[0], ids[2]}, {ids[1]}]


async def test_what_needs_memory_waits_in_a_line_of_its_own(resources, owner_connection, job_id):
    taken = await claim(resources.worker, "reply")
    assert taken is not None
    await pass_on(resources.worker, taken)
    assert await claim(resources.worker, "reply") is None
    for end in (give_back, partial(wait_for_provider, wait_s=0, reason="away")):
        taken = await claim(resources.worker, "reply", needs_memory=True)
        assert taken is not None
        (job,) = taken.jobs
        assert (job.id, job.needs_memory, job.attempts) == (job_id, True, 1)
        await end(resources.worker, taken)
    assert await claim(resources.worker, "reply") is None


async def test_what_is_asked_for_anew_is_tried_beside_others_first(
    resources, owner_connection, scope
):
    made = await make_file(owner_connection, resources, scope, b"The harbour opens at dawn.\n")
    ended = "UPDATE job SET state = 'failed', finished_at = now(), needs_memory = true"
    await owner_connection.execute(ended)
    async with resources.app.write_tx(scope) as conn:
        assert await retry_ingest(conn, scope, version_id=made.version_id) == made.job_id
    taken = await claim(resources.worker, "ingest_file")
    assert taken is not None
    assert not taken.jobs[0].needs_memory


async def test_the_lease_is_renewed_while_the_body_works(resources, owner_connection, job_id):
    taken = await claim(resources.worker, "reply", lease_s=LEASE_S)
    assert taken is not None
    ends = await owner_connection.fetchval("SELECT lease_until FROM job")
    async with leased(resources.worker, taken, lease_s=LEASE_S) as fence, asyncio.timeout(30):
        while await owner_connection.fetchval("SELECT lease_until FROM job") == ends:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert await renew(fence, lease_s=LEASE_S) == "held"


async def test_a_stage_is_told_with_the_renewal(resources, owner_connection, job_id):
    taken = await claim(resources.worker, "reply")
    assert taken is not None
    fence = Fence(resources.worker, taken.workspace_id, taken.job_ids, taken.token, "writing")
    assert await renew(fence, lease_s=30) == "held"
    assert await owner_connection.fetchval("SELECT stage FROM job") == "writing"


async def test_a_body_is_stopped_when_its_lease_went_to_another(
    resources, owner_connection, job_id
):
    taken = await claim(resources.worker, "reply", lease_s=SHORT_LEASE_S)
    assert taken is not None
    await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
    with pytest.raises(LeaseLost):
        await wait_under_lease(resources.worker, taken, lease_s=SHORT_LEASE_S)


async def test_a_body_is_stopped_when_a_person_asks(resources, owner_connection, job_id):
    taken = await claim(resources.worker, "reply", lease_s=LEASE_S)
    assert taken is not None
    await owner_connection.execute("UPDATE job SET cancel_requested = true")
    with pytest.raises(CancelRequested):
        await wait_under_lease(resources.worker, taken, lease_s=LEASE_S)


async def test_a_worker_that_cannot_renew_stops_before_its_lease_ends(resources, job_id):
    taken = await claim(resources.worker, "reply", lease_s=LEASE_S)
    assert taken is not None
    began = asyncio.get_running_loop().time()

    class AwayPool:
        def write_tx(self):
            raise Unavailable("no database")

    with pytest.raises(LeaseLost):
        await wait_under_lease(AwayPool(), taken, lease_s=LEASE_S)  # pyright: ignore[reportArgumentType]
    assert asyncio.get_running_loop().time() - began < LEASE_S


async def test_what_a_body_raises_comes_out_of_the_lease(resources, job_id):
    taken = await claim(resources.worker, "reply")
    assert taken is not None
    with pytest.raises(ZeroDivisionError):
        async with leased(resources.worker, taken):
            raise ZeroDivisionError


async def test_a_cancelled_worker_stays_cancelled(resources, job_id):
    taken = await claim(resources.worker, "reply")
    assert taken is not None

    task = asyncio.create_task(wait_under_lease(resources.worker, taken, lease_s=30))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("put_back", "state", "attempts", "due"),
    [
        (lambda pool, c: give_back(pool, c), "queued", 0, True),
        (lambda pool, c: retry_later(pool, c, wait_s=60, reason="r"), "retry_wait", 1, False),
        (lambda pool, c: wait_for_provider(pool, c, wait_s=60, reason="r"), "retry_wait", 0, False),
    ],
    ids=["hand back", "retry", "wait"],
)
async def test_a_job_goes_back_in_line(
    resources, owner_connection, job_id, put_back, state, attempts, due
):
    await put_back(resources.worker, await claim(resources.worker, "reply"))
    row = await job_row(owner_connection, job_id)
    assert (row["state"], row["attempts"]) == (state, attempts)
    assert (await claim(resources.worker, "reply") is not None) is due


async def test_a_stale_holder_puts_nothing_back(resources, owner_connection, job_id):
    stale = await claim(resources.worker, "reply")
    assert stale is not None
    await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
    await give_back(resources.worker, stale)
    assert (await job_row(owner_connection, job_id))["state"] == "leased"
