"""A proxy in front of one server, for what networks do: answers come late, or break off after so many bytes."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.tasks import end

Address = Path | tuple[str, int]  # of a unix socket, or host and port


@dataclass
class Proxy:
    """Listens at `port` of 127.0.0.1. Answers come `delay_s` late, from now on; a connection breaks off after `cut_after` bytes of them."""

    server: Address
    port: int = 0
    delay_s: float = 0.0
    cut_after: int | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it; who accepted it closes it."""
        with suppress(OSError):
            behind, ahead = await self._reach()
            late = asyncio.Queue[tuple[float, bytes]]()
            asking = asyncio.create_task(_carry(reader, ahead))
            answering = asyncio.create_task(self._hold_back(behind, late))
            sending = asyncio.create_task(self._send(late, writer))
            try:
                await asyncio.wait({asking, sending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ahead.transport.abort()
                await end([asking, answering, sending])

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.server, Path):
            return await asyncio.open_unix_connection(self.server)
        return await asyncio.open_connection(*self.server)

    async def _hold_back(
        self, reader: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        data = b"?"
        while data:
            data = await reader.read(65_536)
            late.put_nowait((time.monotonic() + self.delay_s, data))

    async def _send(
        self, late: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        left = self.cut_after
        while left is None or left > 0:
            due, data = await late.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                return
            writer.write(data[:left])
            await writer.drain()
            left = None if left is None else left - len(data)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def proxied(server: Address, *, cut_after: int | None = None) -> AsyncGenerator[Proxy]:
    """Lend a proxy; who still goes through it at the end is cut off."""
    proxy, serving = Proxy(server, cut_after=cut_after), set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)
        task.add_done_callback(lambda _: writer.close())

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await end(serving)
