"""F18: streams of a reply break off after any number of bytes; resumed at either process, they are the same byte for byte (invariant I6)."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from app.resources import open_resources
from app.sessions import Sessions
from bench.realtime import Api
from tests.faults.counts import times
from tests.faults.proxy import proxied
from tests.make import make_colleague, make_scope
from workers.drain import Terms
from workers.main import RETRY, working

CUTS, ROUNDS = times(10, full=100), times(1, full=5)
PATHS = ("/api/runs/{run}/events", "/api/events?topic=run:{run}&after=0")
LONGEST = 2500  # bytes, about as many as an answer has
pytestmark = pytest.mark.timeout(600)


@dataclass
class Reader:
    """Reads a stream to its end over connections that break off; `events` are the bytes of each that came whole."""

    token: str
    workspace: str
    path: str
    events: list[bytes] = field(default_factory=list[bytes])
    cuts: int = 0

    async def read(self, apis: list[Api], *, first_cut: int) -> None:
        """Break off after so many bytes of the answer; come back, again and again, to the other process."""
        cut_after, n = first_cut, 0
        while not self._has_ended():
            api = apis[n % len(apis)]
            async with proxied(("127.0.0.1", api.port), cut_after=cut_after) as proxy:
                await self._read_on(f"http://127.0.0.1:{proxy.port}")
            self.cuts += not self._has_ended()
            cut_after, n = random.randrange(LONGEST), n + 1

    async def read_whole(self, api: Api) -> None:
        await self._read_on(f"http://127.0.0.1:{api.port}")
        assert self._has_ended()

    async def _read_on(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "X-Workspace": self.workspace}
        if self.events:
            headers["Last-Event-ID"] = _id(self.events[-1])
        rest = b""
        try:
            async with (
                httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
                client.stream("GET", self.path) as answer,
            ):
                assert answer.status_code == 200, await answer.aread()
                async for data in answer.aiter_raw():
                    *whole, rest = (rest + data).split(b"\n\n")
                    self.events += filter(_counts, whole)
                    if self._has_ended():
                        return
        except httpx.TransportError:
            pass  # cut

    def _has_ended(self) -> bool:
        return bool(self.events) and b"event: run.done" in self.events[-1]


def _counts(event: bytes) -> bool:
    """Return whether it is one of the run's: no heartbeat, and not the answer to the subscription."""
    return event.startswith(b"id: ") and b"event: subscribed" not in event


def _id(event: bytes) -> str:
    return event.split(b"\n", 1)[0].removeprefix(b"id: ").decode()


@asynccontextmanager
async def at_work(settings, vendor) -> AsyncGenerator[None]:
    """A worker for the database of the tests."""
    told = {"openai_base_url": vendor.base_url, "openai_api_key": SecretStr("none")}
    async with (
        open_resources(settings.model_copy(update=told), purpose="worker") as worker,
        working(worker, Terms(RETRY)),
    ):
        yield


async def ask(api: Api, token: str, workspace: str) -> str:
    """Have a question answered, from what another conversation says, where all may read it; return the run."""
    headers = {"Authorization": f"Bearer {token}", "X-Workspace": workspace}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{api.port}/api", headers=headers, timeout=60
    ) as client:
        known, talk = [(await client.post("/conversations")).json()["id"] for _ in range(2)]
        said = {"content": "The spare key hangs behind the blue door."}
        await client.post(f"/conversations/{known}/messages", json=said)
        for each in (known, talk):  # a source is named to who may read it
            share = {"principal": "workspace", "role": "reader"}
            await client.put(f"/conversations/{each}/members", json=share)
        asked = {"content": "Where does the spare key hang?", "reply": {"model": "openai:fake"}}
        posted = await client.post(f"/conversations/{talk}/messages", json=asked)
        return posted.json()["run"]["id"]


async def test_a_stream_that_breaks_off_anywhere_is_the_same_in_the_end(
    apis, resources, settings, vendor, owner_connection
):
    ada = await make_scope(owner_connection)
    # How much of the asker's was searched is told to him alone, so a colleague reads the whole.
    people = [ada, *[await make_colleague(owner_connection, ada) for _ in range(1 + CUTS)]]
    sessions = Sessions(resources.signin, resources.redis, timedelta(days=1))
    tokens = [(await sessions.start(who.account_id, kind="bearer")).token for who in people]
    workspace = str(ada.workspace_id)
    async with at_work(settings, vendor):
        for _ in range(ROUNDS):
            run = await ask(apis[0], tokens[0], workspace)
            paths = [path.format(run=run) for path in PATHS]
            wholes = [Reader(tokens[1], workspace, path) for path in paths]
            readers = [Reader(token, workspace, path) for token in tokens[2:] for path in paths]
            async with asyncio.TaskGroup() as reading:
                for whole in wholes:
                    reading.create_task(whole.read_whole(apis[0]))
                for n, one in enumerate(readers):
                    cut = random.randrange(LONGEST)
                    reading.create_task(one.read(apis[:: 1 - 2 * (n // 2 % 2)], first_cut=cut))
            for n, one in enumerate(readers):
                assert one.events == wholes[n % 2].events
            assert sum(one.cuts for one in readers) > CUTS
