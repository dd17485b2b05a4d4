"""How fast and how dearly changes are told: 1,000 sockets at two API processes, 50 messages a second to rooms of 20.

    python -m bench.realtime [--sockets 1000] [--seconds 20] [--rate 50]

Messages are posted in this process by the function that the route calls, so the moment of the commit is known; the time to
each frame is taken where the client has it. Then one API process is told to end, and later killed, while messages go on:
every client comes back to where it was, and what it has got in all must be each change once and in order.
"""

import argparse
import asyncio
import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import orjson
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from api.conversations.posting import NewMessage, post
from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.resources import Resources, open_resources
from app.sessions import Sessions
from app.settings import CHECKOUT, Settings
from core.changes import ring_change
from core.scope import Scope
from sql.migrate import migrate
from tests.faults.product import until
from tests.make import make_colleague, make_scope
from tests.ports import own_port

ROOM = 20
PEOPLE = 100
OPENING_AT_ONCE = 40
BACK_S = 120.0
MADE_GOOD_S = 30.0  # a lost nudge, by the sweep


@dataclass
class Api:
    """One API process: a module and what it is told, after `python -m`."""

    port: int
    environment: dict[str, str]
    module: tuple[str, ...] = ("api.serve",)
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = [sys.executable, "-m", *self.module]
        self.process = await asyncio.to_thread(
            subprocess.Popen, command, cwd=CHECKOUT, env=self.environment
        )
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{self.port}/healthz")
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                else:
                    return

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> float:
        """End it, as an operator does or as a power cut; return the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(by)
        await asyncio.to_thread(self.process.wait)
        return time.monotonic() - began

    @property
    def rss_mb(self) -> float:
        assert self.process is not None
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


@dataclass
class Room:
    talk: UUID
    owner: Scope
    committed: dict[int, float] = field(default_factory=dict[int, float])  # by seq


@dataclass(eq=False)
class Watcher:
    """One client that stays: it comes back when told to, to whichever process answers. `port` is where it was last."""

    room: Room
    token: str
    workspace: UUID
    ports: list[int]
    port: int = 0
    arrivals: int = 0
    seq: int = 0
    seqs: list[int] = field(default_factory=list[int])
    doubles: int = 0
    delays_ms: list[float] = field(default_factory=list[float])
    is_back: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Watch for ever."""
        for port in itertools.cycle(self.ports):
            wait_ms = 200.0
            with suppress(OSError, ConnectionClosed, WebSocketException):
                wait_ms = await self._watch(port)
            self.is_back.clear()
            await asyncio.sleep(wait_ms / 1000)

    async def _watch(self, port: int) -> float:
        headers = {"Authorization": f"Bearer {self.token}", "X-Workspace": str(self.workspace)}
        url = f"ws://127.0.0.1:{port}/api/realtime"
        topic = f"conversation:{self.room.talk}"
        async with connect(
            url, additional_headers=headers, compression=None, proxy=None, ping_interval=None
        ) as raw:
            resume = {"subscribe": {"topic": topic, "resume": {"after": self.seq}}}
            await raw.send(orjson.dumps(resume).decode())
            async for text in raw:
                now = time.monotonic()
                frame = orjson.loads(text)
                if frame["event"] == "reconnect":
                    return float(frame["data"]["retry_ms"])
                if frame["event"] == "subscribed":
                    self.is_back.set()
                    self.port = port
                    self.arrivals += 1
                elif frame["topic"] == topic and frame["seq"]:
                    self._take(frame["seq"], now)
        return random.uniform(500, 5500)

    def _take(self, seq: int, now: float) -> None:
        if seq <= self.seq:
            self.doubles += 1
            return
        self.seq = seq
        self.seqs.append(seq)
        if seq in self.room.committed:
            self.delays_ms.append((now - self.room.committed[seq]) * 1000)


@asynccontextmanager
async def installation(home: Path) -> AsyncGenerator[tuple[Resources, list[Api], str]]:
    """Start a database, Valkey and two API processes on them."""
    postgres = await start_postgres(home / "postgres", options={"max_connections": "120"})
    valkey = await start_valkey(home / "valkey")
    await migrate(postgres.url)
    given = {"RECOLLECT_HOME": str(home), "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url,
             "EMBEDDER": "fake", "PATIENCE": "10", "REGISTRATION": "open", "LOG_LEVEL": "WARNING", "PATH": os.defpath}  # fmt: skip
    apis = [Api(port, {**given, "PORT": str(port)}) for port in (own_port(), own_port())]
    settings = Settings.model_validate({name.lower(): text for name, text in given.items()})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(postgres.stop)
        stack.push_async_callback(valkey.stop)
        resources = await stack.enter_async_context(open_resources(settings, purpose="api"))
        for api in apis:
            await api.start()
            stack.push_async_callback(api.stop)
        yield resources, apis, postgres.url


async def furnish(
    resources: Resources, dsn: str, *, sockets: int, ports: list[int]
) -> tuple[list[Room], list[Watcher]]:
    """Make people, conversations that all of them may read, and the clients that will watch."""
    owner = await asyncpg.connect(dsn)
    ada = await make_scope(owner)
    people = [ada, *[await make_colleague(owner, ada) for _ in range(PEOPLE - 1)]]
    sessions = Sessions(resources.signin, resources.redis, timedelta(days=1))
    tokens = [(await sessions.start(who.account_id, kind="bearer")).token for who in people]
    rooms: list[Room] = []
    watchers: list[Watcher] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}") as client:
        for n in range(sockets // ROOM):
            client.headers = {"Authorization": f"Bearer {tokens[n % PEOPLE]}", "X-Workspace": str(ada.workspace_id)}  # fmt: skip
            talk = (await client.post("/api/conversations")).json()["id"]
            share = {"principal": "workspace", "role": "writer"}
            await client.put(f"/api/conversations/{talk}/members", json=share)
            rooms.append(Room(UUID(talk), people[n % PEOPLE]))
    for n in range(sockets // ROOM * ROOM):
        near = ports if n % 2 else ports[::-1]
        watchers.append(Watcher(rooms[n // ROOM], tokens[n % PEOPLE], ada.workspace_id, near))
    await owner.close()
    return rooms, watchers


async def talk_on(resources: Resources, rooms: list[Room], *, seconds: float, rate: float) -> None:
    """Post at an even rate, to one room after the other, whatever each takes."""
    began, posting = time.monotonic(), set[asyncio.Task[None]]()
    for n, room in enumerate(itertools.cycle(rooms)):
        if n >= seconds * rate:
            break
        await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
        posting.add(asyncio.create_task(_post(resources, room, n)))
    await asyncio.gather(*posting)


async def _post(resources: Resources, room: Room, n: int) -> None:
    new = NewMessage(f"Message {n} of the bench, as long as people write.", None, None, ())
    async with resources.app.write_tx(room.owner) as conn:
        await post(conn, room.owner, room.talk, new=new, run=None)
        seq = await conn.raw.fetchval(
            "SELECT change_seq FROM conversation WHERE id = $1", room.talk
        )
    room.committed[seq] = time.monotonic()
    await ring_change(resources.redis, room.talk, seq)


async def open_all(watchers: list[Watcher]) -> "list[asyncio.Task[None]]":
    """Open every socket, some at a time."""
    tasks: list[asyncio.Task[None]] = []
    for at in range(0, len(watchers), OPENING_AT_ONCE):
        some = watchers[at : at + OPENING_AT_ONCE]
        tasks += [asyncio.create_task(one.run()) for one in some]
        await asyncio.gather(*(one.is_back.wait() for one in some))
    return tasks


def verdict(rooms: list[Room], watchers: list[Watcher]) -> tuple[int, int, int]:
    """Return how many changes were lost, came out of order, and came twice (and were known by their seq)."""
    latest = {room.talk: max(room.committed, default=0) for room in rooms}
    lost = sum(latest[one.room.talk] - one.seq for one in watchers)
    gaps = sum(one.seqs != list(range(one.seqs[0], one.seq + 1)) for one in watchers if one.seqs)
    return lost, gaps, sum(one.doubles for one in watchers)


def quantiles(delays: list[float]) -> str:
    cuts = statistics.quantiles(delays, n=100)
    return f"p50 {cuts[49]:.1f}, p95 {cuts[94]:.1f}, p99 {cuts[98]:.1f} ms of {len(delays)} frames"


async def main(sockets: int, seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory(prefix="recollect bench ") as folder:
        async with installation(Path(folder)) as (resources, apis, dsn):
            ports = [api.port for api in apis]
            rooms, watchers = await furnish(resources, dsn, sockets=sockets, ports=ports)
            before = [api.rss_mb for api in apis]
            began = time.monotonic()
            tasks = await open_all(watchers)
            print(
                f"opened {len(watchers)} sockets in {time.monotonic() - began:.1f} s; load {os.getloadavg()[0]:.1f}"
            )
            idle = [api.rss_mb for api in apis]
            kb = 1000 * (sum(idle) - sum(before)) / len(watchers)
            print(
                f"memory: {kb:.0f} kB a connection; API processes {idle[0]:.0f} and {idle[1]:.0f} MB"
            )
            await talk_on(resources, rooms, seconds=3, rate=rate)  # plans and caches
            for one in watchers:
                one.delays_ms.clear()
            await talk_on(resources, rooms, seconds=seconds, rate=rate)
            await asyncio.sleep(1)
            print(
                "commit to frame:",
                quantiles([ms for one in watchers for ms in one.delays_ms]),
                f"; load {os.getloadavg()[0]:.1f}",
            )
            for by in (signal.SIGTERM, signal.SIGKILL):
                cost = await restart(resources, rooms, watchers, apis[0], rate=rate, by=by)
                print(f"one process ended by {by.name}: {cost}")
            for task in tasks:
                task.cancel()


@dataclass(frozen=True, slots=True)
class Restart:
    """What an API process's end cost its clients: how many had to come back, after how long all were, and what came wrongly."""

    exit_s: float
    away: int
    back_s: float
    lost: int
    out_of_order: int
    twice: int


async def restart(  # noqa: PLR0913
    resources: Resources,
    rooms: list[Room],
    watchers: list[Watcher],
    api: Api,
    *,
    rate: float,
    by: signal.Signals,
    seconds: float = 15,
) -> Restart:
    """End one API process and start it again while people go on writing."""
    talking = asyncio.create_task(talk_on(resources, rooms, seconds=seconds, rate=rate))
    await asyncio.sleep(2)
    hit = {one: one.arrivals for one in watchers if one.port == api.port}
    began = time.monotonic()
    exit_s = await api.stop(by)
    starting = asyncio.create_task(api.start())
    await until(lambda: all(one.arrivals > n for one, n in hit.items()), within_s=BACK_S)
    back_s = time.monotonic() - began
    await talking
    await starting
    with suppress(AssertionError):  # then it is in the figures
        await until(lambda: verdict(rooms, watchers)[0] == 0, within_s=MADE_GOOD_S)
    return Restart(exit_s, len(hit), back_s, *verdict(rooms, watchers))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=50, help="messages a second")
    given = parser.parse_args()
    asyncio.run(main(given.sockets, given.seconds, given.rate))
