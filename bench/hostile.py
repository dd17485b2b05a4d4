"""What becomes of hostile files: verdict, seconds and memory of each, read by the real sandbox.

    [RECOLLECT_DATA=...] .venv/bin/python -m bench.hostile [PART OF A NAME]

The generated ones of tests/hostile and, where RECOLLECT_DATA is given, those that its manifest calls hostile. Each is read in
a process of its own, which alone can tell the memory of its children; seconds are CPU of all of them. The limits are the
product's. Worst first; the last lines say how many ended how.
"""

import asyncio
import os
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bench.extraction import manifest
from core.errors import PermanentFailure
from ingest.extract.segment import Member, Problem, Segment
from ingest.sandbox import extract
from ingest.sandbox_process import Limits
from ingest.source import media_type_of
from tests.hostile.corpus import corpus
from tests.hostile.lure import Lure


@dataclass(slots=True)
class Verdict:
    name: str
    size_bytes: int = 0
    end: str = "no_text"
    problems: int = 0
    characters: int = 0
    members: int = 0
    cpu_s: float = 0.0
    memory_mb: int = 0


def measure(name: str) -> Verdict:
    """Read a file of this name, generated or at this path, in a process that has read no others."""
    verdict = Verdict(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(name)
        if not path.is_absolute():
            path = Path(folder) / "file"
            path.write_bytes(corpus(Lure())[name]())
        verdict.size_bytes = path.stat().st_size
        asyncio.run(_read(path, verdict))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    verdict.cpu_s, verdict.memory_mb = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
    return verdict


async def _read(path: Path, verdict: Verdict) -> None:
    try:
        media_type = await media_type_of(path, Path(verdict.name).name)
        async for item in extract(path, media_type, limits=Limits()):
            if isinstance(item, Segment):
                verdict.characters += len(item.text)
            elif isinstance(item, Member):
                verdict.members += item.is_last
            elif isinstance(item, Problem) and item.code != "no_text":
                verdict.problems += 1
    except PermanentFailure as refused:
        verdict.end = refused.code
    else:
        if verdict.characters:
            verdict.end = "partial" if verdict.problems else "ready"


def names() -> Iterator[str]:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    yield from (name for name in corpus(Lure()) if wanted in name)
    if folder := os.environ.get("RECOLLECT_DATA"):
        for entries in manifest(Path(folder)).values():
            for entry in entries:
                if entry.get("category") == "hostile" and wanted in entry["path"]:
                    yield str(Path(folder) / entry["path"])


def main() -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload(["bench.hostile"])
    with ProcessPoolExecutor(2, context, max_tasks_per_child=1) as pool:
        verdicts = sorted(pool.map(measure, names()), key=lambda each: -each.cpu_s)
    print(
        "| file | bytes | end | problems | characters | files in it | CPU s | MB |\n"
        + "| --- " * 8
        + "|"
    )
    for each in verdicts:
        cells = (
            each.size_bytes,
            each.end,
            each.problems or "",
            each.characters or "",
            each.members or "",
        )
        print(f"| {Path(each.name).name} |", *(f"{cell} |" for cell in cells), f"{each.cpu_s:.2f} | {each.memory_mb} |")  # fmt: skip
    ends = Counter(each.end for each in verdicts)
    print(
        f"\n{len(verdicts)} files:",
        ", ".join(f"{end} {count}" for end, count in ends.most_common()),
    )
    print(f"CPU {sum(each.cpu_s for each in verdicts):.0f} s, most of one {verdicts[0].cpu_s:.1f} s; memory at most {max(each.memory_mb for each in verdicts)} MB")  # fmt: skip


if __name__ == "__main__":
    main()
