"""F1: the worker is killed at each stage of a file, and at random points while its vectors are made.

The lease of the killed is ended by hand, but for one test in `make faults` that waits for it. tests/faults/test_worker_kills.py
does it to the whole product.
"""

import asyncio
import random
import signal
import time

import pytest

from app.doctor import examine
from tests.faults.counts import times
from tests.faults.crashing_worker import STEPS, Blow, When, crashing
from tests.faults.test_worker import TERMS, until, until_at_rest
from tests.make import make_scope
from tests.workers.made import MadeFile, file_row, index_of, ingest_next, job_row, make_file
from workers.drain import Terms
from workers.main import RETRY, working
from workers.tools import make_work

# Six ranges and as many batches of vectors: no two passages are equal, so none takes over another's.
LONG = "\n\n".join(f"# Part {n}\n\nThe harbour of part {n} opens at dawn. " + "Boats wait for the tide. " * 20 for n in range(330)).encode()  # fmt: skip
# Each stage once where stages differ most, then at its other points; what is done once for a file has no second time.
POINTS: list[tuple[str, int, When]] = [
    ("find_source", 1, "before"), ("begin", 1, "within"), ("save_range", 2, "after"), ("save_vectors", 3, "within"), ("finish", 1, "after"),
    ("find_source", 1, "within"), ("find_source", 1, "after"), ("begin", 1, "before"), ("begin", 1, "after"),
    ("save_range", 1, "before"), ("save_range", 1, "within"), ("save_range", 4, "within"), ("save_range", 6, "after"),
    ("save_vectors", 1, "before"), ("save_vectors", 1, "after"), ("save_vectors", 2, "before"), ("save_vectors", 5, "after"),
    ("finish", 1, "before"), ("finish", 1, "within"),
    ("transaction", 1, "after"), ("transaction", 3, "within"), ("transaction", 6, "after"), ("transaction", 8, "within"),
    ("transaction", 10, "before"), ("transaction", 12, "after"),
]  # fmt: skip


@pytest.fixture
async def files(resources, owner_connection) -> tuple[MadeFile, MadeFile]:
    """One file read whole, and its like in another workspace, where nothing can be reused."""
    made = [
        await make_file(
            owner_connection, resources, await make_scope(owner_connection), LONG, name="notes.md"
        )
        for _ in range(2)
    ]
    await ingest_next(resources, make_work(resources).tools)
    states = [(await job_row(owner_connection, each.job_id))["state"] for each in made]
    return made[states.index("done")], made[states.index("queued")]


async def kill(settings, blow: Blow) -> None:
    async with crashing(settings, blow) as process, asyncio.timeout(120):
        assert await process.wait() == -signal.SIGKILL


async def check(resources, owner, files: tuple[MadeFile, MadeFile], *, attempts: int) -> None:
    clean, hit = files
    assert await index_of(owner, hit.file_id) == await index_of(owner, clean.file_id)
    job = await job_row(owner, hit.job_id)
    assert (job["state"], job["attempts"], job["crashes"]) == ("done", attempts, attempts - 1)
    assert (await file_row(owner, hit.file_id))["state"] == "ready"
    broken = [each for each in (await examine(resources)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []


async def end_lease(owner, made: MadeFile) -> int:
    """Have the lease of the dead be over; return how often the job will have been begun."""
    late = "UPDATE job SET lease_until = now() WHERE id = $1 AND state = 'leased' RETURNING attempts + 1"
    return await owner.fetchval(late, made.job_id) or 1


def test_every_stage_is_among_the_points():
    assert [step for step, _, _ in POINTS[: len(STEPS)]] == list(STEPS)


@pytest.mark.parametrize(("step", "nth", "when"), POINTS[: times(5, full=25)])
async def test_a_worker_killed_at_a_stage_leaves_the_index_of_a_clean_run(
    resources, owner_connection, settings, files, step, nth, when
):
    await kill(settings, Blow(step, nth, when))
    attempts = await end_lease(owner_connection, files[1])
    assert attempts == (1 if (step, when) == ("finish", "after") else 2)
    async with working(resources, TERMS):
        await until_at_rest(owner_connection)
    await check(resources, owner_connection, files, attempts=attempts)


@pytest.mark.parametrize("seed", range(times(2, full=20)))
async def test_a_worker_killed_while_it_embeds_leaves_the_index_of_a_clean_run(
    resources, owner_connection, settings, files, seed
):
    rng = random.Random(seed)
    blow = Blow("save_vectors", rng.randint(1, 6), "before", late_s=rng.uniform(0.0001, 0.03))
    await kill(settings, blow)
    attempts = await end_lease(owner_connection, files[1])
    async with working(resources, TERMS):
        await until_at_rest(owner_connection)
    await check(resources, owner_connection, files, attempts=attempts)


@pytest.mark.parametrize("nth", range(1, 1 + times(0, full=3)))
async def test_a_killed_workers_file_is_begun_again_within_45_seconds(
    resources, owner_connection, settings, files, nth
):
    async def begun_again() -> bool:
        return (await job_row(owner_connection, files[1].job_id))["attempts"] == 2

    await kill(settings, Blow("save_range", nth, "after"))
    since = time.monotonic()
    async with working(resources, Terms(RETRY)):
        await until(begun_again, within_s=45)
        print(f"begun again after {time.monotonic() - since:.1f} s")  # noqa: T201
        await until_at_rest(owner_connection)
    await check(resources, owner_connection, files, attempts=2)
