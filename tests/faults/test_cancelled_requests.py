"""F14: requests are given up in the middle, at any await, and none of them leaves its answer to the next one.

redis-py (CVE-2023-28858, -28859) and asyncpg both have had it: what was cancelled left its reply, or an operation "in
progress", in a connection that another request got. Both are asked here through proxies that answer 100 ms late.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from api.main import api_state, create_app
from app.resources import Resources, open_resources
from tests.api.conftest import BASE
from tests.faults.counts import times
from tests.faults.product import eventually
from tests.faults.proxy import Proxy, proxied
from tests.make import make_colleague, make_scope

REQUESTS, READINGS = times(200, full=2000), times(60, full=1000)
AT_ONCE = 20
Work = Callable[[], Awaitable[None]]
LATE_S = 0.1
WORKSPACES = 4
pytestmark = pytest.mark.timeout(600)


@dataclass
class Slow:
    """The resources of an API whose servers answer late from `delay()` on."""

    resources: Resources
    proxies: tuple[Proxy, Proxy]

    def delay(self, seconds: float) -> None:
        for proxy in self.proxies:
            proxy.delay_s = seconds

    def pools(self):
        names = ("app", "search", "signin", "stream", "worker")
        return [getattr(self.resources, name) for name in names]

    async def is_at_rest(self) -> bool:
        """Return whether every connection was given back, and every seat."""
        free = [(pool.raw.get_idle_size(), pool.seats._value) for pool in self.pools()]
        whole = [(pool.raw.get_size(), pool.raw.get_max_size()) for pool in self.pools()]
        return free == whole and not self.resources.redis.connection_pool._in_use_connections


@dataclass
class Person:
    """Somebody of a workspace where everything names the workspace."""

    client: httpx.AsyncClient
    word: str
    talk: str
    seen: list[tuple[int, str]] = field(default_factory=list)

    async def ask(self) -> None:
        """Make one request of those that read Redis and PostgreSQL, or write; note what was answered."""
        paths = (f"/api/conversations/{self.talk}", f"/api/search?q={self.word}&mode=lexical",
                 "/api/conversations", "/api/auth/me", "")  # fmt: skip
        path = random.choice(paths)
        if path:
            answer = await self.client.get(path)
        else:
            path = f"/api/conversations/{self.talk}/messages"
            answer = await self.client.post(path, json={"content": f"More of {self.word}."})
        self.seen.append((answer.status_code, answer.text))


@pytest.fixture
async def slow(settings, resources):
    postgres = Path(unquote(urlsplit(settings.database_url.get_secret_value()).query).split("=")[1])
    valkey = Path(unquote(urlsplit(settings.redis_url.get_secret_value()).path))
    async with proxied(postgres / ".s.PGSQL.5432") as one, proxied(valkey) as two:
        database = f"postgresql://recollect@127.0.0.1:{one.port}/recollect?sslmode=disable"
        behind = {
            "database_url": SecretStr(database),
            "redis_url": SecretStr(f"redis://127.0.0.1:{two.port}"),
        }
        async with open_resources(settings.model_copy(update=behind), purpose="api") as opened:
            yield Slow(opened, (one, two))


@pytest.fixture
async def people(slow, owner_connection):
    """Two people in each of some workspaces, in an application on the slow resources."""
    app = create_app(nullcontext(slow.resources))
    app.state.api = await api_state(slow.resources)
    async with AsyncExitStack() as stack:
        found = []
        for n in range(WORKSPACES):
            owner = await make_scope(owner_connection, f"owner{n}")
            talk = None
            for scope in (owner, await make_colleague(owner_connection, owner)):
                new = await app.state.api.sessions.start(scope.account_id, kind="bearer")
                headers = {"Authorization": f"Bearer {new.token}", "X-Workspace": str(scope.workspace_id)}  # fmt: skip
                transport = httpx.ASGITransport(app)
                client = httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)
                await stack.enter_async_context(client)
                talk = talk or await begin(client, word_of(n))
                found.append(Person(client, word_of(n), talk))
        yield found
        await app.state.api.rooms.close()
        app.state.api.passwords.close()


def word_of(n: int) -> str:
    return f"harbour{'abcdefgh'[n] * 4}"


async def begin(client: httpx.AsyncClient, word: str) -> str:
    talk = (await client.post("/api/conversations", json={"title": word})).json()["id"]
    await client.post(f"/api/conversations/{talk}/messages", json={"content": f"Of {word}."})
    share = {"principal": "workspace", "role": "writer"}
    await client.put(f"/api/conversations/{talk}/members", json=share)
    return talk


async def give_up(works: Sequence[Work]) -> int:
    """Do all, and cancel each at a random moment before the slowest of some needs; return how many were cancelled."""
    began = time.monotonic()
    await asyncio.gather(*(work() for work in works[:AT_ONCE]))
    longest_s = time.monotonic() - began
    seats, cancelled = asyncio.Semaphore(AT_ONCE), 0

    async def begin_and_cancel(work: Work) -> None:
        nonlocal cancelled
        async with seats:
            task = asyncio.ensure_future(work())
            await asyncio.wait({task}, timeout=random.uniform(0, longest_s))
            task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                cancelled += 1
            else:
                task.result()

    await asyncio.gather(*map(begin_and_cancel, works))
    return cancelled


def foreign(people: list[Person]) -> list[str]:
    """Return the answers that name a workspace that did not ask."""
    words = {person.word for person in people}
    return [
        text
        for person in people
        for _, text in person.seen
        if any(word in text for word in words - {person.word})
    ]


async def test_no_request_gets_the_answer_of_one_that_was_given_up(slow, people):
    slow.delay(LATE_S)
    cancelled = await give_up([people[n % len(people)].ask for n in range(REQUESTS)])
    assert REQUESTS / 20 < cancelled < REQUESTS
    slow.delay(0)
    await eventually(slow.is_at_rest, within_s=60)
    for person in people * 5:
        await person.ask()
    assert foreign(people) == []
    odd = [seen for person in people for seen in person.seen if seen[0] not in {200, 201}]
    assert odd == []
    await eventually(slow.is_at_rest, within_s=60)


async def test_no_value_goes_to_another_command_or_query(slow):
    redis, pool = slow.resources.redis, slow.resources.app
    names = [f"workspace{n}" for n in range(50)]
    for name in names:
        await redis.set(name, name)
    seen: list[tuple[str, str, str]] = []

    async def look(name: str) -> None:
        cached = await redis.get(name)
        async with pool.write_tx() as conn:
            stored = await conn.raw.fetchval("SELECT $1::text", name)
        seen.append((name, cached.decode(), stored))

    slow.delay(LATE_S)
    cancelled = await give_up([partial(look, names[n % 50]) for n in range(READINGS)])
    assert READINGS / 20 < cancelled < READINGS
    slow.delay(0)
    await eventually(slow.is_at_rest, within_s=60)
    for name in names:
        await look(name)
    assert seen == [(name, name, name) for name, _, _ in seen]
