"""Ask the running product for nonsense, for minutes: every answer is 200 or 4xx in the contract's envelope, within 500 ms.

    RECOLLECT_DATA=... .venv/bin/python -m bench.fuzz_search [--seconds 600] [--seed 4] [--folder DIR]

Over the index of bench.search, by both doors of the search and by suggest, parse and why-not: texts of bench.fuzz_query, and parameters
of which some are right, some of the wrong kind and some unknown; cursors that were given, forged and cut. Prints what was answered; anything
else ends with the request and exit code 1. `min_seq`, which waits, is not asked.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import orjson

from bench.fuzz_query import make_text
from bench.search import Server, running
from bench.serving import machine, say

SLOW_MS: Final = 500
CLIENTS: Final = 2
ID: Final = "01a1fed2-b5cb-7e44-af7f-164aeaa07de2"
RIGHT: Final = {
    "type": ("message", "file"), "mode": ("hybrid", "lexical", "semantic"), "semantic_ratio": ("0", "1", ".3"),
    "recency": ("0", "2"), "sort": ("relevance", "newest", "oldest"), "limit": ("1", "100"), "group_by": ("none", "file", "conversation"),
    "group_limit": ("1", "10"), "highlight": ("offsets", "html"), "crop": ("1", "200"), "context": ("0", "5"), "recall": ("auto", "exact"),
    "lang": ("de", "zh"), "tz": ("UTC", "Asia/Kathmandu"), "rerank": ("true", "false"), "explain": ("true", "false"),
    "facets": ("type", "from,in,month", "ext,lang,tag"), "filter": ("type:file", "from:ada", "last:7d"),
}  # fmt: skip
WRONG: Final = (
    "",
    "\0",
    "-1",
    "1e999",
    "NaN",
    "٣",
    "true",
    "null",
    "[]",
    "{}",
    "x" * 3_000,
    "Mars/Olympus",
    "type:",
    "DROP",
    "😀",
)
PATHS: Final = (
    "/api/search",
    "/api/search",
    "/api/search",
    "/api/search/suggest",
    "/api/search/why-not",
)


@dataclass(slots=True)
class Found:
    """What was answered so far."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    slow: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    cursors: list[str] = field(default_factory=list[str])
    broken: str = ""

    def take(self, answer: httpx.Response, *, took_ms: float, asked: str) -> None:
        """Count an answer, and keep what must not be."""
        self.statuses[answer.status_code] += 1
        if took_ms > SLOW_MS:
            self.slow.append((took_ms, asked))
        read = orjson.loads(answer.content)
        if answer.status_code == 200:
            cursor = read.get("page", {}).get("next_cursor")
            self.cursors = [*self.cursors[-20:], cursor] if cursor else self.cursors
        elif not 400 <= answer.status_code < 500 or not read.get("error", {}).get("code"):
            self.broken = f"{answer.status_code} {answer.text[:500]} to {asked}"


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        folder: Path = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        told = machine()
        found = asyncio.run(fuzz_all(folder, given))
    report(found, told=told, given=given)


async def fuzz_all(folder: Path, given: argparse.Namespace) -> Found:
    found = Found()
    async with running(folder, given.data) as (server, _):
        ends = time.monotonic() + given.seconds
        await asyncio.gather(
            *(fuzz(server, found, seed=given.seed + n, ends=ends) for n in range(CLIENTS))
        )
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="keep the installation here")
    given = parser.parse_args()
    given.data = Path(os.environ.get("RECOLLECT_DATA", ".")) / "rag/chunking-evaluation"
    if not given.data.is_dir():
        parser.error("set RECOLLECT_DATA to the folder that holds rag/chunking-evaluation")
    return given


async def fuzz(server: Server, found: Found, *, seed: int, ends: float) -> None:
    chance = random.Random(seed)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{server.product.port}",
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=30,
    ) as client:
        while time.monotonic() < ends and not found.broken:
            request = make_request(client, chance, found.cursors)
            began = time.perf_counter()
            answer = await client.send(request)
            took_ms = (time.perf_counter() - began) * 1000
            asked = f"{request.method} {request.url} {request.content[:2_000]!r}"
            found.take(answer, took_ms=took_ms, asked=asked)


def make_request(
    client: httpx.AsyncClient, chance: random.Random, cursors: list[str]
) -> httpx.Request:
    text = make_text(chance).encode("utf-8", "replace").decode()
    named = {"q": text, **make_parameters(chance, cursors)}
    if chance.random() < 0.2:
        return client.build_request("POST", "/api/search/parse", json={"q": text})
    if chance.random() < 0.4:
        return client.build_request("POST", "/api/search", json=as_json(named, chance))
    path = chance.choice(PATHS)
    if path.endswith("why-not"):
        named["target"] = chance.choice((ID, "x", ""))
    return client.build_request("GET", path, params=named)


def make_parameters(chance: random.Random, cursors: list[str]) -> dict[str, str]:
    made = {
        name: chance.choice(RIGHT[name])
        for name in chance.sample(list(RIGHT), k=chance.randrange(5))
    }
    if chance.random() < 0.3:
        made[chance.choice((*RIGHT, "cursor", "unknown", "q"))] = chance.choice(WRONG)
    if cursors and chance.random() < 0.2:
        cursor = chance.choice(cursors)
        made["cursor"] = chance.choice((cursor, cursor[:-3], cursor[3:], cursor[::-1]))
    return made


def as_json(named: dict[str, str], chance: random.Random) -> dict[str, object]:
    """Return the parameters as a body, with most values of the kind that the body wants."""
    body: dict[str, object] = dict(named)
    for name, value in named.items():
        if name in {"limit", "crop", "context", "group_limit"} and chance.random() < 0.9:
            body[name] = int(value) if value.isascii() and value.isdigit() else value
        if name in {"facets", "filter"} and chance.random() < 0.9:
            body[name] = value.split(",")
        if name in {"rerank", "explain"} and chance.random() < 0.9:
            body[name] = value == "true"
    if chance.random() < 0.05:
        body[chance.choice(list(body))] = chance.choice(
            (None, [], {}, [[[]]], -(2**70), 1e308, True)
        )
    return body


def report(found: Found, *, told: str, given: argparse.Namespace) -> None:
    counted = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items()))
    say(f"{told}, seed {given.seed}\n")
    say(
        f"{found.statuses.total():,} requests in {given.seconds} s ({counted}); {len(found.slow)} took more than {SLOW_MS} ms"
    )
    for took_ms, asked in sorted(found.slow, reverse=True)[:5]:
        say(f"- {took_ms:.0f} ms: {asked[:600]}")
    if found.broken:
        say(f"Broken: {found.broken}")
        sys.exit(1)


if __name__ == "__main__":
    main()
