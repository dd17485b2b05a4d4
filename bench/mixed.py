"""A thousand real files of all formats: files a second, CPU, memory, and what became of them.

    RECOLLECT_DATA=... .venv/bin/python -m bench.mixed [EMBEDDER [FILES]]

The files of shared/files of RECOLLECT_DATA that are no attacks, as they are. There are fewer than a thousand, so several
people upload them, each into a workspace of their own: nothing is taken over from a twin, and each file is read, cut, indexed
and embedded in full. EMBEDDER is `minilm`, or `fake` for vectors that cost nothing; the passages are counted either way.
Memory is the PSS of the worker and its children, looked at ten times a second; CPU is that of each part with its children.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from bench.watching import at_rest, cpu_s, said, serving, upload, watched
from tests.faults.product import Product, signed_up

FILES = 1_000
PARTS = {"API": "api", "worker and readers": "worker", "PostgreSQL": "postgres"}


def documents() -> list[tuple[str, bytes]]:
    """Return path and bytes of each file that is no attack."""
    data = Path(os.environ["RECOLLECT_DATA"])
    rows = map(json.loads, (data / "files/manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        (row["path"], (data / row["path"]).read_bytes())
        for row in rows
        if row["category"] != "hostile"
    ]


async def read_all(product: Product, wanted: int) -> tuple[list[dict], float]:
    """Have so many files read; return them, and the seconds from the first upload to the last end."""
    files, read, since = documents(), list[dict](), time.perf_counter()
    for person in range(-(-wanted // len(files))):
        async with signed_up(product, f"person{person}") as client:
            for path, content in files[: wanted - person * len(files)]:
                await upload(client, path, content)
            read += await at_rest(client)
    return read, time.perf_counter() - since


async def main(embedder: str, wanted: int) -> None:
    print(f"{said()}; vectors by {embedder}\n")
    async with serving(embedder=embedder) as (product, _), watched(product) as peak:
        before = {name: cpu_s(product, [part]) for name, part in PARTS.items()}
        read, took_s = await read_all(product, wanted)
        spent = {name: cpu_s(product, [part]) - before[name] for name, part in PARTS.items()}
    own = [file for file in read if file["parent"] is None]
    passages = sum(file["stages"]["embed"]["total"] or 0 for file in read)
    print(
        f"{len(own)} files, {len(read) - len(own)} found in them, {passages} passages, {took_s:.0f} s: "
    )
    print(
        f"{len(own) / took_s:.1f} files/s; at most {peak.pss_mb:.0f} MB, a reader {peak.largest_child_mb:.0f} MB"
    )
    parts = ", ".join(f"{name} {seconds:.0f}" for name, seconds in spent.items())
    print(f"CPU s: {parts}; {1000 * sum(spent.values()) / len(own):.0f} ms a file\n")
    states = Counter(file["state"] for file in read)
    shares = ", ".join(f"{state} {n} ({n / len(read):.1%})" for state, n in states.most_common())
    print(f"states: {shares}")
    reasons = Counter(file["reason"]["code"] for file in read if file["reason"])
    print(f"reasons: {', '.join(f'{code} {n}' for code, n in reasons.most_common())}")


if __name__ == "__main__":
    words = [*sys.argv[1:], *("minilm", str(FILES))[len(sys.argv) - 1 :]]
    asyncio.run(main(words[0], int(words[1])))
