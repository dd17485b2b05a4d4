"""F16: clients of streams and sockets stop reading: each is dropped, the memory stays, and who reads misses nothing."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import orjson
import psutil
import pytest
import structlog

from app.sessions import Sessions
from bench.realtime import Api, Room, Watcher, open_all, talk_on
from core.changes import change_topic
from core.events import whisper
from core.tasks import end
from tests.faults.counts import FULL, times
from tests.faults.product import eventually
from tests.make import make_colleague, make_conversation, make_scope
from tests.ports import own_port

OF_EACH = times(5, full=50)  # streams, and sockets
STREAMS_OF_ONE = 5  # person; more are refused
PATIENCE_S = times(2, full=20)  # of the process; 20 s is what it is in truth
DROPPED_S = 30.0
GROWTH_MB = 100
LOUD = orjson.dumps({"event": "typing", "data": {"words": "word " * 12_000}}).decode()
LET_IN = (b"HTTP/1.1 200", b"HTTP/1.1 101")
SOCKET_HEAD = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
log = structlog.get_logger()
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def api(api_environment):
    port = own_port()
    module = ("tests.faults.impatient_api", str(PATIENCE_S))
    api = Api(port, api_environment | {"PORT": str(port)}, module)
    await api.start()
    yield api
    await api.stop()


async def stop_reading(api: Api, request: bytes, then: bytes) -> socket.socket:
    """Open a stream or a socket, with a small window, and read nothing of it but that it was let in."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", api.port))
    await loop.sock_sendall(raw, request)
    async with asyncio.timeout(60):
        assert await loop.sock_recv(raw, len(LET_IN[0])) in LET_IN
    await loop.sock_sendall(raw, then)
    return raw


def stream_of(token: str, room: Room) -> tuple[bytes, bytes]:
    """Return the request for an event stream, and what follows it: nothing."""
    return _request(f"/api/events?topic=conversation:{room.talk}", token, room), b""


def socket_of(token: str, room: Room) -> tuple[bytes, bytes]:
    """Return the handshake and, masked with zeros, a subscription."""
    wanted = orjson.dumps({"subscribe": {"topic": f"conversation:{room.talk}"}})
    frame = bytes([0x81, 0x80 | len(wanted)]) + bytes(4) + wanted
    return _request("/api/realtime", token, room, SOCKET_HEAD), frame


def _request(path: str, token: str, room: Room, more: str = "") -> bytes:
    who = f"Authorization: Bearer {token}\r\nX-Workspace: {room.owner.workspace_id}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{who}{more}\r\n".encode()


def still_there(api: Api, ports: set[int]) -> int:
    """Return how many of the connections from these ports the process holds."""
    assert api.process is not None
    held = psutil.Process(api.process.pid).net_connections("tcp")
    return sum(bool(one.raddr) and one.raddr.port in ports for one in held)


async def talk_loudly(resources, room: Room) -> None:
    """Tell the room so much that no buffer holds it."""
    while True:
        await whisper(resources.redis, change_topic(room.talk), LOUD)
        await asyncio.sleep(0.05)


async def furnish(resources, owner_connection) -> tuple[Room, list[str]]:
    """Make a room that a workspace may read; return the tokens of its people, the first the owner's."""
    ada = await make_scope(owner_connection)
    room = Room(await make_conversation(owner_connection, ada), ada)
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $1, 'reader')",
        ada.workspace_id, room.talk,
    )  # fmt: skip
    sessions = Sessions(resources.signin, resources.redis, timedelta(days=1))
    others = [await make_colleague(owner_connection, ada) for _ in range(OF_EACH // STREAMS_OF_ONE)]
    return room, [
        (await sessions.start(who.account_id, kind="bearer")).token for who in (ada, *others)
    ]


@asynccontextmanager
async def stuck(api: Api, room: Room, tokens: list[str]) -> AsyncGenerator[set[int]]:
    """Lend the ports of clients that read nothing."""
    with ExitStack() as stack:
        ports: set[int] = set()
        for n in range(OF_EACH):
            for kind in (stream_of, socket_of):
                opening = stop_reading(api, *kind(tokens[n // STREAMS_OF_ONE], room))
                ports.add(stack.enter_context(await opening).getsockname()[1])
        yield ports


async def test_who_does_not_read_is_dropped_and_the_others_go_on(api, resources, owner_connection):
    room, (token, *tokens) = await furnish(resources, owner_connection)
    watchers = [Watcher(room, token, room.owner.workspace_id, [api.port]) for _ in range(3)]
    tasks = await open_all(watchers)

    async def all_heard() -> bool:
        return all(one.seq == max(room.committed) for one in watchers)

    async with stuck(api, room, tokens) as ports:

        async def all_gone() -> bool:
            return still_there(api, ports) == 0

        assert still_there(api, ports) == 2 * OF_EACH
        before_mb, began = api.rss_mb, time.monotonic()
        tasks.append(asyncio.create_task(talk_loudly(resources, room)))
        try:
            await talk_on(resources, [room], seconds=PATIENCE_S, rate=10)
            await eventually(all_gone, within_s=90)
            took_s, growth_mb = time.monotonic() - began, api.rss_mb - before_mb
            log.info("all are dropped", took_s=took_s, growth_mb=growth_mb)
            await eventually(all_heard, within_s=60)
        finally:
            await end(tasks)
    assert growth_mb < GROWTH_MB
    assert took_s < DROPPED_S or not FULL
    assert [one.seqs for one in watchers] == [sorted(room.committed)] * len(watchers)
