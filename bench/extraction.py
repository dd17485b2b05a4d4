"""How much of what must be found in real files is found, how fast, and what chunks come out.

    RECOLLECT_DATA=... .venv/bin/python -m bench.extraction

Reads `files/manifest.jsonl` of RECOLLECT_DATA. A snippet counts when it is contained in the text, both sides NFKC, case-
folded, without white space and zero-width characters. Files with a password are left out: they are refused by contract.
"""

import asyncio
import json
import os
import resource
import sys
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import PermanentFailure
from ingest.detect import detect
from ingest.extract.segment import Segment
from ingest.sandbox import extract
from ingest.sandbox_process import Limits

FORMATS = ("pdf", "docx", "html", "md", "txt")
ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@dataclass(slots=True)
class Tally:
    files: int = 0
    failed: int = 0
    expected: int = 0
    found: int = 0
    segments: int = 0
    characters: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    missing: list[str] = field(default_factory=list)


def normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(ZERO_WIDTH)
    return "".join(folded.split())


def child_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def read(path: Path, tally: Tally) -> str:
    with path.open("rb") as source:
        media_type = detect(source, name=path.name)
    texts: list[str] = []
    cpu_s, since = child_cpu_s(), time.perf_counter()
    try:
        items = extract(path, media_type or "unknown", limits=Limits())
        texts = [item.text async for item in items if isinstance(item, Segment)]
    except PermanentFailure as failure:
        tally.failed += 1
        print(f"{path.name}: {failure.code}: {failure.message}", file=sys.stderr)
    tally.cpu_s += child_cpu_s() - cpu_s
    tally.wall_s += time.perf_counter() - since
    tally.segments += len(texts)
    return "".join(texts)


async def main() -> None:
    folder = Path(os.environ["RECOLLECT_DATA"]) / "files"
    tallies: dict[str, Tally] = defaultdict(Tally)
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["format"] not in FORMATS or entry.get("password") or entry["bytes"] == 0:
            continue
        tally = tallies[entry["format"]]
        text = await read(folder.parent / entry["path"], tally)
        tally.files += 1
        tally.characters += len(text)
        score(entry, normal(text), tally)
    report(tallies)


def score(entry: dict[str, list[str]], text: str, tally: Tally) -> None:
    for snippet in (entry.get("expected") or []) + (entry.get("expected_consensus") or []):
        tally.expected += 1
        if normal(snippet) in text:
            tally.found += 1
        else:
            tally.missing.append(f"{entry['path']}: {snippet[:100]!r}")
    for snippet in entry.get("must_not_contain") or []:
        if normal(snippet) in text:
            tally.missing.append(f"{entry['path']}: must not contain {snippet[:100]!r}")


def report(tallies: dict[str, Tally]) -> None:
    print("| format | files | refused | snippets found | share | CPU ms a file | segments/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, tally in tallies.items():
        share = tally.found / tally.expected if tally.expected else 1.0
        print(
            f"| {name} | {tally.files} | {tally.failed} | {tally.found} of {tally.expected} | {share:.1%}"
            f" | {1000 * tally.cpu_s / tally.files:.0f} | {tally.segments / tally.wall_s:.0f} |"
        )
    for tally in tallies.values():
        for line in tally.missing:
            print(line, file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
