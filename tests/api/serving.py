"""The application on a real port, for what httpx's in-process transport cannot do: streams that are read as they are written."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import uvicorn
from fastapi import FastAPI

from api.serve import MAX_MESSAGE_BYTES


@asynccontextmanager
async def served(app: FastAPI) -> AsyncGenerator[str]:
    """Serve the application, whose state is made already; yield its address."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 uvicorn has no Event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@dataclass(frozen=True)
class Received:
    id: int | str | None
    event: str
    data: dict[str, Any]


async def read_events(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    most: int | None = None,
    into: list[Received] | None = None,
) -> list[Received]:
    """Read a stream to its end, or break off after `most` events; `into` shows what has come so far."""
    found: list[Received] = [] if into is None else into
    async with client.stream("GET", url, headers=headers or {}, timeout=30) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for line in response.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    found.append(_received(fields))
                    fields = {}
                    if len(found) == most:
                        return found
                else:
                    fields = {}
    return found


def _received(fields: dict[str, str]) -> Received:
    number = _id_of(fields.get("id"))
    return Received(number, fields["event"], orjson.loads(fields["data"]))


def _id_of(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text
