"""Killing the worker in the middle of 60 files: all ready afterwards, how soon they go on, and the index of a clean run.

    RECOLLECT_DATA=... .venv/bin/python -m bench.kills [EMBEDDER]

Sixty real files (shared/files of RECOLLECT_DATA, the smallest ones that are read, of ten formats) are uploaded by one person
and read to the end; then by another one in a workspace of their own, and the worker is killed -9 once a third is done. A
killed job is due again when its lease of 30 s has ended. Compared are all passages: places, pages, headings and text.
EMBEDDER is `minilm`, or `fake` for vectors that cost nothing.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

from bench.watching import at_rest, everything, said, serving, upload
from tests.faults.product import Product, signed_up

FILES = 60
FORMATS = ("txt", "md", "html", "pdf", "docx", "pptx", "xlsx", "csv", "odt", "eml")


def documents() -> dict[str, bytes]:
    """Return files of ten formats in turn by new names, the smallest that hold text."""
    data = Path(os.environ["RECOLLECT_DATA"])
    rows = map(json.loads, (data / "files/manifest.jsonl").read_text(encoding="utf-8").splitlines())
    good = [row for row in rows if row["category"] == "normal" and row["bytes"] > 500]
    good.sort(key=lambda row: row["bytes"])
    by_format = {
        suffix: [row["path"] for row in good if row["path"].endswith(f".{suffix}")]
        for suffix in FORMATS
    }
    in_turn = sorted(
        (n, suffix, path) for suffix, paths in by_format.items() for n, path in enumerate(paths)
    )
    return {f"{n}.{suffix}": (data / path).read_bytes() for n, suffix, path in in_turn[:FILES]}


async def send(client: httpx.AsyncClient, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        await upload(client, name, content)


async def index(client: httpx.AsyncClient) -> dict[str, list[tuple[object, ...]]]:
    """Return every file's passages without ids, by the file's path."""
    found = {}
    for file in await everything(client, "/files"):
        rows = await everything(client, f"/files/{file['id']}/passages")
        found[f"{file['folder']}/{file['name']}"] = [
            (p["ordinal"], p["start"], p["end"], p["pages"], p["headings"], p["text"]) for p in rows
        ]
    return found


async def jobs(client: httpx.AsyncClient) -> list[dict]:
    return await everything(client, "/jobs")


async def kill_once(product: Product, client: httpx.AsyncClient) -> float:
    """Kill the worker when a third of the jobs is done and something is under way; return when."""
    while True:
        states = Counter(job["state"] for job in await jobs(client))
        if states["done"] >= FILES // 3 and states["leased"]:
            product.kill("worker")
            return time.monotonic()
        await asyncio.sleep(0.02)


async def resumed(client: httpx.AsyncClient) -> float:
    """Wait until each killed job is at work again or done; return when."""
    while True:
        listed = await jobs(client)
        hit = [job for job in listed if job["attempts"] > 1]
        if hit and not any(job["state"] == "leased" and job["attempts"] == 1 for job in listed):
            return time.monotonic()
        if all(job["state"] in {"done", "failed", "dead"} for job in listed):
            return time.monotonic()
        await asyncio.sleep(0.2)


async def main(embedder: str) -> None:
    files = documents()
    print(f"{said()}; {len(files)} files, vectors by {embedder}\n")
    async with (
        serving(embedder=embedder) as (product, clean),
        signed_up(product, "second") as hit,
    ):
        await send(clean, files)
        await at_rest(clean)
        await send(hit, files)
        killed = await kill_once(product, hit)
        again_s = await resumed(hit) - killed
        listed = await at_rest(hit)
        whole_s = time.monotonic() - killed
        tried = Counter(job["attempts"] for job in await jobs(hit))
        same = await index(hit) == await index(clean)
    states = Counter(file["state"] for file in listed)
    print(f"states {dict(states)}; jobs by attempts {dict(tried)}; the killed ones went on after")
    print(
        f"{again_s:.1f} s; all was read {whole_s:.1f} s after the kill; equal to the clean run: {same}"
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "minilm"))
