import json
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from core.ids import new_id
from tests.make import make_scope
from tests.workers.made import file_row, job_row, make_conversation, make_file, make_message
from workers.ledger import claim
from workers.queue import (
    BELL_QUEUE,
    cancel_ingest,
    enqueue_embed_message,
    enqueue_reply,
    pack_bell,
    retry_ingest,
    ring,
    unpack_bell,
)


async def test_the_same_work_twice_is_one_row(resources, owner_connection, scope):
    message_id = new_id()
    async with resources.app.write_tx(scope) as conn:
        first = await enqueue_embed_message(conn, scope, message_id=message_id, revision=1)
        again = await enqueue_embed_message(conn, scope, message_id=message_id, revision=1)
        edited = await enqueue_embed_message(conn, scope, message_id=message_id, revision=2)
    assert first == again != edited
    assert await owner_connection.fetchval("SELECT count(*) FROM job") == 2


async def test_work_that_is_rolled_back_was_never_asked_for(resources, owner_connection, scope):
    async def asked_and_failed() -> None:
        async with resources.app.write_tx(scope) as conn:
            await enqueue_reply(conn, scope, run_id=new_id())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await asked_and_failed()
    assert await owner_connection.fetchval("SELECT count(*) FROM job") == 0


async def test_a_dump_stands_in_line_with_itself(resources, owner_connection, scope):
    other = await make_scope(owner_connection, "grace")
    async with resources.app.write_tx(scope) as conn:
        for _ in range(5):
            await enqueue_reply(conn, scope, run_id=new_id())
    async with resources.app.write_tx(other) as conn:
        await enqueue_reply(conn, other, run_id=new_id())
    rows = await owner_connection.fetch("SELECT workspace_id FROM job ORDER BY fair_key")
    turns = [row["workspace_id"] for row in rows]
    assert turns == [scope.workspace_id, other.workspace_id, *[scope.workspace_id] * 4]


async def test_a_colleagues_dump_does_not_stand_before_ones_own_work(
    resources, owner_connection, scope
):
    """Turns were the workspace's: 10,000 files of one kept everybody in it waiting."""
    grace = await make_scope(owner_connection, "grace")
    colleague = replace(grace, workspace_id=scope.workspace_id)
    async with resources.app.write_tx(scope) as conn:
        for _ in range(5):
            await enqueue_reply(conn, scope, run_id=new_id())
    async with resources.app.write_tx(colleague) as conn:
        await enqueue_reply(conn, colleague, run_id=new_id())
    rows = await owner_connection.fetch("SELECT account_id FROM job ORDER BY fair_key")
    turns = [row["account_id"] for row in rows]
    assert turns == [scope.account_id, colleague.account_id, *[scope.account_id] * 4]


async def test_many_that_are_read_anew_stand_behind_their_persons_others(
    resources, owner_connection, scope
):
    grace = await make_scope(owner_connection, "grace")
    colleague = replace(grace, workspace_id=scope.workspace_id)
    again, other = [
        await make_file(owner_connection, resources, scope, data) for data in (b"a", b"b")
    ]
    his = await make_file(owner_connection, resources, colleague, b"c")
    await owner_connection.execute("UPDATE job SET fair_key = 9e9 WHERE id = $1", other.job_id)
    await owner_connection.execute("UPDATE job SET fair_key = 9e10 WHERE id = $1", his.job_id)
    async with resources.app.write_tx(scope) as conn:
        await cancel_ingest(conn, scope, version_id=again.version_id)
        await retry_ingest(conn, scope, version_id=again.version_id, in_line=True)
    rows = await owner_connection.fetch("SELECT id FROM job ORDER BY fair_key")
    assert [row["id"] for row in rows] == [other.job_id, again.job_id, his.job_id]


async def test_a_waiting_job_is_cancelled_at_once_and_begun_anew_on_request(
    resources, owner_connection, scope
):
    made = await make_file(owner_connection, resources, scope, b"text")
    async with resources.app.write_tx(scope) as conn:
        assert await retry_ingest(conn, scope, version_id=made.version_id) is None
        assert await cancel_ingest(conn, scope, version_id=made.version_id)
        assert not await cancel_ingest(conn, scope, version_id=made.version_id)
    assert (await job_row(owner_connection, made.job_id))["state"] == "cancelled"
    assert (await file_row(owner_connection, made.file_id))["state"] == "cancelled"
    async with resources.app.write_tx(scope) as conn:
        assert await retry_ingest(conn, scope, version_id=made.version_id) == made.job_id
    assert await job_row(owner_connection, made.job_id) == {
        "state": "queued",
        "reason": "",
        "attempts": 0,
        "crashes": 0,
    }
    assert (await file_row(owner_connection, made.file_id))["state"] == "queued"


async def test_a_stranger_cannot_touch_the_job(resources, owner_connection, scope):
    made = await make_file(owner_connection, resources, scope, b"text")
    stranger = await make_scope(owner_connection, "eve")
    async with resources.app.write_tx(stranger) as conn:
        assert not await cancel_ingest(conn, stranger, version_id=made.version_id)
    assert (await job_row(owner_connection, made.job_id))["state"] == "queued"


async def test_the_bell_is_json_that_says_only_the_kind(resources):
    await ring(resources.redis, "reply")
    (bell_id,) = await resources.redis.zrange(BELL_QUEUE, 0, -1)
    said = unpack_bell(await resources.redis.get(b"arq:job:" + bell_id))
    assert (said["f"], said["a"], said["k"]) == ("hear_bell", ["reply"], {})
    assert json.loads(pack_bell({"a": 1})) == {"a": 1}


async def test_ringing_without_redis_is_no_error(resources):
    nobody = Redis.from_url("unix:///nowhere/valkey.sock")
    await ring(nobody, "reply")
    await nobody.aclose()


async def test_a_posted_message_asks_for_its_vector(resources, owner_connection, scope):
    conversation_id = await make_conversation(owner_connection, scope)
    message_id = await make_message(
        owner_connection, resources, scope, "Hello", conversation_id=conversation_id
    )
    row = await owner_connection.fetchrow("SELECT kind, subject_id, account_id, state FROM job")
    assert tuple(row) == ("embed_message", message_id, scope.account_id, "queued")


async def test_asking_again_takes_a_cancellation_back_that_no_worker_heard(
    resources, owner_connection, scope
):
    made = await make_file(owner_connection, resources, scope, b"text")
    assert await claim(resources.worker, "ingest_file") is not None
    async with resources.app.write_tx(scope) as conn:
        assert await cancel_ingest(conn, scope, version_id=made.version_id)
        assert await retry_ingest(conn, scope, version_id=made.version_id) is None
    row = await owner_connection.fetchrow("SELECT state, cancel_requested FROM job")
    assert tuple(row) == ("leased", False)
