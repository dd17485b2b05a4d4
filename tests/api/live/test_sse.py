import asyncio
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request

from api.live.sse import EventStream, Frame, Pace, Streams
from core.errors import NotFound, RateLimited, Unavailable
from core.events import Feed
from core.ids import new_id
from core.redis_pool import open_redis
from core.scope import Scope

SCOPE = Scope(new_id(), new_id(), "owner")


class Client:
    """The other end of one request: takes what is sent, as slowly as it is told to."""

    def __init__(self, *, blocks=False, leaves_after=None):
        self.sent = []
        self.blocks = blocks
        self.leaves_after = leaves_after  # so many heartbeats
        self.left = asyncio.Event()
        self.is_broken_off = False

    def abort(self):
        self.is_broken_off = True

    async def send(self, message):
        if self.blocks and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        self.sent.append(message)
        if self.text.count("event: heartbeat") == self.leaves_after:
            self.left.set()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def text(self):
        return b"".join(m.get("body", b"") for m in self.sent).decode()

    @property
    def is_complete(self):
        return bool(self.sent) and self.sent[-1].get("more_body") is False


def request():
    """A request that nobody has signed, or not any more."""
    app, away = FastAPI(), open_redis("unix:///nowhere/valkey.sock")
    app.state.api = SimpleNamespace(resources=SimpleNamespace(feed=Feed(away, away)))
    return Request(
        {
            "type": "http",
            "headers": [],
            "app": app,
            "request_id": "req_1",
            "method": "GET",
            "path": "/",
            "query_string": b"",
        }
    )


async def serve(frames, client, *, streams=None, pace=Pace(check_s=60)):  # noqa: B008 frozen
    stream = EventStream(
        frames, streams=streams or Streams(), request=request(), scope=SCOPE, pace=pace
    )
    async with asyncio.timeout(60):
        await stream({"abort": client.abort}, client.receive, client.send)


async def two():
    yield Frame("delta", '{"text":"a"}', 1)
    yield Frame("run.done", "{}", 2)


async def silence():
    while True:
        await asyncio.sleep(0.02)
        yield None


async def test_frames_are_sent_as_they_are_with_a_jittered_retry_before_them():
    client = Client()
    await serve(two(), client)
    retry, rest = client.text.split("\n\n", 1)
    assert 500 <= int(retry.removeprefix("retry: ")) < 5500
    assert rest == 'id: 1\nevent: delta\ndata: {"text":"a"}\n\nid: 2\nevent: run.done\ndata: {}\n\n'
    assert client.is_complete
    headers = dict(client.sent[0]["headers"])
    assert headers[b"cache-control"] == b"no-cache, no-transform"
    assert headers[b"x-accel-buffering"] == b"no"


async def test_a_silence_is_broken_by_heartbeats_until_the_client_leaves():
    client, began = Client(leaves_after=3), asyncio.get_running_loop().time()
    await serve(silence(), client, pace=Pace(heartbeat_s=0.1, check_s=60))
    assert client.text.count("event: heartbeat") >= 3
    assert asyncio.get_running_loop().time() - began > 0.29
    assert not client.is_complete


async def test_a_client_that_stops_reading_is_broken_off():
    client = Client(blocks=True)
    await serve(two(), client, pace=Pace(send_timeout_s=0.1))
    assert client.is_broken_off


async def test_a_client_that_does_not_even_read_of_an_error_is_broken_off():
    async def behind():
        client.blocks = True
        raise Unavailable("The stream fell behind.")
        yield

    client = Client()
    await serve(behind(), client, pace=Pace(send_timeout_s=0.1))
    assert client.is_broken_off


async def test_at_shutdown_clients_are_told_to_come_back():
    client, streams = Client(), Streams()
    asyncio.get_running_loop().call_later(0.1, streams.close)
    await serve(silence(), client, streams=streams)
    assert client.text.endswith("event: reconnect\ndata: {}\n\n")
    assert client.is_complete
    with pytest.raises(Unavailable):
        await serve(two(), Client(), streams=streams)


async def test_an_error_on_the_way_leaves_in_the_envelope():
    async def gone():
        yield Frame("delta", "{}", 1)
        raise NotFound("No such run.")

    client = Client()
    await serve(gone(), client)
    assert (
        'event: error\ndata: {"error":{"code":"NOT_FOUND","message":"No such run."' in client.text
    )
    assert client.is_complete


async def test_a_session_that_has_ended_ends_the_stream():
    client = Client()
    await serve(silence(), client, pace=Pace(check_s=0))
    assert '"code":"UNAUTHENTICATED"' in client.text


async def test_an_account_may_hold_five_streams():
    streams, clients = Streams(), [Client() for _ in range(5)]
    open_streams = [asyncio.create_task(serve(silence(), c, streams=streams)) for c in clients]
    await asyncio.sleep(0.05)
    with pytest.raises(RateLimited):
        await serve(two(), Client(), streams=streams)
    for client in clients:
        client.left.set()
    await asyncio.gather(*open_streams)
    await serve(two(), Client(), streams=streams)
