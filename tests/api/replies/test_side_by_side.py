from dataclasses import replace
from uuid import UUID

import pytest

from tests.llm.replying import make_run, work
from tests.make import make_scope


@pytest.fixture
async def asked(resources, owner_connection):
    """A question that was answered once."""
    run = await make_run(owner_connection, resources, await make_scope(owner_connection))
    await work(resources, run)
    return run


@pytest.fixture
def two_models(app, monkeypatch):
    """Another name for quoting, so that two models can be asked."""
    chat = app.state.api.resources.chat
    monkeypatch.setattr(chat, "check", lambda name: None)


async def test_each_model_gets_a_run_and_their_replies_are_siblings(
    signed_in, asked, resources, owner_connection, two_models
):
    client = await signed_in(asked.scope)
    answer = await client.post(
        f"/api/messages/{asked.message_id}/side-by-side",
        json={"models": ["extractive", "openai:other"], "reply": {"max_tokens": 50}},
    )
    runs = answer.json()["runs"]
    assert (answer.status_code, [run["model"] for run in runs]) == (
        202,
        ["extractive", "openai:other"],
    )
    model = resources.chat.get("extractive", question="key", sources=())
    for run in runs:
        await work(resources, replace(asked, id=UUID(run["id"])), model)
    parents = await owner_connection.fetch("SELECT parent_id FROM message WHERE role = 'assistant'")
    assert [row["parent_id"] for row in parents] == [asked.message_id] * 3


@pytest.mark.parametrize("models", [[], ["extractive"] * 2, ["extractive", "openai:no"]])
async def test_models_that_are_too_few_equal_or_not_there_are_refused(signed_in, asked, models):
    client = await signed_in(asked.scope)
    answer = await client.post(
        f"/api/messages/{asked.message_id}/side-by-side", json={"models": models}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_only_a_question_is_answered(signed_in, asked, owner_connection, two_models):
    client = await signed_in(asked.scope)
    reply_id = await owner_connection.fetchval("SELECT id FROM message WHERE role = 'assistant'")
    answer = await client.post(
        f"/api/messages/{reply_id}/side-by-side", json={"models": ["extractive", "openai:other"]}
    )
    assert answer.status_code == 409
