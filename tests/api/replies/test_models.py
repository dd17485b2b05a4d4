from dataclasses import replace

import pytest

from app.chat_models import ChatModels
from app.model_recipes import MINILM
from app.settings import Settings
from llm.fallback import FAILURES
from search.embed_client import EmbedClient
from tests.llm.replying import make_run
from tests.make import make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def test_without_a_key_the_extract_is_the_only_model_and_the_default(signed_in, scope):
    client = await signed_in(scope)
    assert (await client.get("/api/models")).json() == {
        "chat": [
            {
                "name": "extractive",
                "provider": "extractive",
                "is_default": True,
                "health": "ok",
                "context_tokens": 1_000_000,
                "capabilities": [],
                "price": {"input_usd": 0, "output_usd": 0},
            }
        ],
        "fallback": [],
        "embedding": {
            "name": "fake-bag-of-words",
            "dimension": 384,
            "max_tokens": 256,
            "health": "ok",
        },
        "default": "extractive",
        "can_rerank": False,
    }


async def test_which_model_sees_is_told(app, signed_in, scope, resources):
    given = {"openai_base_url": "http://127.0.0.1:1/v1", "chat_model": "openai:llava"}
    client, api = await signed_in(scope), app.state.api
    chat = ChatModels(Settings.model_validate(given))
    app.state.api = replace(api, resources=replace(resources, chat=chat))
    try:
        told = (await client.get("/api/models")).json()["chat"]
    finally:
        app.state.api = api
    assert {model["name"]: model["capabilities"] for model in told} == {
        "openai:llava": ["vision"],
        "openai:gpt-4.1-mini": ["vision"],
        "extractive": [],
    }


async def test_a_model_whose_last_reply_broke_off_is_told_to_be_failing(
    signed_in, scope, resources, owner_connection
):
    await make_run(owner_connection, resources, scope)
    await owner_connection.execute(
        "UPDATE run SET state = 'failed', error_code = 'model_unavailable', finished_at = now()"
    )
    client = await signed_in(scope)
    assert [model["health"] for model in (await client.get("/api/models")).json()["chat"]] == [
        "failing"
    ]


async def test_a_model_in_whose_place_another_wrote_is_told_to_be_failing(
    app, signed_in, scope, resources, owner_connection
):
    run = await make_run(owner_connection, resources, scope, model="openai:gpt-4.1-mini")
    await owner_connection.execute(
        "UPDATE run SET state = 'complete', answered_by = 'extractive', finished_at = now() WHERE id = $1",
        run.id,
    )
    client, api = await signed_in(scope), app.state.api
    chat = ChatModels(Settings(openai_base_url="http://127.0.0.1:1/v1"))
    app.state.api = replace(api, resources=replace(resources, chat=chat))
    try:
        told = (await client.get("/api/models")).json()["chat"]
    finally:
        app.state.api = api
    assert {model["name"]: model["health"] for model in told} == {
        "openai:gpt-4.1-mini": "failing",
        "extractive": "ok",
    }


async def test_a_provider_that_another_process_leaves_alone_is_told_to_be_failing(
    app, signed_in, scope, resources
):
    worker, here = (
        ChatModels(Settings(openai_base_url="http://127.0.0.1:1/v1"), resources.redis)
        for _ in range(2)
    )
    for _ in range(FAILURES):
        await worker._breaker("openai:m").failed()
    client, api = await signed_in(scope), app.state.api
    app.state.api = replace(api, resources=replace(resources, chat=here))
    try:
        told = (await client.get("/api/models")).json()["chat"]
    finally:
        app.state.api = api
    assert {model["name"]: model["health"] for model in told} == {
        "openai:gpt-4.1-mini": "failing",
        "extractive": "ok",
    }


async def test_an_embedder_that_does_not_answer_is_told_to_be_failing(
    app, signed_in, scope, resources, tmp_path
):
    client, api = await signed_in(scope), app.state.api
    app.state.api = replace(
        api, resources=replace(resources, embedder=EmbedClient(tmp_path / "none.sock", MINILM.spec))
    )
    try:
        assert (await client.get("/api/models")).json()["embedding"]["health"] == "failing"
    finally:
        app.state.api = api
