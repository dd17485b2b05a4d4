"""Ingesting 200 real documents of 4 to 8 kB: passages a second beside the embedder alone, CPU a document, and the same again.

    RECOLLECT_DATA=... .venv/bin/python -m bench.ingest [FEWER DOCUMENTS, where the machine is busy]

The documents are consecutive pieces, cut between paragraphs, of the five texts of rag/chunking-evaluation (a speech, chat
logs, finance reports, Wikipedia, PubMed), as they stand there. The real API takes them by HTTP, the real worker, embedder
process, PostgreSQL and Valkey do the rest. The reference, in the same run, is the same embedder process asked for the same
passages by one client, as many at once as the worker does, twice. CPU is of all processes and their children, the embedder's apart. Then the same
bytes come again: asked for by their hash, as `recollect upload` does; sent to their place, as the page does; sent as the newest
version; and as files of other names, which alone are read (from their twins).
"""

import asyncio
import hashlib
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.model_files import prepare_model
from app.model_recipes import MINILM
from app.probe import free_ports
from ingest.vectors import BATCH
from search.embed_client import EmbedClient
from sql.migrate import migrate

DOCUMENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
LEAST, MOST = 4_000, 7_000  # bytes; the last sentence may go beyond
PERSON = {"email": "bench@example.org", "password": "a long pass phrase"}


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds so far of each part, with the children that it has waited for."""

    seconds: dict[str, float]

    def __sub__(self, before: "Cpu") -> "Cpu":
        return Cpu({name: s - before.seconds[name] for name, s in self.seconds.items()})


def documents() -> list[bytes]:
    """Return the first DOCUMENTS pieces of the five texts, taken in turn."""
    corpus = Path(os.environ["RECOLLECT_DATA"]) / "rag/chunking-evaluation/corpus.jsonl"
    with corpus.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    pieces = [list(cut(text)) for text in texts]
    in_turn = [piece[n] for n in range(max(map(len, pieces))) for piece in pieces if n < len(piece)]
    assert len(in_turn) >= DOCUMENTS, len(in_turn)
    return in_turn[:DOCUMENTS]


def cut(text: str) -> Iterator[bytes]:
    """Yield pieces of LEAST to MOST bytes, cut between paragraphs or else lines or sentences."""
    piece = ""
    for part in parts(text):
        if len((piece + part).encode()) > MOST and len(piece.encode()) >= LEAST:
            yield piece.encode()
            piece = ""
        piece += part
    if LEAST <= len(piece.encode()) <= MOST:
        yield piece.encode()


def parts(text: str) -> Iterator[str]:
    for paragraph in text.splitlines(keepends=True):
        if len(paragraph.encode()) <= MOST - LEAST:
            yield paragraph
        else:
            yield from (sentence + ". " for sentence in paragraph.split(". "))


@dataclass(frozen=True, slots=True)
class Running:
    """The processes of one installation; the worker is stopped (SIGSTOP) until it is let go."""

    home: Path
    client: httpx.AsyncClient
    owner: "asyncpg.Connection[asyncpg.Record]"
    embedder: psutil.Process
    others: dict[str, psutil.Process]

    def cpu(self) -> Cpu:
        return Cpu({name: with_children_s(process) for name, process in self.others.items()})


@contextmanager
def open_folder() -> Generator[Path]:
    """Lend a folder that the database, which root gives to another user, can live in."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def main() -> None:
    files = documents()
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_folder())
        running = await start(stack, home)
        before = running.cpu()
        uploaded_s = await upload(running.client, files)
        model_s = sum(running.embedder.cpu_times()[:2])
        running.others["worker"].resume()
        async with asyncio.timeout(600):
            await until_done(running.owner)
        spent = running.cpu() - before
        model_s = sum(running.embedder.cpu_times()[:2]) - model_s
        texts, ingested_s = await passages_and_time(running.owner)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f};"
            f" uploads took {uploaded_s:.1f} s; {DOCUMENTS} documents of {len(texts)} passages\n"
        )
        print(f"CPU ms a document: {each_ms(spent)}; the model {1000 * model_s / DOCUMENTS:.0f}\n")
        print("| what | seconds | passages/s |\n| --- | --- | --- |")
        print(f"| ingestion | {ingested_s:.1f} | {len(texts) / ingested_s:.0f} |", flush=True)
        alone = EmbedClient(home / "run" / "embed.sock", MINILM.spec, documents_timeout_s=600)
        stack.push_async_callback(alone.close)
        alone_s = [await timed(alone, texts) for _ in range(2)]
        for seconds in alone_s:
            print(f"| the embedder alone | {seconds:.1f} | {len(texts) / seconds:.0f} |")
        print(f"\nratio {statistics.mean(alone_s) / ingested_s:.2f}\n", flush=True)
        print("| unchanged files again | files/s | CPU ms a file |\n| --- | --- | --- |")
        for name, one in (await repeated(running, files)).items():
            print(f"| {name} | {len(files) / one.seconds:.0f} | {each_ms(one.spent)} |")


def each_ms(spent: Cpu) -> str:
    """Say what a document costs, whole and by parts."""
    each = {name: 1000 * seconds / DOCUMENTS for name, seconds in spent.seconds.items()}
    parts_ms = ", ".join(f"{name} {ms:.0f}" for name, ms in each.items())
    return f"{sum(each.values()):.0f} ({parts_ms})"


async def start(stack: AsyncExitStack, home: Path) -> Running:
    prepare_model(home)
    (home / "run").mkdir()
    postgres = await start_postgres(home / "postgres")
    stack.push_async_callback(postgres.stop)
    valkey = await start_valkey(home / "valkey")
    stack.push_async_callback(valkey.stop)
    await migrate(postgres.url)
    [port] = free_ports(1)
    env = {
        **os.environ, "RECOLLECT_HOME": str(home), "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url,
        "PORT": str(port), "REGISTRATION": "open", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    names = {"embedder": "app.embedder_process", "API": "api.serve", "worker": "workers.main"}
    ours = {name: await program(stack, module, env) for name, module in names.items()}
    owner = await asyncpg.connect(postgres.url)
    stack.push_async_callback(owner.close)
    client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}"))
    await sign_in(client)
    await until(owner, "SELECT count(*) > 0 FROM heartbeat")
    await asyncio.sleep(1)
    ours["worker"].suspend()
    embedder = ours.pop("embedder")
    servers = {
        "PostgreSQL": psutil.Process(postgres.child.pid),
        "Valkey": psutil.Process(valkey.child.pid),
    }
    return Running(home, client, owner, embedder, ours | servers)


async def program(stack: AsyncExitStack, module: str, env: dict[str, str]) -> psutil.Process:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=env)

    async def stop() -> None:
        process.terminate()
        process.send_signal(signal.SIGCONT)
        await process.wait()

    stack.push_async_callback(stop)
    return psutil.Process(process.pid)


async def sign_in(client: httpx.AsyncClient) -> None:
    while True:
        try:
            await client.get("/healthz")
            break
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    (await client.post("/api/auth/register", json=PERSON)).raise_for_status()
    answer = await client.post("/api/auth/login?token=true", json=PERSON)
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"


async def upload(client: httpx.AsyncClient, files: list[bytes], *, prefix: str = "") -> float:
    began = time.perf_counter()
    for n, data in enumerate(files):
        answer = await client.post("/api/upload", content=data, headers=named(n, prefix))
        answer.raise_for_status()
    return time.perf_counter() - began


def named(n: int, prefix: str = "") -> dict[str, str]:
    return {"X-Filename": f"{prefix}{n}.txt"}


@dataclass(frozen=True, slots=True)
class Pass:
    """All documents once more: the seconds, and the CPU seconds of each part."""

    seconds: float
    spent: Cpu


async def repeated(running: Running, files: list[bytes]) -> dict[str, Pass]:
    """Return what each way of bringing the same files takes; the model has nothing to do in any."""
    listed = {
        file["sha256"]: file["id"]
        for page in range(0, len(files), 100)
        for file in await newest(running.client, page)
    }
    hashes = [hashlib.sha256(data).hexdigest() for data in files]

    async def ask(n: int) -> None:
        found = await running.client.get("/api/files", params={"sha256": hashes[n]})
        assert found.json()["items"][0]["id"] == listed[hashes[n]]

    async def post(n: int) -> None:
        answer = await running.client.post("/api/upload", content=files[n], headers=named(n))
        assert answer.json()["file"]["id"] == listed[hashes[n]]

    async def send(n: int) -> None:
        url = f"/api/files/{listed[hashes[n]]}/content"
        assert (await running.client.put(url, content=files[n])).json()["unchanged"]

    async def read() -> None:
        running.others["worker"].resume()
        await until(
            running.owner, "SELECT count(*) = 0 FROM file WHERE state IN ('queued', 'processing')"
        )

    model_s = sum(running.embedder.cpu_times()[:2])
    ways = {
        "asked for by hash": await passed(running, all_of(ask)),
        "sent to their place": await passed(running, all_of(post)),
        "sent as the newest version": await passed(running, all_of(send)),
    }
    running.others["worker"].suspend()
    await upload(running.client, files, prefix="again-")
    ways["read as files of other names"] = await passed(running, read())
    model_s = sum(running.embedder.cpu_times()[:2]) - model_s
    assert model_s < 0.1 * len(files) / 100, model_s  # its process only breathes
    return ways


async def passed(running: Running, work: Awaitable[None]) -> Pass:
    before, began = running.cpu(), time.perf_counter()
    await work
    return Pass(time.perf_counter() - began, running.cpu() - before)


async def newest(client: httpx.AsyncClient, skipped: int) -> list[dict[str, str]]:
    """Return a page of files behind the `skipped` newest, of 100."""
    cursor, answer = None, {}
    for _ in range(skipped // 100 + 1):
        parameters = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get("/api/files", params=parameters)).json()
        cursor = answer["next_cursor"]
    return answer["items"]


async def all_of(do: Callable[[int], Awaitable[None]]) -> None:
    """Do it for each document, eight at a time."""
    waiting = iter(range(DOCUMENTS))

    async def some() -> None:
        for n in waiting:
            await do(n)

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(some())


async def until(owner: "asyncpg.Connection[asyncpg.Record]", question: str) -> None:
    while True:
        if await owner.fetchval(question):
            return
        await asyncio.sleep(0.2)


async def until_done(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    await until(owner, "SELECT count(*) = 0 FROM file WHERE state IN ('queued', 'processing')")
    assert await owner.fetchval("SELECT count(*) FROM file WHERE state = 'ready'") == DOCUMENTS


async def passages_and_time(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[list[str], float]:
    rows = await owner.fetch(
        "SELECT substr(s.content, p.span_start + 1, p.span_end - p.span_start) AS text"
        " FROM passage p JOIN text_segment s ON s.build_id = p.build_id AND s.ordinal = 0"
    )
    spent = await owner.fetchval(
        "SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM file"
    )
    return [row["text"] for row in rows], spent


async def timed(alone: EmbedClient, texts: list[str]) -> float:
    began = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        await alone.embed_documents(texts[start : start + BATCH])
    return time.perf_counter() - began


def with_children_s(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, its ended children and those that still run."""
    running = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
    return sum(process.cpu_times()[:4]) + running


if __name__ == "__main__":
    asyncio.run(main())
