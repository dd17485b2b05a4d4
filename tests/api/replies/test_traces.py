from dataclasses import replace

import orjson
import pytest

from tests.llm.replying import FACT, QUESTION, make_run, work
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_message
from tests.workers.made import make_file


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def answered(resources, owner_connection, scope):
    """A run that was answered, and the message of its answer."""
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    reply_id = await owner_connection.fetchval(
        "SELECT reply_message_id FROM run WHERE id = $1", run.id
    )
    return replace(run, message_id=reply_id)


def path(answered):
    return f"/api/messages/{answered.message_id}/trace"


async def test_a_trace_tells_how_the_reply_came_about(signed_in, scope, answered):
    client = await signed_in(scope)
    trace = (await client.get(path(answered))).json()
    assert trace["query"] == {"asked": QUESTION, "text": QUESTION, "by": "as asked"}
    assert (trace["model"], trace["answered_by"], trace["state"]) == (
        "extractive",
        "extractive",
        "complete",
    )
    packed = [c for c in trace["candidates"] if c["fate"] == "packed"]
    assert [(c["kind"], c["ref"], c["end"]) for c in packed] == [("message", 1, len(FACT))]
    assert {c["fate"] for c in trace["candidates"] if c["ref"] is None} == {
        "is in the conversation shown"
    }
    assert (trace["turns"], trace["cost_usd"], len(trace["prompt_sha256"])) == (0, 0, 64)
    assert trace["options"]["k"] == 5
    assert trace["cut_from"] is None
    assert trace["coverage"]["no_text"] == 0
    assert trace["timing_ms"]["first_token"] >= 0


async def test_a_replay_shows_what_has_changed_since(
    signed_in, scope, answered, resources, owner_connection
):
    client = await signed_in(scope)
    before = (await client.post(f"{path(answered)}/replay")).json()
    assert before["same"]
    assert [(p["then"], p["now"]) for p in before["passages"]] == [(1, 1)]
    await owner_connection.execute("UPDATE message SET deleted_at = now() WHERE content = $1", FACT)
    await owner_connection.execute(
        "DELETE FROM passage WHERE message_id IN (SELECT id FROM message WHERE content = $1)", FACT
    )
    talk = await make_conversation(owner_connection, scope)
    await make_message(
        resources, owner_connection, scope, conversation_id=talk, content="The spare key is lost."
    )
    after = (await client.post(f"{path(answered)}/replay")).json()
    assert (after["same"], after["query"]) == (False, QUESTION)
    assert [(p["then"], p["now"]) for p in after["passages"]] == [(None, 1)]


async def test_another_reader_sees_only_the_candidates_that_he_may_read(
    signed_in, scope, answered, owner_connection
):
    bob = await make_colleague(owner_connection, scope)
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        scope.workspace_id, answered.conversation_id, bob.account_id,
    )  # fmt: skip
    client = await signed_in(bob)
    trace = (await client.get(path(answered))).json()
    assert trace["coverage"] is None, "it counts the files of who asked"
    assert {c["conversation_id"] for c in trace["candidates"]} == {str(answered.conversation_id)}
    replayed = (await client.post(f"{path(answered)}/replay")).json()
    assert replayed["passages"] == []


async def test_attached_images_are_told_to_those_who_may_see_them(
    signed_in, scope, answered, resources, owner_connection
):
    made = await make_file(owner_connection, resources, scope, b"a", name="a.png")
    image = {
        "file_id": str(made.file_id),
        "version": 1,
        "media_type": "image/png",
        "size_bytes": 1,
        "fate": "shown",
    }
    await owner_connection.execute(
        "UPDATE run SET trace = jsonb_set(trace::jsonb, '{images}', $1)::text",
        orjson.dumps([image]).decode(),
    )
    client = await signed_in(scope)
    told = (await client.get(path(answered))).json()["images"]
    assert told == [{**image, "title": "a.png"}]
    await owner_connection.execute("DELETE FROM access_grant WHERE item_id = $1", made.file_id)
    assert (await client.get(path(answered))).json()["images"] == []


async def test_words_of_a_question_that_was_edited_or_deleted_are_not_told(
    signed_in, scope, answered, owner_connection
):
    client = await signed_in(scope)
    await owner_connection.execute(
        "UPDATE message SET edited_at = now() WHERE content = $1", QUESTION
    )
    assert (await client.get(path(answered))).json()["query"]["text"] == ""
    assert (await client.post(f"{path(answered)}/replay")).status_code == 409


async def test_what_has_no_trace_is_not_there(signed_in, scope, answered, owner_connection):
    client = await signed_in(scope)
    asked = await owner_connection.fetchval("SELECT id FROM message WHERE content = $1", QUESTION)
    assert (await client.get(f"/api/messages/{asked}/trace")).status_code == 404
    await owner_connection.execute("UPDATE run SET trace = '{\"passages\": []}'")
    assert (await client.get(path(answered))).status_code == 404


async def test_a_reply_that_abstains_shows_what_came_nearest(
    signed_in, scope, resources, owner_connection
):
    run = await make_run(
        owner_connection, resources, scope, question="How tall is the spare elephant of Hannibal?"
    )
    await work(resources, run)
    client = await signed_in(scope)
    answer = (await client.get(f"/api/runs/{run.id}")).json()
    assert answer["state"] == "abstained"
    assert [(c["ref"], c["end"]) for c in answer["nearest"]] == [(1, len(FACT))]
