"""What each part of a running product holds in memory: at rest after its start, and after some uploads and searches.

    .venv/bin/python -m bench.memory

The product as `recollect serve` starts it, with the real model. Uploaded are the texts and documents of tests/data/files
and the speech of tests/data/claims, whose questions are then asked. RSS counts pages that processes share in each; PSS
shares them out, so that its sum over PostgreSQL's processes is true. Prints a Markdown table.
"""

import asyncio
import json
import os
import platform
import tempfile
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil

from tests.faults.product import Product, signed_up

DATA = Path(__file__).parent.parent / "tests/data"
SPEECH = DATA / "claims/state_of_the_union.txt"
QUESTIONS = DATA / "claims/state_of_the_union_questions.jsonl"
PID_FILES = {
    "API": "run/api.pid",
    "worker": "run/worker.pid",
    "embedder": "run/embedder.pid",
    "PostgreSQL": "postgres/data/postmaster.pid",
    "Valkey": "valkey/valkey.pid",
}
REST_S = 10.0
BUSY = {"queued", "processing"}
Held = dict[str, tuple[float, float]]  # part -> RSS and PSS in MB


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        Path(scratch).chmod(0o755)
        asyncio.run(measure(Product(Path(scratch, "home"), EMBEDDER="minilm", REGISTRATION="open")))


async def measure(product: Product) -> None:
    await product.start()
    try:
        await asyncio.sleep(REST_S)
        at_rest = held(product.home)
        async with signed_up(product, "bench") as client:
            await use(client)
        await asyncio.sleep(REST_S)
        report(at_rest, held(product.home))
    finally:
        await product.stop()


async def use(client: httpx.AsyncClient) -> None:
    """Upload, wait until all is read, and search."""
    for path in uploads():
        answer = await client.post(
            "/upload", content=path.read_bytes(), headers={"X-Filename": path.name}
        )
        answer.raise_for_status()
    while await _is_busy(client):  # noqa: ASYNC110  (another process works)
        await asyncio.sleep(0.5)
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        answer = await client.get(f"/search?q={quote(json.loads(line)['question'])}")
        assert answer.status_code in {200, 503}, answer.text


def uploads() -> list[Path]:
    return [*sorted((DATA / "files").iterdir()), SPEECH]


async def _is_busy(client: httpx.AsyncClient) -> bool:
    answer = (await client.get("/files?limit=100")).raise_for_status()
    return any(file["state"] in BUSY for file in answer.json()["items"])


def held(home: Path) -> Held:
    """Return what each part and its children hold."""
    found: Held = {}
    for part, pid_file in PID_FILES.items():
        process = psutil.Process(int((home / pid_file).read_text().split()[0]))
        sizes = [one.memory_full_info() for one in (process, *process.children(recursive=True))]
        found[part] = (sum(one.rss for one in sizes) / 1e6, sum(one.pss for one in sizes) / 1e6)
    return found


def report(at_rest: Held, used: Held) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores\n")
    print("| part | RSS MB at rest | PSS | RSS MB after use | PSS |")
    print("| --- | --- | --- | --- | --- |")
    for part in at_rest:
        print(f"| {part} | {_cells(at_rest[part], used[part])} |")
    ours = [
        tuple(map(sum, zip(held["API"], held["worker"], strict=True))) for held in (at_rest, used)
    ]
    print(f"| **API + worker** | {_cells(*ours)} |")


def _cells(*pairs: tuple[float, ...]) -> str:
    return " | ".join(f"{mb:.0f}" for pair in pairs for mb in pair)


if __name__ == "__main__":
    main()
