"""State after = events applied to the state before (the test that Zulip calls verify_action), for every kind of change."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx
import orjson
import pytest

from api.live.frames import Place, frame, gap
from core.changes import CHANGE_KINDS, ChangeKind
from core.ids import new_id
from core.scope import Scope
from tests.api.conversation_state import read_state
from tests.api.serving import served
from tests.api.watching import bearer, begin, post, watching
from tests.llm.replying import make_run, work
from tests.make import make_colleague, make_scope


@dataclass
class Talk:
    """A conversation of Ada's that Bob takes part in, with a question and an answer, before something changes."""

    id: str
    ada: httpx.AsyncClient
    bob: httpx.AsyncClient
    bob_id: str
    asked: str
    answered: str

    @property
    def path(self) -> str:
        return f"/api/conversations/{self.id}"


async def ok(answer: Awaitable[httpx.Response]) -> None:
    response = await answer
    assert response.is_success, response.text


async def created(talk: Talk) -> None:
    await post(talk.bob, talk.id, "Something new")
    await post(talk.ada, talk.id, "In between", parent_id=talk.asked)


async def edited(talk: Talk) -> None:
    await ok(talk.ada.patch(f"/api/messages/{talk.asked}", json={"content": "What, exactly?"}))


async def deleted(talk: Talk) -> None:
    await ok(talk.ada.put(f"/api/messages/{talk.asked}/pin"))
    await ok(talk.ada.delete(f"/api/messages/{talk.asked}"))
    await ok(talk.ada.delete(f"/api/messages/{talk.answered}"))


async def renamed(talk: Talk) -> None:
    await ok(talk.ada.patch(talk.path, json={"title": "Other plans"}))


async def binned(talk: Talk) -> None:
    await ok(talk.ada.delete(talk.path))


async def restored(talk: Talk) -> None:
    await binned(talk)
    await ok(talk.ada.post(f"{talk.path}/restore"))


async def changed_members(talk: Talk) -> None:
    await ok(talk.ada.put(f"{talk.path}/members", json={"principal": "workspace"}))
    await ok(talk.ada.patch(f"{talk.path}/members/{talk.bob_id}", json={"role": "owner"}))
    await ok(talk.bob.delete(f"{talk.path}/members/workspace"))


async def left_and_came_back(talk: Talk) -> None:
    await ok(talk.bob.delete(f"{talk.path}/members/{talk.bob_id}"))
    made = await talk.ada.post(f"{talk.path}/invites", json={"role": "reader"})
    await ok(talk.bob.post(f"/api/invites/{made.json()['token']}/accept"))


async def removed(talk: Talk) -> None:
    await ok(talk.bob.put(f"{talk.path}/read", json={"seq": 2}))
    workspace = f"/api/workspaces/{talk.ada.headers['X-Workspace']}"
    await ok(talk.ada.delete(f"{workspace}/members/{talk.bob_id}"))


async def marked(talk: Talk) -> None:
    await post(talk.bob, talk.id, "News")
    await ok(talk.ada.put(f"{talk.path}/read", json={"seq": 2}))


async def kept(talk: Talk) -> None:
    await ok(talk.ada.put(f"{talk.path}/quiet", json={"is_quiet": True}))
    await ok(talk.ada.patch(talk.path, json={"archived": True}))
    await ok(talk.bob.put(f"{talk.path}/quiet", json={"is_quiet": True}))


async def reacted(talk: Talk) -> None:
    for who in (talk.ada, talk.bob):
        await ok(who.put(f"/api/messages/{talk.asked}/reactions/👍"))
    await ok(talk.bob.delete(f"/api/messages/{talk.asked}/reactions/👍"))


async def pinned(talk: Talk) -> None:
    for message in (talk.asked, talk.answered):
        await ok(talk.ada.put(f"/api/messages/{message}/pin"))
    await ok(talk.ada.delete(f"/api/messages/{talk.asked}/pin"))


async def looked(talk: Talk) -> None:
    body = {"content": "Another answer", "branch": True}
    await ok(talk.bob.patch(f"/api/messages/{talk.answered}", json=body))
    await ok(talk.ada.put(f"{talk.path}/active-leaf", json={"message_id": talk.answered}))


async def asked(talk: Talk) -> None:
    await post(talk.ada, talk.id, "And now?", reply={"stream": False})


async def stopped(talk: Talk) -> None:
    run = (await post(talk.ada, talk.id, "And now?", reply={"stream": False}))["run"]["id"]
    await ok(talk.bob.post(f"/api/runs/{run}/stop"))


CASES: list[tuple[ChangeKind, Callable[[Talk], Awaitable[None]]]] = [
    ("message.created", created),
    ("message.edited", edited),
    ("message.deleted", deleted),
    ("conversation.updated", renamed),
    ("conversation.deleted", binned),
    ("conversation.restored", restored),
    ("member.changed", changed_members),
    ("member.changed", left_and_came_back),
    ("member.changed", removed),
    ("read.changed", marked),
    ("reaction.changed", reacted),
    ("pin.changed", pinned),
    ("leaf.changed", looked),
    ("own.changed", kept),
    ("run.started", asked),
    ("run.ended", stopped),
]

# Every route that changes something: the cases above (or tests below) that use it, or why no conversation changes by it.
CASE_OF = {
    "POST /conversations/{}/messages": "created",
    "PATCH /messages/{}": "edited looked",
    "DELETE /messages/{}": "deleted",
    "PATCH /conversations/{}": "renamed kept",
    "DELETE /conversations/{}": "binned",
    "POST /conversations/{}/restore": "restored",
    "PUT /conversations/{}/members": "changed_members",
    "PATCH /conversations/{}/members/{}": "changed_members",
    "DELETE /conversations/{}/members/{}": "changed_members left_and_came_back",
    "POST /invites/{}/accept": "left_and_came_back",
    "PUT /conversations/{}/read": "marked",
    "PUT /conversations/{}/quiet": "kept",
    "PUT /messages/{}/reactions/{}": "reacted",
    "DELETE /messages/{}/reactions/{}": "reacted",
    "PUT /messages/{}/pin": "pinned",
    "DELETE /messages/{}/pin": "pinned",
    "PUT /conversations/{}/active-leaf": "looked",
    "POST /runs/{}/stop": "stopped",
    "DELETE /workspaces/{}/members/{}": "removed",
    "POST /messages/{}/regenerate": "test_who_asks_again_is_told_that_he_reads_the_new_reply",
    "POST /messages/{}/side-by-side": "test_who_asks_again_is_told_that_he_reads_the_new_reply",
}
NO_CASE = {
    "POST /conversations/{}/members": "writes what PUT writes, and refuses who is in already",
    "POST /conversations/{}/invites": "a link is its owner's, and changes who takes part when it is accepted",
    "DELETE /conversations/{}/invites/{}": "whom it let in stays",
    "POST /conversations": "makes a new one, which nobody watches yet",
    "POST /conversations/{}/fork": "makes a new one",
    "POST /conversations/import": "makes a new one",
    "PUT /conversations/{}/tags": "what it is found by; a conversation does not tell its tags",
    "PUT /messages/{}/feedback": "a thumb is its person's, and told with the run",
    "POST /messages/{}/trace/replay": "writes nothing",
    "POST /workspaces": "makes a new one",
    "POST /workspaces/{}/members": "lets into no conversation by itself",
    "PATCH /workspaces/{}/members/{}": "a guest loses what all members see: he is told (test_event_stream.py), who takes part stays",
}
ELSEWHERE = {
    "/auth/": "sessions and passwords; nothing renames an account",
    "/realtime/": "tickets",
    "/search": "questions",
    "/saved-searches": "its person's own, told as notifications",
    "/notifications": "its person's own, told as notifications",
    "/webhooks": "its person's own",
    "/files": "a file tells its own topic",
    "/upload": "a file tells its own topic",
    "/direct-uploads": "a file tells its own topic",
    "/admin/": "the installation",
}


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
    assert shown == [[mine], []]


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
