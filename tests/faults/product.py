"""The whole product under test: `recollect serve` as its users start it, in a home of its own, and a hand to kill its parts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson

from app.child import command_line
from app.settings import CHECKOUT
from tests.ports import own_port

PASSWORD = "a long enough passphrase"
PID_FILES = {
    "postgres": "postgres/data/postmaster.pid",
    "valkey": "valkey/valkey.pid",
    "worker": "run/worker.pid",
    "api": "run/api.pid",
}


class Product:
    """One home and port; start() and stop() as often as needed."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = own_port()
        self._output = home.parent / f"{home.name}.out"
        self._environment = {
            "PATH": os.defpath,
            "RECOLLECT_HOME": str(home),
            "PORT": str(self.port),
            "EMBEDDER": "fake",
            "PATIENCE": "10",  # a busy machine's late answers are no faults
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = self._spawn()
        await until(lambda: self._says("Recollect is ready"), within_s=110)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    async def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, 60)

    def run(self, *command: str, within_s: float = 110) -> subprocess.CompletedProcess[str]:
        """Run another command of the CLI on this home."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *command],
            cwd=CHECKOUT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def pid(self, name: str) -> int | None:
        try:
            return int((self.home / PID_FILES[name]).read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def kill(self, name: str) -> None:
        """Kill -9 a part."""
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill -9 the supervisor and all parts at once, as a power cut does."""
        assert self._process is not None
        self._process.kill()
        for name in PID_FILES:
            self.kill(name)
        self._process.wait()

    async def another(self, name: str, *, than: int | None) -> None:
        """Wait until a killed part has a successor."""
        await until(lambda: self.pid(name) not in (None, than), within_s=110)

    def processes(self) -> list[str]:
        """Return the command lines of what works on this home."""
        lines = {int(p.name): command_line(int(p.name)) for p in Path("/proc").glob("[0-9]*")}
        ours = {pid for pid in map(self.pid, PID_FILES) if pid is not None}
        return [
            line for pid, line in lines.items() if line and (pid in ours or str(self.home) in line)
        ]

    def sockets(self) -> list[Path]:
        return [path for path in self.home.rglob("*") if path.is_socket()]

    def log(self) -> str:
        return self._output.read_text(errors="replace")

    def database_url(self) -> str:
        published = orjson.loads((self.home / "run" / "services.json").read_bytes())
        return str(published["database_url"])

    def _says(self, words: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        return words in self.log()


async def until(condition: Callable[[], bool], *, within_s: float) -> None:
    async def asking() -> bool:
        return condition()

    await eventually(asking, within_s=within_s)


async def eventually(asking: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    """Ask again and again until the answer is yes."""
    deadline = time.monotonic() + within_s
    while not await asking():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def running(home: Path, **environment: str) -> AsyncGenerator[Product]:
    """Lend a started product; settings are given as in the environment."""
    product = Product(home, **environment)
    await product.start()
    try:
        yield product
    finally:
        await product.stop()


@asynccontextmanager
async def signed_up(product: Product, name: str) -> AsyncGenerator[httpx.AsyncClient]:
    """Make an account and lend its client, with a bearer token."""
    async with httpx.AsyncClient(base_url=f"{product.url}/api", timeout=60) as client:
        person = {"email": f"{name}@example.org", "password": PASSWORD}
        (await client.post("/auth/register", json=person)).raise_for_status()
        answer = (await client.post("/auth/login?token=true", json=person)).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client
