"""State after = events applied to the state before (the test that Zulip calls verify_action), for every kind of change."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from api.live.frames import Place, frame, gap
from core.changes import CHANGE_KINDS
from core.ids import new_id
from core.scope import Scope
from tests.api.conversation_changes import CASE_OF, CASES, ELSEWHERE, NO_CASE, Talk, ok
from tests.api.conversation_state import read_state
from tests.api.serving import served
from tests.api.watching import bearer, begin, post, watching
from tests.llm.replying import make_run, work
from tests.make import make_colleague, make_scope

# docs/realtime.md shows each event as it is sent.
EXAMPLES = {
    example["event"]: example
    for line in Path("docs/realtime.md").read_text().splitlines()
    if line.startswith('{"topic"')
    for example in [orjson.loads(line)]
}


def shape(frame: object) -> object:
    """Return the names in a frame, without what they hold."""
    return {n: shape(v) for n, v in frame.items()} if isinstance(frame, dict) else "value"


def test_the_documentation_shows_every_event():
    others = {
        "hello",
        "subscribed",
        "unsubscribed",
        "gap",
        "typing",
        "presence",
        "pong",
        "error",
        "reconnect",
        "skipped",
    }
    assert set(EXAMPLES) == {*CHANGE_KINDS, *others}


@pytest.fixture
async def scope(resources, owner_connection) -> Scope:
    return await make_scope(owner_connection)


@pytest.fixture
async def url(app, resources):
    async with served(app) as url:
        yield url


@pytest.fixture
async def talk(signed_in, scope, owner_connection) -> Talk:
    bob = await make_colleague(owner_connection, scope)
    await owner_connection.execute(
        "UPDATE workspace SET kind = 'shared' WHERE id = $1", scope.workspace_id
    )
    hers, his = await signed_in(scope), await signed_in(bob)
    id_ = await begin(hers, title="Plans")
    member = {"principal": str(bob.account_id), "role": "writer"}
    await ok(hers.put(f"/api/conversations/{id_}/members", json=member))
    asked = (await post(hers, id_, "What?"))["id"]
    answered = (await post(his, id_, "That."))["id"]
    return Talk(id_, hers, his, str(bob.account_id), asked, answered)


def test_every_kind_of_change_has_a_case():
    assert {kind for kind, _ in CASES} == set(CHANGE_KINDS)


def test_every_route_that_changes_something_has_a_case_or_a_reason():
    document = orjson.loads(Path("docs/openapi.json").read_bytes())
    changing = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path.removeprefix('/api/v1'))}"
        for path, methods in document["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"}
        and not path.removeprefix("/api/v1").startswith(tuple(ELSEWHERE))
    }
    assert changing == {*CASE_OF, *NO_CASE}
    cases = {case.__name__ for _, case in CASES}
    for names in CASE_OF.values():
        assert all(name in cases or name in globals() for name in names.split())


@pytest.mark.parametrize(
    ("kind", "change"), CASES, ids=lambda each: getattr(each, "__name__", each)
)
async def test_the_state_after_is_the_events_applied_to_the_state_before(url, talk, kind, change):
    state = await read_state(talk.ada, talk.id)
    begun, topic = state.seq, f"conversation:{talk.id}"
    async with watching(url, bearer(talk.ada)) as socket:
        await socket.subscribe(topic, begun)
        await change(talk)
        after = await read_state(talk.ada, talk.id)
        told = 0
        while state.title != after.title or state.seq < after.seq:
            if told == len(socket.frames):
                await socket.next()
            if socket.frames[told]["topic"] == topic:
                await state.apply(socket.frames[told], talk.ada)
                if socket.frames[told]["event"] == "error" and after.title is not None:  # a moment
                    await socket.subscribe(topic, state.seq)
            told += 1
    assert state.shown() == after.shown()
    for one in socket.frames:
        assert shape(one) == shape(EXAMPLES[one["event"]]), one
    seqs = [one["seq"] for one in socket.changes(topic)]
    assert seqs == list(range(begun + 1, begun + 1 + len(seqs)))
    events = {one["event"] for one in socket.changes(topic)}
    assert kind in events or after.title is None


async def test_a_reply_that_is_written_comes_as_a_message_and_the_end_of_its_run(
    url, resources, signed_in, scope, owner_connection
):
    client = await signed_in(scope)
    run = await make_run(owner_connection, resources, scope)
    talk = str(run.conversation_id)
    state = await read_state(client, talk)
    async with watching(url, bearer(client)) as socket:
        await socket.subscribe(f"conversation:{talk}", state.seq)
        await work(resources, run)
        await socket.event("run.ended")
        for told in socket.changes(f"conversation:{talk}"):
            await state.apply(told, client)
    assert state.shown() == (await read_state(client, talk)).shown()
    assert state.live_runs == set()


async def test_who_asks_again_is_told_that_he_reads_the_new_reply(
    url, resources, signed_in, scope, owner_connection
):
    client = await signed_in(scope)
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    talk = str(run.conversation_id)
    state = await read_state(client, talk)
    path = f"/api/messages/{run.message_id}"
    one = (await client.post(f"{path}/regenerate")).json()["run"]
    models = {"models": ["extractive"]}
    (other,) = (await client.post(f"{path}/side-by-side", json=models)).json()["runs"]
    async with watching(url, bearer(client)) as socket:
        await socket.subscribe(f"conversation:{talk}", state.seq)
        for again in (one, other):
            await work(resources, replace(run, id=UUID(again["id"])))
        after = await read_state(client, talk)
        while state.seq < after.seq:
            await state.apply(await socket.next(), client)
    assert state == after
    ends = [("message.created", "run.ended", "leaf.changed")] * 2
    kinds = [one["event"] for one in socket.changes(f"conversation:{talk}")]
    assert kinds == ["run.started", "run.started", *ends[0], *ends[1]]


async def test_where_somebody_reads_and_how_he_keeps_it_is_told_to_himself_alone(url, talk):
    topic = f"conversation:{talk.id}"
    async with watching(url, bearer(talk.bob)) as his:
        await his.subscribe(topic)
        leaf = {"message_id": talk.asked}
        await ok(talk.ada.put(f"{talk.path}/active-leaf", json=leaf))
        await ok(talk.ada.put(f"{talk.path}/quiet", json={"is_quiet": True}))
        await post(talk.ada, talk.id)
        await his.event("message.created")
    told = [one["data"] for one in his.frames if one["event"] == "skipped"]
    assert told == [{}, {}]


async def test_of_the_attachments_each_is_shown_what_he_may_open(url, talk):
    files = {"file": ("a.txt", b"words", "text/plain")}
    mine = (await talk.ada.post("/api/upload", files=files)).json()["file"]["id"]
    topic = f"conversation:{talk.id}"
    async with watching(url, bearer(talk.ada)) as hers, watching(url, bearer(talk.bob)) as his:
        for one in (hers, his):
            await one.subscribe(topic)
        await post(talk.ada, talk.id, "See this", attachments=[mine])
        shown = [
            (await one.event("message.created"))["data"]["message"]["attachments"]
            for one in (hers, his)
        ]
        await ok(talk.ada.put(f"/api/files/{mine}/access", json={"principal": talk.bob_id}))
        shared = (await his.event("message.edited"))["data"]["message"]["attachments"]
    assert (shown, shared) == ([[mine], []], [mine])


async def test_of_a_deleted_message_no_attachment_is_shown(url, talk):
    files = {"file": ("a.txt", b"words", "text/plain")}
    mine = (await talk.ada.post("/api/upload", files=files)).json()["file"]["id"]
    said = (await post(talk.ada, talk.id, "See this", attachments=[mine]))["id"]
    await post(talk.bob, talk.id, "Seen")
    async with watching(url, bearer(talk.ada)) as hers:
        await hers.subscribe(f"conversation:{talk.id}")
        await ok(talk.ada.delete(f"/api/messages/{said}"))
        told = await hers.event("message.deleted")
    assert told["data"]["message"]["attachments"] == []


def test_a_frame_is_json_with_the_place_of_its_change():
    one = frame("run:1", "delta", {"text": "é"}, seq=7)
    assert orjson.loads(one.text) == {
        "topic": "run:1",
        "seq": 7,
        "event": "delta",
        "data": {"text": "é"},
    }
    place = Place(new_id(), new_id())
    again = {"refetch": f"/api/v1/conversations/{place.conversation_id}"}
    assert orjson.loads(gap(place, latest=9).text)["data"] == again
