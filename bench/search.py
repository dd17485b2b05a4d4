"""What a search costs: latency, requests a second and CPU, beside an HTTP route that does nothing (/healthz).

    RECOLLECT_DATA=... .venv/bin/python -m bench.search [--folder DIR]

The product as `recollect serve` starts it, over loopback, with the real model. Index: pieces of the
five texts of rag/chunking-evaluation, about 1,100 passages; queries: its questions, each asked once (never seen) and then again (vectors
cached). The client writes HTTP itself, in this process, which is not counted: CPU is that of the server's processes.
--folder keeps the installation for the next run. Prints a Markdown table.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import numpy as np

from bench.serving import cpu_ms_each, cpu_s, machine, open_line, product_in, say
from tests.faults.product import Product, signed_up

DOCUMENTS, LENGTH = 110, 8_000  # pieces and their characters: about 1,100 passages
ALONE, CLIENTS = 120, 8  # questions that one client asks; the others are asked by eight
WARM = 80
SETTLED = """
    SELECT count(*) FILTER (WHERE state <> 'ready') = 0
        AND (SELECT refreshed_count * 1.1 > passage_count FROM corpus_stat)
    FROM file
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round of requests took; `cpu_ms` is a request's, by part."""

    took_ms: list[float]
    degraded: int  # a leg was late, or both were (503): the machine was busy with other work
    requests_per_s: float
    cpu_ms: dict[str, float]

    def row(self, what: str, clients: int, nothing: "Sample | None") -> str:
        p50, p95 = np.percentile(self.took_ms, [50, 95])
        by_part = ", ".join(f"{part} {ms:.1f}" for part, ms in self.cpu_ms.items())
        ratio = np.median(self.took_ms) / np.median((nothing or self).took_ms)
        return (
            f"| {what} | {clients} | {p50:.1f} | {p95:.1f} | {self.requests_per_s:.0f} |"
            f" {sum(self.cpu_ms.values()):.1f} ({by_part}) | {ratio:.1f} | {self.degraded} |"
        )


@dataclass(frozen=True, slots=True)
class Server:
    product: Product
    token: str

    async def ask(self, paths: Sequence[str], *, clients: int) -> Sample:
        """Send the requests over that many connections, each as soon as the one before is answered."""
        waiting = iter(paths)
        before, began = cpu_s(self.product.home), time.perf_counter()
        by_client = await asyncio.gather(*(self._client(waiting) for _ in range(clients)))
        seconds, after = time.perf_counter() - began, cpu_s(self.product.home)
        answers = [answer for one in by_client for answer in one]
        return Sample(
            took_ms=[ms for ms, _ in answers],
            degraded=sum(is_degraded for _, is_degraded in answers),
            requests_per_s=len(paths) / seconds,
            cpu_ms=cpu_ms_each(before, after, paths),
        )

    async def _client(self, paths: Iterator[str]) -> list[tuple[float, bool]]:
        line = await open_line(self.product)
        answers: list[tuple[float, bool]] = []
        for path in paths:
            began = time.perf_counter()
            answer = await line.get(path, token=self.token)
            took_ms = (time.perf_counter() - began) * 1000
            assert answer.status in {200, 503}, answer.body
            answers.append((took_ms, bool(answer.degraded())))
        line.close()
        return answers


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        folder: Path = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        asyncio.run(bench(folder, given.data))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what a search costs.")
    parser.add_argument("--folder", type=Path, help="keep the installation here")
    given = parser.parse_args()
    given.data = Path(os.environ.get("RECOLLECT_DATA", ".")) / "rag/chunking-evaluation"
    if not given.data.is_dir():
        say(
            "bench.search: not measured, RECOLLECT_DATA names no folder with rag/chunking-evaluation"
        )
        sys.exit(0)
    return given


async def bench(folder: Path, data: Path) -> None:
    async with running(folder, data) as (server, passages):
        await compare(server, questions(data), passages)


async def compare(server: Server, asked: list[str], passages: int) -> None:
    paths = [f"/api/search?q={quote(text)}" for text in asked]
    # Warm: other words, on every connection that the pools may open.
    warm = [f"/api/search?q={quote(' '.join(text.split()[-3:]))}" for text in asked[:WARM]]
    for clients in (1, CLIENTS):
        await server.ask(warm, clients=clients)
    say(f"{machine()}, {passages:,} passages\n")
    say(
        "| route | clients | p50 ms | p95 ms | requests/s | CPU ms a request | p50 / healthz | degraded |"
    )
    say("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for clients, share in ((1, paths[:ALONE]), (CLIENTS, paths[ALONE:])):
        nothing = await server.ask(["/healthz"] * (3 * len(share)), clients=clients)
        say(nothing.row("/healthz", clients, None))
        for what in ("search, never seen", "search, repeated"):
            say((await server.ask(share, clients=clients)).row(what, clients, nothing))


def questions(data: Path) -> list[str]:
    lines = (data / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["text"] for line in lines))


@asynccontextmanager
async def running(folder: Path, data: Path) -> AsyncGenerator[tuple[Server, int]]:
    """Start the product with the corpus in its index."""
    token = folder / "token"
    product = product_in(folder / "home")
    await product.start()
    try:
        if not token.exists():
            token.write_text(await fill(product, data))
        owner = await asyncpg.connect(product.database_url())
        await owner.execute("VACUUM ANALYZE")
        passages = await owner.fetchval("SELECT count(*) FROM passage")
        await owner.close()
        yield Server(product, token.read_text()), passages
    finally:
        await product.stop()


async def fill(product: Product, data: Path) -> str:
    """Upload the documents and wait until they are indexed and counted; return the token of their owner."""
    async with signed_up(product, "bench") as client:
        for n, text in enumerate(pieces(data)):
            headers = {"X-Filename": f"{n}.txt"}
            (
                await client.post("/upload", content=text.encode(), headers=headers)
            ).raise_for_status()
        token = client.headers["Authorization"].removeprefix("Bearer ")
    owner = await asyncpg.connect(product.database_url())
    while not await owner.fetchval(SETTLED):  # noqa: ASYNC110  (another process works)
        await asyncio.sleep(0.2)
    await owner.close()
    return token


def pieces(data: Path) -> list[str]:
    """Return the first DOCUMENTS pieces of the texts, one of each text in turn."""
    lines = (data / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    starts = range(0, max(map(len, texts)), LENGTH)
    return [text[at : at + LENGTH] for at in starts for text in texts if at < len(text)][:DOCUMENTS]


if __name__ == "__main__":
    main()
