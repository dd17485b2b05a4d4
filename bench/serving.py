"""What benches of the running product share: a client that costs little, and the CPU of the server's processes.

The client writes HTTP itself, over connections that stay open, in the bench's own process.
"""

import asyncio
import os
import platform
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults.product import Product

PID_FILES = {
    "api": "run/api.pid",
    "embedder": "run/embedder.pid",
    "postgres": "postgres/data/postmaster.pid",
    "valkey": "valkey/valkey.pid",
}
IDLE_S = 2.0  # the server closes a connection that was idle for 5 s
DEGRADED = re.compile(rb'"degraded":\["([^\]]+)"\]')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def degraded(self) -> str:
        """Return the legs that were late, or that there was no answer (503): the machine was busy with other work."""
        found = DEGRADED.search(self.body)
        return "no answer" if self.status == 503 else found[1].decode() if found else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One connection to the API."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def get(self, path: str, *, token: str, workspace: str | None = None) -> Answer:
        """Ask and return the answer, of whatever status."""
        return await self.send("GET", path, token=token, workspace=workspace)

    async def send(
        self, method: str, path: str, *, token: str, workspace: str | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request, with JSON where there is a body, and return the answer, of whatever status."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {token}",
            *([f"X-Workspace: {workspace}"] if workspace else []),
            *(["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []),
        ]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return Answer(int(head.split(b" ", 2)[1]), await self.reader.readexactly(int(size or 0)))

    def close(self) -> None:
        self.writer.close()


async def open_line(product: Product) -> Line:
    """Connect to the API of a started product."""
    return Line(*await asyncio.open_connection("127.0.0.1", product.port))


@dataclass(frozen=True, slots=True)
class Lines:
    """As many connections as requests under way need; one that was idle for long is not used again."""

    product: Product
    idle: list[tuple[float, Line]] = field(default_factory=list)  # the last used one last

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[Line]:
        while self.idle and time.perf_counter() - self.idle[-1][0] > IDLE_S:
            self.idle.pop()[1].close()
        line = self.idle.pop()[1] if self.idle else await open_line(self.product)
        yield line
        self.idle.append((time.perf_counter(), line))

    def close(self) -> None:
        for _, line in self.idle:
            line.close()


def product_in(home: Path) -> Product:
    """Return the product of that home, not started, with the model that it has by default."""
    return Product(home, EMBEDDER="minilm", LOG_LEVEL="WARNING", REGISTRATION="open")


def cpu_s(home: Path) -> dict[str, float]:
    """Return the CPU seconds so far of each part."""
    return {part: cpu_s_of(home, part) for part in PID_FILES}


def cpu_s_of(home: Path, part: str) -> float:
    """Return the CPU seconds so far of a part, its children and those of them that have ended."""
    process = psutil.Process(int((home / PID_FILES[part]).read_text().split()[0]))
    living = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    return sum(process.cpu_times()[:4]) + living


def cpu_ms_each(
    before: dict[str, float], after: dict[str, float], requests: Sequence[object]
) -> dict[str, float]:
    """Return what one of the requests cost between two readings, by part."""
    return {part: 1000 * (after[part] - before[part]) / len(requests) for part in PID_FILES}


def machine() -> str:
    """Return what a table of latencies has to say of the machine."""
    load = os.getloadavg()[0]
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, load average {load:.1f} at the start, "
        f"Python {platform.python_version()}"
    )


def say(line: str) -> None:
    print(line, flush=True)
