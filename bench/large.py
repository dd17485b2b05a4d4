"""Long files: how soon a megabyte is ready, how soon the first of 2,000 pages is found, and what the largest take in memory.

    RECOLLECT_DATA=... .venv/bin/python -m bench.large [ready] [first] [memory]

The product as `recollect serve` starts it, nothing else to do, one file at a time, made of the texts of rag/chunking-evaluation
with their lines numbered, so that no two passages are equal. `ready` and `first` use the real model; `memory` vectors that
cost nothing, for hours of embedding change no figure of it. Memory is the PSS of the worker and its children at once.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from itertools import chain, islice

import httpx

from bench.watching import ended, lines, said, serving, text_of, upload, watched
from tests.faults.product import Product
from tests.ingest.make_files import make_pdf, show
from tests.ingest.make_office import make_xlsx, row

PAGES, MEMORY_PAGES, LINES = 2_000, 5_000, 40
ROWS, CELLS = 100_000, 5
MEGABYTES = 3
MARK = "firstofallpages"


def pdf(pages: int) -> bytes:
    """Return a PDF whose first line is MARK."""
    source = chain([MARK], lines())
    return make_pdf([show(*(_plain(line) for line in islice(source, LINES))) for _ in range(pages)])


def _plain(line: str) -> str:
    """Return what fits on a line of a page and needs no escape there."""
    return line[:90].translate(dict.fromkeys(map(ord, "()\\"))).encode("latin-1", "ignore").decode("latin-1")  # fmt: skip


def sheet() -> bytes:
    source = (line[:12].replace("&", "").replace("<", "") for line in lines())
    return make_xlsx("".join(row(n, n, *islice(source, CELLS)) for n in range(1, ROWS + 1)))


async def ready(client: httpx.AsyncClient) -> None:
    """A megabyte of text, again and again: found by its last words, then ready."""
    source, taken = lines(), []
    print(
        "| 1 MB of text | its end found by words, s | ready, s | passages |\n| --- | --- | --- | --- |"
    )
    for n in range(MEGABYTES):
        last = f"lastofall{n}x"
        data = text_of(1_000_000, source) + f"\n\n{last}".encode()
        since = time.perf_counter()
        id_ = await upload(client, f"{n}.txt", data)
        found_s = await found(client, last, id_) - since
        file = await ended(client, id_)
        taken.append(time.perf_counter() - since)
        passages = file["stages"]["embed"]["total"]
        print(
            f"| {n + 1} ({file['state']}) | {found_s:.1f} | {taken[-1]:.1f} | {passages} |",
            flush=True,
        )
    print(f"| the slowest | | {max(taken):.1f} | |\n")


async def first(client: httpx.AsyncClient) -> None:
    """The first page of 2,000."""
    data = pdf(PAGES)
    since = time.perf_counter()
    id_ = await upload(client, "long.pdf", data)
    at = await found(client, MARK, id_)
    file = (await client.get(f"/files/{id_}")).json()
    done = file["stages"]["extract"]
    print(
        f"page 1 of {PAGES} ({len(data) / 1e6:.1f} MB) is found after {at - since:.1f} s; read then: {done}\n"
    )
    await client.delete(f"/files/{id_}", params={"hard": "true"})


async def found(client: httpx.AsyncClient, words: str, id_: str) -> float:
    """Wait until a search by words finds the file; return when."""
    while True:
        asked = {"q": words, "mode": "lexical", "limit": 5}
        answer = (await client.get("/search", params=asked)).json()
        if any(hit["file_id"] == id_ for hit in answer.get("hits", [])):
            return time.perf_counter()
        await asyncio.sleep(0.05)


LARGE: dict[str, Callable[[], bytes]] = {
    "50 MB of text": lambda: text_of(50_000_000, lines()),
    "19 MB of text": lambda: text_of(19_000_000, lines()),
    f"PDF of {MEMORY_PAGES:,} pages": lambda: pdf(MEMORY_PAGES),
    f"sheet of {ROWS:,} rows": sheet,
}
SUFFIXES = (".txt", ".txt", ".pdf", ".xlsx")


async def memory(product: Product, client: httpx.AsyncClient) -> None:
    print("| file | MB | ended as | s | worker and children, MB | largest child |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n, (name, make) in enumerate(LARGE.items()):
        data = make()
        async with watched(product) as peak:
            since = time.perf_counter()
            file = await ended(client, await upload(client, f"{n}{SUFFIXES[n]}", data))
            took_s = time.perf_counter() - since
        reason = f" ({file['reason']['code']})" if file["reason"] else ""
        print(
            f"| {name} | {len(data) / 1e6:.0f} | {file['state']}{reason} | {took_s:.0f} | {peak.pss_mb:.0f} |"
            f" {peak.largest_child_mb:.0f} |",
            flush=True,
        )


async def main(wanted: set[str]) -> None:
    print(said() + "\n")
    if "first" in wanted:
        async with serving(embedder="minilm") as (_, client):
            await first(client)
    if "ready" in wanted:
        async with serving(embedder="minilm") as (_, client):
            await ready(client)
    if "memory" in wanted:
        async with serving(embedder="fake") as (product, client):
            await memory(product, client)


if __name__ == "__main__":
    asyncio.run(main(set(sys.argv[1:]) or {"ready", "first", "memory"}))
