import pytest

from tests.llm.replying import make_run, work
from tests.make import make_colleague, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def run(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    return run


@pytest.fixture
async def reply_id(owner_connection, run):
    return await owner_connection.fetchval("SELECT reply_message_id FROM run WHERE id = $1", run.id)


async def kept(owner):
    return [tuple(row) for row in await owner.fetch("SELECT thumb, reason FROM reply_feedback")]


async def said(client, run):
    answer = (await client.get(f"/api/runs/{run.id}")).json()
    return answer["thumb"], answer["thumb_reason"]


async def test_the_last_thumb_with_its_reason_is_kept_and_may_be_taken_back(
    signed_in, scope, run, reply_id, owner_connection
):
    client, url = await signed_in(scope), f"/api/messages/{reply_id}/feedback"
    await client.put(url, json={"thumb": "up"})
    answer = (await client.put(url, json={"thumb": "down", "reason": " Wrong door. "})).json()
    assert answer == {
        "message_id": str(reply_id),
        "thumb": "down",
        "reason": "Wrong door.",
        "recorded": True,
    }
    assert await kept(owner_connection) == [("down", "Wrong door.")]
    assert await said(client, run) == ("down", "Wrong door.")
    await client.put(url, json={"thumb": "none"})
    assert await kept(owner_connection) == []
    assert await said(client, run) == ("none", "")


async def test_where_feedback_is_switched_off_nothing_is_kept(
    signed_in, scope, reply_id, owner_connection
):
    client = await signed_in(scope)
    await client.patch("/api/search/feedback", json={"mine": False})
    answer = await client.put(f"/api/messages/{reply_id}/feedback", json={"thumb": "up"})
    assert (answer.json()["recorded"], await kept(owner_connection)) == (False, [])


async def test_only_a_models_words_that_one_may_read_take_feedback(
    signed_in, scope, run, reply_id, owner_connection
):
    client, body = await signed_in(scope), {"thumb": "up"}
    asked = f"/api/messages/{run.message_id}/feedback"
    assert (await client.put(asked, json=body)).status_code == 409
    other = await signed_in(await make_colleague(owner_connection, scope))
    assert (await other.put(f"/api/messages/{reply_id}/feedback", json=body)).status_code == 404
