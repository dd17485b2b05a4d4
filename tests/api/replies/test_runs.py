import asyncio
import random
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI, Request

from api.idempotency import Answered
from api.live.sse import Streams
from api.replies.runs import stream_begun
from app.chat_models import open_chat_models
from app.settings import Settings, local_socket
from core.events import END
from llm.catalogue import LOCAL
from llm.openai import OpenAIChat
from tests.api.serving import read_events, served
from tests.llm.replying import (
    FACT,
    QUESTION,
    deps,
    events_of,
    make_run,
    state_of,
    text_of,
    until,
    work,
)
from tests.llm.replying import answer_next as do_next_reply
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_colleague, make_scope

WORDS = (
    "The spare key",
    " hangs behind",
    " the blue door",
    " [1]",
    ".",
    *(f" And {n} more words 🔑." for n in range(40)),
)


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def served_client(app, signed_in, scope):
    """Ada, over a real connection."""
    in_process = await signed_in(scope)
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=in_process.headers) as client,
    ):
        yield client


async def write_slowly(resources, run, *, pause_s=0.005, **reply):
    async with vendor_server(Reply(words=WORDS, pause_s=pause_s, **reply)) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        await work(resources, run, model)
        await model.aclose()


def shown(received):
    return "".join(event.data["text"] for event in received if event.event == "delta")


async def test_a_reader_sees_the_run_as_it_is_written(
    resources, owner_connection, scope, served_client
):
    run = await make_run(owner_connection, resources, scope)
    worker = asyncio.create_task(write_slowly(resources, run))
    received = await read_events(served_client, f"/api/runs/{run.id}/events")
    await worker
    logged = await events_of(owner_connection, run)
    assert [(event.id, event.event) for event in received] == [
        (n, event.kind) for n, event in enumerate(logged, start=1)
    ]
    assert shown(received) == text_of(logged)
    assert received[-1].event == END


async def test_what_was_received_and_what_is_resumed_are_the_whole_text(
    resources, owner_connection, scope, served_client
):
    run = await make_run(owner_connection, resources, scope)
    worker = asyncio.create_task(write_slowly(resources, run))
    url, received = f"/api/runs/{run.id}/events", []
    while not received or received[-1].event != END:
        last = {"Last-Event-ID": str(received[-1].id)} if received else {}
        received += await read_events(served_client, url, headers=last, most=random.randint(1, 6))
    await worker
    assert [event.id for event in received] == list(range(1, len(received) + 1))
    assert shown(received) == text_of(await events_of(owner_connection, run))


async def test_redis_wiped_in_mid_stream_costs_no_event(
    resources, owner_connection, scope, served_client
):
    run = await make_run(owner_connection, resources, scope)
    worker = asyncio.create_task(write_slowly(resources, run, pause_s=0.01))
    reader = asyncio.create_task(read_events(served_client, f"/api/runs/{run.id}/events"))
    for _ in range(4):
        await asyncio.sleep(0.08)
        await resources.redis.flushall()
    await worker
    assert shown(await reader) == text_of(await events_of(owner_connection, run))


async def test_an_ended_run_is_read_from_any_point(
    resources, owner_connection, scope, served_client
):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    whole = await read_events(served_client, f"/api/runs/{run.id}/events")
    for after in range(len(whole) + 1):
        assert (
            await read_events(served_client, f"/api/runs/{run.id}/events?after={after}")
            == whole[after:]
        )


async def test_stop_ends_a_running_reply_at_once(
    resources, owner_connection, scope, served_client, monkeypatch
):
    monkeypatch.setattr("llm.generate.STOP_LOOK_S", 600)  # so it is told, not looked up
    run = await make_run(owner_connection, resources, scope)
    worker = asyncio.create_task(write_slowly(resources, run, fault="stall", before_fault=3))
    await until(lambda: has_text(owner_connection, run))
    async with asyncio.timeout(15):  # after 20 the model is given up
        for _ in range(2):
            assert (await served_client.post(f"/api/runs/{run.id}/stop")).status_code == 200
        await worker
    answer = (await served_client.get(f"/api/runs/{run.id}")).json()
    assert (answer["state"], answer["content"]) == (
        "stopped",
        "The spare key hangs behind the blue door",
    )


async def has_text(owner, run):
    return bool(text_of(await events_of(owner, run)))


async def test_a_run_that_no_worker_has_begun_is_stopped_at_once(
    resources, owner_connection, scope, signed_in
):
    run = await make_run(owner_connection, resources, scope)
    client = await signed_in(scope)
    answer = (await client.post(f"/api/runs/{run.id}/stop")).json()
    assert (answer["state"], answer["last_seq"], answer["message_id"]) == ("stopped", 1, None)
    assert await state_of(owner_connection, run) == ("stopped", "", False, "cancelled")


async def test_stopping_what_has_ended_changes_nothing(
    resources, owner_connection, scope, signed_in
):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    client = await signed_in(scope)
    before = (await client.get(f"/api/runs/{run.id}")).json()
    assert (await client.post(f"/api/runs/{run.id}/stop")).json() == before
    assert before["state"] == "complete"


async def test_a_run_shows_its_citations_with_where_they_open(
    resources, owner_connection, scope, signed_in
):
    run = await make_run(owner_connection, resources, scope, model="openai:m")
    await write_slowly(resources, run, pause_s=0)
    client = await signed_in(scope)
    answer = (await client.get(f"/api/runs/{run.id}")).json()
    [citation] = answer["citations"]
    assert (
        citation["quote"]
        == FACT[: citation["source_span"]["end"]]
        == "The spare key hangs behind the blue door"
    )
    assert (
        citation["open"]
        == f"/api/v1/conversations/{citation['conversation_id']}?around={citation['message_id']}"
    )
    assert citation["source_span"]["unit"] == "codepoint"
    assert citation["status"] == "current"
    assert answer["grounding"]["supported"] == 1
    assert answer["usage"] == {"input_tokens": 11, "output_tokens": len(WORDS)}


async def test_a_reader_without_the_source_sees_no_word_of_it_but_the_reply(
    resources, owner_connection, scope, signed_in, app
):
    run = await make_run(owner_connection, resources, scope)
    await write_slowly(resources, run, pause_s=0)
    bob = await make_colleague(owner_connection, scope)
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        scope.workspace_id, run.conversation_id, bob.account_id,
    )  # fmt: skip
    client = await signed_in(bob)
    [citation] = (await client.get(f"/api/runs/{run.id}")).json()["citations"]
    assert (citation["status"], citation["quote"], citation["title"], citation["open"]) == (
        "no_access",
        "",
        "",
        None,
    )
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=client.headers) as reader,
    ):
        received = await read_events(reader, f"/api/runs/{run.id}/events")
    assert [event.event for event in received if "citation" in event.event] == ["citation.removed"]
    [retrieved] = [event.data for event in received if event.event == "retrieval.done"]
    assert (retrieved["passages"], retrieved["coverage"]) == ([], None)
    assert (await client.post(f"/api/runs/{run.id}/stop")).status_code == 403


async def test_access_taken_away_closes_an_open_stream_within_a_second(
    app, resources, owner_connection, scope, served_client
):
    run = await make_run(owner_connection, resources, scope)
    reader = asyncio.create_task(read_events(served_client, f"/api/runs/{run.id}/events"))
    while scope.account_id not in app.state.streams._open:  # noqa: ASYNC110 nothing tells it
        await asyncio.sleep(0.01)
    await owner_connection.execute(
        "DELETE FROM access_grant WHERE item_id = $1", run.conversation_id
    )
    [error] = await reader  # asked again each RECHECK_S: tests/core/test_events.py
    assert error.event == "error"
    assert error.data["error"]["code"] == "NOT_FOUND"


async def test_other_peoples_runs_are_not_there(resources, owner_connection, scope, signed_in):
    run = await make_run(owner_connection, resources, scope)
    client = await signed_in(await make_colleague(owner_connection, scope))
    for method, path in [("GET", ""), ("GET", "/events"), ("POST", "/stop")]:
        assert (await client.request(method, f"/api/runs/{run.id}{path}")).status_code == 404


async def test_a_last_event_id_that_is_no_number_is_refused(
    resources, owner_connection, scope, signed_in
):
    run = await make_run(owner_connection, resources, scope)
    client = await signed_in(scope)
    response = await client.get(f"/api/runs/{run.id}/events", headers={"Last-Event-ID": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_a_posted_message_may_be_answered_in_the_same_response(
    resources, owner_connection, scope, served_client
):
    made = await make_run(owner_connection, resources, scope)
    await work(resources, made)

    async def post() -> str:
        body = {"content": "Where is the spare key?", "reply": {"model": "extractive"}}
        headers = {"Accept": "text/event-stream"}
        url = f"/api/conversations/{made.conversation_id}/messages"
        return (await served_client.post(url, json=body, headers=headers, timeout=20)).text

    told, _ = await asyncio.gather(post(), answer_next(resources, owner_connection, made))
    assert told.rstrip().rpartition("event: ")[2].startswith(END)


@pytest.fixture
async def local(app, resources, tmp_path):
    """The process with a local model, and the scripted server of that."""
    settings, api = Settings(recollect_home=tmp_path, llm="local"), app.state.api
    local_socket(settings).parent.mkdir(parents=True, exist_ok=True)
    answers = Reply(words=("Yes",)), Reply(words=(FACT, " [1]"))
    async with (
        vendor_server(*answers, socket=local_socket(settings)) as vendor,
        open_chat_models(settings) as chat,
    ):
        ours = replace(resources, chat=chat)
        app.state.api = replace(api, resources=ours)
        yield ours, vendor
        app.state.api = api


async def test_the_local_model_answers_with_citations(local, served_client):
    ours, vendor = local
    talk, notes = [
        (await served_client.post("/api/conversations", json={"title": "Keys"})).json()["id"]
        for _ in range(2)
    ]
    await served_client.post(f"/api/conversations/{notes}/messages", json={"content": FACT})
    asking = {"content": QUESTION, "reply": {}}
    asked = await served_client.post(f"/api/conversations/{talk}/messages", json=asking)
    await do_next_reply(ours, deps(ours))
    run_id = asked.json()["run"]["id"]
    received = await read_events(served_client, f"/api/runs/{run_id}/events")
    assert (await served_client.get("/api/models")).json()["default"] == LOCAL
    assert [request["max_tokens"] for request in vendor.requests] == [1, 1024]
    assert shown(received).startswith(FACT)
    (citation,) = [event.data for event in received if event.event == "citation"]
    assert (citation["quote"], citation["conversation_id"]) == (FACT.rstrip("."), notes)
    assert (received[-1].data["state"], received[-1].data["model"]) == ("complete", LOCAL)


async def answer_next(resources, owner, made):
    """Wait for the next reply that is asked for, and write it."""
    waiting = "SELECT subject_id FROM job WHERE kind = 'reply' AND state = 'queued'"

    async def is_waiting():
        return await owner.fetchval(waiting) is not None

    await until(is_waiting)
    await work(resources, replace(made, id=await owner.fetchval(waiting)))


async def test_a_run_that_was_begun_is_named_where_the_last_stream_was_taken_meanwhile(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    app = FastAPI()
    app.state.streams = Streams(per_account=0)
    asked = Request({"type": "http", "headers": [], "app": app})
    begun = Answered(202, "{}")
    answer = await stream_begun(asked, resources, scope, run_id=run.id, begun=begun)
    assert (answer.status_code, answer.body) == (202, b"{}")
