"""F1, F5, F19 and F21 of the acceptance list, reduced: workers die or are told to stop, doorbells are lost, files go away."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.embedded_valkey import start_valkey
from core.redis_pool import open_redis
from tests.faults.crashing_worker import Blow, crashing
from tests.ingest.make_files import make_zip
from tests.ingest.test_pipeline import NOTES
from tests.make import make_scope
from tests.workers.made import (
    MadeFile,
    file_row,
    job_row,
    make_conversation,
    make_file,
    make_message,
)
from workers.blob_care import remove_orphans
from workers.drain import Terms
from workers.main import RETRY, working
from workers.queue import ring

TERMS = Terms(RETRY, poll_s=0.05)


HARBOUR = make_zip({"tides.md": NOTES, "terms/quay.md": NOTES + "\nQuay.\n", "empty": ""})


async def until(check: Callable[[], Awaitable[bool]], *, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await check():
                return
            await asyncio.sleep(0.01)


async def until_at_rest(owner, *, within_s: float = 60) -> None:
    async def at_rest() -> bool:
        return not await owner.fetchval(
            "SELECT count(*) FROM job WHERE state IN ('queued', 'leased', 'retry_wait')"
        )

    await until(at_rest, within_s=within_s)


async def until_read(owner, made: MadeFile, segments: int) -> None:
    async def read() -> bool:
        return (await file_row(owner, made.file_id))["segments_done"] >= segments

    await until(read)


@pytest.mark.parametrize(("n", "when"), [(4, "within"), (5, "after"), (7, "within"), (9, "after")])
async def test_a_worker_killed_while_it_opens_an_archive_leaves_each_member_once(
    resources, owner_connection, settings, n, when
):
    scope = await make_scope(owner_connection)
    made = await make_file(owner_connection, resources, scope, HARBOUR, name="harbour.zip")
    async with crashing(settings, Blow("transaction", n, when)) as process, asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL
    await owner_connection.execute("UPDATE job SET lease_until = now()")  # thirty seconds later
    async with working(resources, TERMS):
        await until_at_rest(owner_connection)
    rows = await owner_connection.fetch(
        "SELECT parent_path, state, version FROM file WHERE parent_id = $1 ORDER BY parent_path",
        made.file_id,
    )
    assert [tuple(row) for row in rows] == [
        ("terms/quay.md", "ready", 1),
        ("tides.md", "ready", 1),
    ]
    assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
    await remove_orphans(resources.worker, resources.blobs, keep=timedelta())
    keys = {row["key"] for row in await owner_connection.fetch("SELECT key FROM blob")}
    assert len(keys) == 3
    later = datetime.now(UTC) + timedelta(days=1)
    assert {key async for key in resources.blobs.list_older_than(later)} >= keys


async def test_losing_redis_with_jobs_queued_costs_time_only(resources, owner_connection, tmp_path):
    scope = await make_scope(owner_connection)
    conversation_id = await make_conversation(owner_connection, scope)
    doomed = await start_valkey(tmp_path / "valkey")
    redis = open_redis(doomed.url)
    async with working(replace(resources, redis=redis), TERMS):
        for n in range(30):
            await make_message(
                owner_connection, resources, scope, f"Message {n}", conversation_id=conversation_id
            )
            if n == 10:
                os.kill(doomed.child.pid, signal.SIGKILL)
            await ring(redis, "embed_message")
        await until_at_rest(owner_connection)
    await redis.aclose()
    await doomed.stop()
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 30


async def test_a_thousand_posts_cost_few_questions(resources, owner_connection):
    scope = await make_scope(owner_connection)
    conversation_id = await make_conversation(owner_connection, scope)
    for n in range(200):
        await make_message(
            owner_connection, resources, scope, f"Post number {n}", conversation_id=conversation_id
        )
    async with working(resources, TERMS):
        await until_at_rest(owner_connection)
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 200
    batches = await owner_connection.fetchval("SELECT count(DISTINCT finished_at) FROM job")
    assert batches == 4  # 64 at a time


async def test_a_worker_told_to_stop_hands_its_work_back_without_an_attempt(
    resources, owner_connection, settings
):
    scope = await make_scope(owner_connection)
    made = await make_file(owner_connection, resources, scope, NOTES.encode() * 40, name="n.md")
    async with working(resources, TERMS):
        await until_read(owner_connection, made, 1)
    job = await job_row(owner_connection, made.job_id)
    assert (job["state"], job["crashes"]) in (("queued", 0), ("done", 0))
    assert job["attempts"] == (0 if job["state"] == "queued" else 1)


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM item WHERE id = $1", "UPDATE item SET deleted_at = now() WHERE id = $1"],
    ids=["for good", "into the bin"],
)
@pytest.mark.parametrize("segments", [0, 1, 3, 6])
async def test_a_file_deleted_while_it_is_read_does_not_come_back(
    resources, owner_connection, sql, segments
):
    scope = await make_scope(owner_connection)
    made = await make_file(owner_connection, resources, scope, NOTES.encode() * 4, name="n.md")
    async with working(resources, TERMS):
        await until_read(owner_connection, made, segments)
        await owner_connection.execute(sql, made.file_id)
        await until_at_rest(owner_connection)
    visible = await owner_connection.fetchval(
        "SELECT count(*) FROM readable($1, $2) r JOIN passage p ON p.item_id = r.item_id",
        scope.workspace_id, scope.account_id,
    )  # fmt: skip
    assert visible == 0
    assert (await job_row(owner_connection, made.job_id))["state"] in ("cancelled", "done")
    if sql.startswith("DELETE"):
        counts = await owner_connection.fetchrow(
            "SELECT (SELECT count(*) FROM passage), (SELECT count(*) FROM embedding), (SELECT count(*) FROM build)"
        )
        assert tuple(counts) == (0, 0, 0)
