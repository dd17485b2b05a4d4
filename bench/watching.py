"""What benches of whole files share: real text without end, uploads, waiting for an end, and what the worker holds meanwhile."""

import asyncio
import itertools
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil

from app.probe import free_ports
from tests.faults.product import Product, signed_up

END = {"ready", "partial", "no_text", "failed", "cancelled"}
LOOK_S = 0.1


@asynccontextmanager
async def serving(*, embedder: str) -> AsyncGenerator[tuple[Product, httpx.AsyncClient]]:
    """Lend a product in a folder that the database, which root gives to another user, can live in, and somebody's client."""
    [port] = free_ports(1)
    with open_folder() as folder:
        settings = {"EMBEDDER": embedder, "REGISTRATION": "open", "PORT": str(port)}
        product = Product(folder / "home", **settings)
        product.port = port  # another bench may have been given the same one of the tests
        await product.start()
        try:
            async with signed_up(product, "bench") as client:
                yield product, client
        finally:
            await product.stop()


@contextmanager
def open_folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def lines() -> Iterator[str]:
    """Yield the lines of the five texts of rag/chunking-evaluation for ever, numbered: no two are equal."""
    corpus = Path(os.environ["RECOLLECT_DATA"]) / "rag/chunking-evaluation/corpus.jsonl"
    texts = [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()]
    real = [line for text in texts for line in text.splitlines() if line.strip()]
    for number, line in enumerate(itertools.cycle(real)):
        yield f"{number} {line}"


def text_of(size_bytes: int, source: Iterator[str]) -> bytes:
    """Return so many bytes of paragraphs, the last one cut."""
    parts, total = [], 0
    while total < size_bytes:
        parts.append(f"{next(source)}\n\n".encode())
        total += len(parts[-1])
    return b"".join(parts)[:size_bytes]


async def upload(client: httpx.AsyncClient, path: str, data: bytes) -> str:
    """Send a file; return its id."""
    folder, _, name = path.rpartition("/")
    headers = {"X-Filename": quote(name), "X-Folder": quote(folder)}
    answer = await client.post("/upload", content=data, headers=headers)
    return answer.raise_for_status().json()["file"]["id"]


async def ended(client: httpx.AsyncClient, id_: str) -> dict:
    """Wait until a file is ready or will not be; return it."""
    while True:
        file = (await client.get(f"/files/{id_}")).raise_for_status().json()
        if file["state"] in END:
            return file
        await asyncio.sleep(LOOK_S)


async def at_rest(client: httpx.AsyncClient) -> list[dict]:
    """Wait until there is nothing left to do; return all files."""
    while await _some(client, "queued") or await _some(client, "processing"):  # noqa: ASYNC110  (another process works)
        await asyncio.sleep(5 * LOOK_S)
    return await everything(client, "/files")


async def _some(client: httpx.AsyncClient, state: str) -> bool:
    page = await client.get("/files", params={"state": state, "limit": 1})
    return bool(page.raise_for_status().json()["items"])


async def everything(client: httpx.AsyncClient, path: str) -> list[dict]:
    """Return a list's entries, page by page."""
    items, cursor = [], None
    while True:
        asked = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=asked)).raise_for_status().json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@dataclass(slots=True)
class Peak:
    """The most that the worker and its children held at once; PSS shares out pages that they have in common."""

    pss_mb: float = 0.0
    largest_child_mb: float = 0.0

    def look(self, worker: psutil.Process) -> None:
        held = {}
        for process in (worker, *worker.children(recursive=True)):
            with suppress(psutil.Error):
                held[process.pid] = process.memory_full_info().pss / 1e6
        self.pss_mb = max(self.pss_mb, sum(held.values()))
        children = [mb for pid, mb in held.items() if pid != worker.pid]
        self.largest_child_mb = max([self.largest_child_mb, *children])


@asynccontextmanager
async def watched(product: Product) -> AsyncGenerator[Peak]:
    """Look at the worker's memory while the block runs."""
    pid = product.pid("worker")
    assert pid is not None
    peak, worker = Peak(), psutil.Process(pid)

    async def look() -> None:
        while True:
            await asyncio.to_thread(peak.look, worker)
            await asyncio.sleep(LOOK_S)

    looking = asyncio.create_task(look())
    try:
        yield peak
    finally:
        looking.cancel()


def cpu_s(product: Product, parts: Iterable[str]) -> float:
    """Return the CPU seconds so far of parts of the product, with the children that they have waited for."""
    pids = [pid for part in parts if (pid := product.pid(part)) is not None]
    return sum(_with_children_s(psutil.Process(pid)) for pid in pids)


def _with_children_s(process: psutil.Process) -> float:
    running = 0.0
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            running += sum(child.cpu_times()[:2])
    return sum(process.cpu_times()[:4]) + running


def said() -> str:
    """Return on what this was measured."""
    load = ", ".join(f"{minute:.1f}" for minute in os.getloadavg())
    return f"{os.uname().machine}, {os.cpu_count()} cores, load average {load}"
