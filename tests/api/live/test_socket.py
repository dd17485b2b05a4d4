import asyncio
import socket as sockets
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from api.live.socket import Pace, Socket
from tests.api.serving import served
from tests.api.watching import bearer, begin, post, watching


@pytest.fixture
async def url(app, resources):
    async with served(app) as url:
        yield url


@pytest.fixture
async def shared(signed_in, ada):
    """A conversation of Ada's that everybody in her workspace may read."""
    client = await signed_in(ada)
    talk = await begin(client)
    await client.put(f"/api/conversations/{talk}/members", json={"principal": "workspace"})
    return talk


async def test_who_types_and_who_is_there_is_told_to_the_others(url, signed_in, ada, bob, shared):
    topic = f"conversation:{shared}"
    async with (
        watching(url, bearer(await signed_in(ada))) as hers,
        watching(url, bearer(await signed_in(bob))) as his,
    ):
        for one in (hers, his):
            await one.subscribe(topic)
            await one.say(presence={"topic": topic})
        both = sorted(str(one.account_id) for one in (ada, bob))
        await hers.until(lambda f: f["event"] == "presence" and f["data"]["here"] == both)
        await his.say(typing={"topic": topic})
        typing = await hers.event("typing")
        assert typing == {
            "topic": topic, "seq": None, "event": "typing",
            "data": {"account_id": str(bob.account_id), "for_s": 6},
        }  # fmt: skip
        await his.raw.close()
        alone = [str(ada.account_id)]
        await hers.until(lambda f: f["event"] == "presence" and f["data"]["here"] == alone)


async def test_who_is_taken_out_is_not_there_any_more(url, app, signed_in, mine, ada, bob, shared):
    topic = f"conversation:{shared}"
    async with (
        watching(url, bearer(mine)) as hers,
        watching(url, bearer(await signed_in(bob))) as his,
    ):
        await hers.subscribe(topic)
        await his.subscribe(topic)
        await his.say(presence={"topic": topic})
        await hers.until(lambda f: f["event"] == "presence" and f["data"]["here"])
        gone = await mine.delete(f"/api/conversations/{shared}/members/workspace")
        assert gone.status_code == 204
        await hers.until(lambda f: f["event"] == "presence" and not f["data"]["here"])
        assert (topic, bob.account_id) not in app.state.api.presence._here
        await his.say(presence={"topic": topic, "here": False})
        await his.say(ping="")
        await his.event("pong")
    assert [f["topic"] for f in his.frames if f["event"] == "error"] == [topic]


async def test_what_is_not_watched_is_not_typed_in(url, signed_in, ada, shared):
    async with watching(url, bearer(await signed_in(ada))) as socket:
        await socket.say(typing={"topic": f"conversation:{shared}"})
        refused = await socket.event("error")
    assert refused["data"]["error"]["code"] == "VALIDATION_ERROR"


async def test_what_says_nothing_is_answered_by_an_error_and_a_ping_by_a_pong(url, signed_in, ada):
    async with watching(url, bearer(await signed_in(ada))) as socket:
        await socket.raw.send("no json")
        assert (await socket.event("error"))["data"]["error"]["code"] == "VALIDATION_ERROR"
        await socket.say(ping="7")
        assert (await socket.event("pong"))["data"] == "7"


async def test_a_conversation_left_is_told_of_no_more(url, signed_in, ada):
    client = await signed_in(ada)
    talk = await begin(client)
    async with watching(url, bearer(client)) as socket:
        await socket.subscribe(f"conversation:{talk}")
        await socket.say(unsubscribe={"topic": f"conversation:{talk}"})
        await socket.event("unsubscribed")
        await post(client, talk)
        await socket.say(ping="")
        await socket.event("pong")
        assert socket.changes(f"conversation:{talk}") == []


async def test_who_is_removed_hears_nothing_said_after(url, signed_in, ada, bob, shared):
    hers, topic = await signed_in(ada), f"conversation:{shared}"
    async with watching(url, bearer(await signed_in(bob))) as his:
        await his.subscribe(topic)
        await post(hers, shared, "for all")
        await his.event("message.created")
        gone = await hers.delete(f"/api/conversations/{shared}/members/workspace")
        assert gone.status_code == 204
        await post(hers, shared, "for nobody")
        refused = await his.event("error")
        assert (refused["topic"], refused["data"]["error"]["code"]) == (topic, "NOT_FOUND")
        await his.say(ping="")
        await his.event("pong")
    assert "for nobody" not in str(his.frames)


async def test_who_signs_out_is_disconnected(url, signed_in, ada):
    client = await signed_in(ada)
    async with watching(url, bearer(client)) as socket:
        await socket.say(ping="")
        await socket.event("pong")
        assert (await client.post("/api/auth/logout")).status_code == 204
        assert await socket.closed() == 1008


async def test_who_is_removed_from_the_workspace_is_disconnected_at_once(
    url, signed_in, mine, ada, bob, shared, owner_connection, monkeypatch
):
    monkeypatch.setattr("api.live.rooms.CHECK_S", 600.0)
    monkeypatch.setitem(Socket.__init__.__kwdefaults__, "pace", Pace(check_s=600))
    await owner_connection.execute(
        "UPDATE workspace SET kind = 'shared' WHERE id = $1", ada.workspace_id
    )
    async with watching(url, bearer(await signed_in(bob))) as his:
        await his.subscribe(f"conversation:{shared}")
        gone = await mine.delete(f"/api/workspaces/{ada.workspace_id}/members/{bob.account_id}")
        assert gone.status_code == 204
        assert await his.closed() == 1008


@pytest.mark.parametrize(
    ("sent", "code"), [(b"bytes", 1003), ("x" * (65 << 10), 1009)], ids=["bytes", "too long"]
)
async def test_what_no_client_of_ours_sends_ends_the_connection(url, signed_in, ada, sent, code):
    async with watching(url, bearer(await signed_in(ada))) as socket:
        with suppress(ConnectionClosed):
            await socket.raw.send(sent)
        assert await socket.closed() == code


async def test_a_flood_of_commands_ends_the_connection(url, signed_in, ada, monkeypatch):
    monkeypatch.setattr("api.live.commands.COMMANDS_PER_S", 0.0)
    async with watching(url, bearer(await signed_in(ada))) as socket:
        with suppress(ConnectionClosed):
            for _ in range(300):
                await socket.say(ping="")
        assert await socket.closed() == 1008


async def test_who_does_not_read_is_dropped_and_costs_the_others_nothing(
    url, app, signed_in, ada, monkeypatch
):
    monkeypatch.setitem(Socket.__init__.__kwdefaults__, "pace", Pace(send_timeout_s=2))
    client = await signed_in(ada)
    talk = await begin(client)
    topic, headers = f"conversation:{talk}", bearer(client)
    loud = orjson.dumps({"event": "typing", "data": {"words": "word " * 15_000}}).decode()
    async with watching(url, headers) as reading, unread(url, headers, topic):
        await reading.subscribe(topic)
        assert app.state.sockets._open.total() == 2
        heard = 0
        while app.state.sockets._open.total() == 2:
            app.state.api.rooms._rooms[UUID(talk)].hear(loud)
            await reading.next()
            heard += 1
        await post(client, talk)
        await reading.event("message.created")
    assert [frame["event"] for frame in reading.frames].count("typing") == heard


async def test_at_shutdown_clients_are_told_to_come_back(url, app, signed_in, ada):
    client = await signed_in(ada)
    async with watching(url, bearer(client)) as socket:
        for end_one in tuple(app.state.sockets._ends):
            end_one()
        assert await socket.closed() == 1012
    assert 500 <= (await socket.event("reconnect"))["data"]["retry_ms"] <= 5500


@asynccontextmanager
async def unread(url: str, headers: dict[str, str], topic: str):
    """A client with a small window that subscribes and then reads nothing."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    address = httpx.URL(url)
    await asyncio.get_running_loop().sock_connect(raw, (address.host, address.port))
    async with watching(url, headers, sock=raw) as client:
        await client.subscribe(topic)
        client.raw.transport.pause_reading()
        yield
        client.raw.transport.abort()
