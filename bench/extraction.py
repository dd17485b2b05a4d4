"""How much of what must be found in real files is found, how each file ends, how fast, and in how much memory.

    RECOLLECT_DATA=... .venv/bin/python -m bench.extraction [--formats pdf,docx] [--write] [--missing]

Reads `files/manifest.jsonl` of RECOLLECT_DATA; each file goes through the real sandbox. A snippet counts when it is contained
in the text, both sides NFKC, case-folded, without white space and characters that show nothing. Files with a password are
refused by contract, so their snippets are not asked for. Each format is read by a process of its own, which alone can tell
the memory of its children; CPU and memory are those of the children, tesseract included. `--write` renews docs/formats.md.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import unicodedata
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Required, TypedDict

from core.errors import PermanentFailure
from ingest.detect import detect
from ingest.extract.segment import Problem, Segment
from ingest.sandbox import extract
from ingest.sandbox_process import Limits

PAGE: Final = Path(__file__).parents[1] / "docs" / "formats.md"
BEGIN, END = "<!-- made by bench/extraction.py -->\n", "<!-- end -->\n"
HEAD: Final = """\
| files | number | snippets found | share | forbidden | ready | partial | no text | refused | only stored | per CPU second | CPU a file | memory |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


class Entry(TypedDict, total=False):
    """A line of the manifest."""

    path: Required[str]
    format: Required[str]
    bytes: Required[int]
    password: str
    expected: list[str]
    expected_consensus: list[str]
    must_not_contain: list[str]


@dataclass(slots=True)
class Tally:
    """What came of the files of one format; `states` counts ready, partial, no_text, refused, stored."""

    format: str
    files: int = 0
    expected: int = 0
    found: int = 0
    forbidden: int = 0
    states: Counter[str] = field(default_factory=Counter[str])
    size_bytes: int = 0
    pages: int = 0
    cpu_s: float = 0.0
    memory_mb: int = 0
    notes: list[str] = field(default_factory=list[str])


def normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")


async def read(path: Path, tally: Tally) -> str:
    """Return the text of a file; count how it ends."""
    with path.open("rb") as source:
        media_type = detect(source, name=path.name)
    if media_type is None:
        tally.states["stored"] += 1
        return ""
    texts, problems = list[str](), 0
    try:
        async for item in extract(path, media_type, limits=Limits()):
            if isinstance(item, Segment):
                texts.append(item.text)
                tally.pages += item.page is not None
            elif isinstance(item, Problem) and item.code != "no_text":
                problems += 1
                tally.notes.append(f"{path.name}: {item.code}: {item.message}")
    except PermanentFailure as failure:
        tally.states["refused"] += 1
        tally.notes.append(f"{path.name}: {failure.code}: {failure.message}")
        return "".join(texts)
    any_text = any(text.strip() for text in texts)
    tally.states["no_text" if not any_text else "partial" if problems else "ready"] += 1
    return "".join(texts)


def score(entry: Entry, text: str, tally: Tally) -> None:
    wanted = [*entry.get("expected", []), *entry.get("expected_consensus", [])]
    for snippet in wanted if not entry.get("password") else []:
        tally.expected += 1
        if normal(snippet) in text:
            tally.found += 1
        else:
            tally.notes.append(f"{entry['path']}: lacks {snippet[:100]!r}")
    for snippet in entry.get("must_not_contain", []):
        if normal(snippet) in text:
            tally.forbidden += 1
            tally.notes.append(f"{entry['path']}: must not contain {snippet[:100]!r}")


def measure(entries: list[Entry], folder: Path) -> Tally:
    """Read the files of one format, one after the other, in a process that has read no others."""
    return asyncio.run(_measure(entries, folder))


async def _measure(entries: list[Entry], folder: Path) -> Tally:
    tally = Tally(entries[0]["format"])
    for entry in entries:
        text = await read(folder / entry["path"], tally)
        tally.files += 1
        tally.size_bytes += entry["bytes"]
        score(entry, normal(text), tally)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    tally.cpu_s = used.ru_utime + used.ru_stime
    tally.memory_mb = used.ru_maxrss // 1024
    return tally


def manifest(folder: Path) -> dict[str, list[Entry]]:
    """Return the files by format; those without extension by `bin`."""
    entries: dict[str, list[Entry]] = {}
    for line in (folder / "files" / "manifest.jsonl").read_text().splitlines():
        entry: Entry = json.loads(line)
        entries.setdefault(entry["format"], []).append(entry)
    return dict(sorted(entries.items()))


def row(tally: Tally) -> str:
    share = f"{tally.found / tally.expected:.1%}" if tally.expected else ""
    snippets = f"{tally.found} of {tally.expected}" if tally.expected else ""
    speed = tally.cpu_s and (
        f"{tally.pages / tally.cpu_s:.0f} pages"
        if tally.pages
        else f"{tally.size_bytes / 1e6 / tally.cpu_s:.1f} MB"
    )
    ends = [tally.states[state] or "" for state in ("ready", "partial", "no_text", "refused", "stored")]  # fmt: skip
    cells = (
        *(tally.format, tally.files, snippets, share, tally.forbidden or "", *ends, speed),
        *(f"{1000 * tally.cpu_s / tally.files:.0f} ms", f"{tally.memory_mb} MB"),
    )
    return "| " + " | ".join(map(str, cells)) + " |\n"


def total(tallies: list[Tally]) -> Tally:
    whole = Tally("all")
    for tally in tallies:
        whole.files += tally.files
        whole.expected += tally.expected
        whole.found += tally.found
        whole.forbidden += tally.forbidden
        whole.size_bytes += tally.size_bytes
        whole.cpu_s += tally.cpu_s
        whole.states += tally.states
        whole.memory_mb = max(whole.memory_mb, tally.memory_mb)
    return whole


def write(table: str) -> None:
    """Put the table between its marks in docs/formats.md."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Score extraction over the shared files.")
    parser.add_argument("--formats", help="only these, with commas between")
    parser.add_argument("--write", action="store_true", help="renew the table of docs/formats.md")
    parser.add_argument("--missing", action="store_true", help="tell what is lacking, on stderr")
    given = parser.parse_args()
    folder = Path(os.environ["RECOLLECT_DATA"])
    by_format = manifest(folder)
    names = (given.formats or ",".join(by_format)).split(",")
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        tallies = list(pool.map(measure, [by_format[name] for name in names], repeat(folder)))
    table = HEAD + "".join(map(row, [*tallies, total(tallies)]))
    print(table)
    if given.write:
        write(table)
    if given.missing:
        print(*(note for tally in tallies for note in tally.notes), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
