"""A server that takes every connection and never says a word: what a stopped machine or a dropping firewall is to its clients."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Silence:
    """`connections` counts those that were taken."""

    port: int = 0
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)


@asynccontextmanager
async def silent_server() -> AsyncGenerator[Silence]:
    silence = Silence()
    server = await asyncio.start_server(silence.take, "127.0.0.1", 0)
    silence.port = server.sockets[0].getsockname()[1]
    try:
        yield silence
    finally:
        server.close()
        for writer in silence.writers:
            writer.transport.abort()
