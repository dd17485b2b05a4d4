"""A whole folder of real files by `recollect upload`, read once in peace and once with the worker killed every 20 seconds.

    RECOLLECT_DATA=... .venv/bin/python -m bench.folder [PART OF THE FOLDER]

The folder is RECOLLECT_DATA/files. Each run is `recollect serve` in a home of its own, as its users start it, with the
embedder that EMBEDDER names (default: fake, which makes no vector worth searching but as many). Printed: how the files ended,
how long it took, what the doctor says, and every file whose passages (text, place, headings, vectors) differ between the runs.
"""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.ingest import open_folder
from tests.faults.product import Product, running, signed_up

KILL_EVERY_S = 20
GIVEN_UP_S = 3600
OPEN = "SELECT (SELECT count(*) FROM job WHERE state IN ('queued', 'leased', 'retry_wait')) + (SELECT count(*) FROM file WHERE state IN ('queued', 'processing'))"
FILES = """
SELECT encode(v.sha256, 'hex') AS sha256, v.name, f.state, f.reason_code, f.parent_id IS NULL AS is_uploaded,
    coalesce((SELECT md5(string_agg(concat_ws('|', p.ordinal, p.span_start, p.span_end, p.headings, p.text_hash,
        (SELECT count(*) FROM embedding e WHERE e.passage_id = p.id)), ',' ORDER BY p.ordinal))
        FROM item i JOIN passage p ON p.build_id = i.active_build_id WHERE i.id = f.id), '') AS passages
FROM file f JOIN file_version v ON v.file_id = f.id AND v.version = f.version
"""


@dataclass(frozen=True, slots=True)
class Read:
    """One file as it ended; `passages` is a digest of all of them, in order."""

    sha256: str
    name: str
    state: str
    reason_code: str
    passages: str


@dataclass(slots=True)
class Run:
    uploaded_s: float
    read_s: float
    kills: int
    ends: Counter[str]
    crashed: int
    files: Counter[Read]
    doctor: str


async def run(folder: Path, *, kill: bool) -> Run:
    with open_folder() as home:
        embedder = os.environ.get("EMBEDDER", "fake")
        async with running(home / "home", EMBEDDER=embedder) as product:
            return await _measured(product, folder, kill=kill)


async def _measured(product: Product, folder: Path, *, kill: bool) -> Run:
    began, kills = time.monotonic(), list[int]()
    async with _killing(product, kills if kill else None):
        async with signed_up(product, "ada"):
            said = await asyncio.to_thread(_upload, product, folder)
        uploaded_s = time.monotonic() - began
        print(f"  {said}", file=sys.stderr)
        owner = await asyncpg.connect(product.database_url())
        await _until_at_rest(owner)
    read_s = time.monotonic() - began
    rows = await owner.fetch(FILES)
    crashed = await owner.fetchval("SELECT count(*) FROM job WHERE crashes > 0")
    await owner.close()
    doctor = product.run("doctor")
    said = "clean" if doctor.returncode == 0 else doctor.stdout.strip()
    ends = Counter(row["state"] for row in rows if row["is_uploaded"])
    files = Counter(Read(*(row[name] for name in Read.__slots__)) for row in rows)
    return Run(uploaded_s, read_s, len(kills), ends, crashed, files, said)


def _upload(product: Product, folder: Path) -> str:
    done = product.run("upload", str(folder), within_s=GIVEN_UP_S)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@asynccontextmanager
async def _killing(product: Product, kills: list[int] | None) -> AsyncGenerator[None]:
    """Kill the worker every KILL_EVERY_S of the block; its supervisor starts the next one."""

    async def on_and_on(done: list[int]) -> None:
        while True:
            await asyncio.sleep(KILL_EVERY_S)
            with suppress(AssertionError, ProcessLookupError):  # the next one is not there yet
                product.kill("worker")
                done.append(1)

    killing = asyncio.create_task(on_and_on(kills)) if kills is not None else None
    try:
        yield
    finally:
        if killing is not None:
            killing.cancel()


async def _until_at_rest(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(GIVEN_UP_S):
        while left := await owner.fetchval(OPEN):
            print(f"  {left} left", file=sys.stderr, end="\r")
            await asyncio.sleep(1)


def row(name: str, run: Run) -> str:
    files = run.ends.total()
    ends = (run.ends[state] for state in ("ready", "partial", "no_text", "failed"))
    cells = (files, run.files.total() - files, *ends, run.kills, run.crashed, f"{run.uploaded_s:.0f}", f"{run.read_s:.0f}", run.doctor)  # fmt: skip
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


async def main() -> None:
    folder = Path(os.environ["RECOLLECT_DATA"]) / "files"
    folder = folder / sys.argv[1] if len(sys.argv) > 1 else folder
    clean = await run(folder, kill=False)
    print("| run | files | files in them | ready | partial | no text | failed | kills | jobs hit | uploaded in s | at rest after s | doctor |")  # fmt: skip
    print("| --- " * 12 + "|")
    print(row("in peace", clean), flush=True)
    killed = await run(folder, kill=True)
    print(row(f"worker killed every {KILL_EVERY_S} s", killed))
    lost, new = clean.files - killed.files, killed.files - clean.files
    print(f"\n{(clean.files & killed.files).total()} files ended with equal passages, {lost.total()} did not:")  # fmt: skip
    for one in sorted([*lost, *new], key=lambda each: (each.name, each.state)):
        print(f"- {one.name} {one.sha256[:8]}: {one.state} {one.reason_code} {one.passages[:8]}")


if __name__ == "__main__":
    asyncio.run(main())
