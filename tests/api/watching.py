"""A client of the WebSocket for tests (the library `websockets`, over a real connection), and what it watches."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_S = 30.0
Json = dict[str, Any]


@dataclass
class Client:
    """One connection; `frames` are all that came so far, in order."""

    raw: ClientConnection
    frames: list[Json] = field(default_factory=list[Json])

    async def say(self, **command: object) -> None:
        await self.raw.send(orjson.dumps(command).decode())

    async def subscribe(self, topic: str, after: int | None = None) -> Json:
        """Watch a topic and return the answer."""
        resume = {} if after is None else {"resume": {"after": after}}
        begin = len(self.frames)
        await self.say(subscribe={"topic": topic, **resume})
        return await self.until(
            lambda f: f["topic"] == topic and f["event"] in {"subscribed", "error"}, begin=begin
        )

    async def until(self, wanted: Callable[[Json], bool], *, begin: int = 0) -> Json:
        """Return the first frame since `begin` that is wanted, waiting for it."""
        for at in range(begin, 1_000_000):
            while at >= len(self.frames):
                await self.next()
            if wanted(self.frames[at]):
                return self.frames[at]
        raise AssertionError

    async def event(self, event: str) -> Json:
        """Return the first frame of this event."""
        return await self.until(lambda frame: frame["event"] == event)

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE_S):
            frame: Json = orjson.loads(await self.raw.recv())
        self.frames.append(frame)
        return frame

    async def closed(self) -> int:
        """Read on to the end of the connection; return the code."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionClosed):
                while True:
                    self.frames.append(orjson.loads(await self.raw.recv()))
        assert self.raw.close_code is not None
        return self.raw.close_code

    def changes(self, topic: str) -> list[Json]:
        """Return the frames of the topic that have a place in its order."""
        return [
            f
            for f in self.frames
            if f["topic"] == topic and f["seq"] and f["event"] != "subscribed"
        ]


async def until(condition: Callable[[], object]) -> None:
    """Wait for a state of this process."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 the state is our own code's, no Event tells of it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def watching(
    url: str, headers: dict[str, str] | None = None, *, query: str = "", **options: Any
) -> AsyncGenerator[Client]:
    """Open a socket at an API's address; a refusal raises InvalidStatus."""
    address = f"{url.replace('http', 'ws', 1)}/api/realtime{query}"
    async with connect(
        address, additional_headers=headers or {}, compression=None, proxy=None, **options
    ) as raw:
        client = Client(raw)
        assert (await client.next())["event"] == "hello"
        yield client


def bearer(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the headers of a signed-in client, for a socket of the same person in the same workspace."""
    return {name: client.headers[name] for name in ("authorization", "x-workspace")}


async def begin(client: httpx.AsyncClient, **body: object) -> str:
    """Begin a conversation."""
    return (await client.post("/api/conversations", json=body)).json()["id"]


async def post(client: httpx.AsyncClient, talk: str, content: str = "Hello", **more: Any) -> Json:
    """Post a message."""
    path = f"/api/conversations/{talk}/messages"
    answer = await client.post(path, json={"content": content, **more})
    assert answer.status_code in {201, 202}, answer.text
    return answer.json()
