"""F12: files that burn time and memory, bombs, and readers that crash or hang, while somebody else's files are read.

Crashing and hanging is done to the readers from outside: SIGSEGV, and SIGSTOP, which no more than SIGTERM ends them.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest

from ingest.sandbox_process import Limits
from tests.faults.counts import FULL, times
from tests.faults.crashing_worker import Blow, crashing
from tests.faults.test_worker import until_at_rest
from tests.hostile.corpus import corpus
from tests.hostile.lure import Lure
from tests.ingest.make_files import NESTED, SHOW_NESTED, make_pdf, nested
from tests.make import make_scope
from tests.workers.made import MadeFile, make_file
from workers.queue import retry_ingest

pytestmark = pytest.mark.timeout(1800)
MOST_RSS_BYTES = 10**9
WITHIN = timedelta(minutes=5)  # what one poison file may take at the true limits
WORDS = b"The harbour opens at dawn. Boats wait for the tide.\n" * 40_000
INNOCENT = b"# Tides\n\nMooring %d is free at dawn.\n"
SIGNALS = {"crashing.txt": signal.SIGSEGV, "hanging.txt": signal.SIGSTOP}
KNOWN = corpus(Lure())
MAKERS: Mapping[str, Callable[[], bytes]] = {
    "pages.pdf": lambda: make_pdf(
        [SHOW_NESTED] * 5000, objects=nested(b"q Q " * 2**19, depth=3), resources=NESTED
    ),
    "memory.xlsx": KNOWN["last-cell.xlsx"],
    "bomb.zip": KNOWN["overlapping.zip"],
    "deep.docx": KNOWN["deeper.docx"],
    "crashing.txt": lambda: WORDS,
    "hanging.txt": lambda: WORDS,
    "burning.pdf": KNOWN["burning-page.pdf"],
    "memory.pdf": KNOWN["flate-in-flate.pdf"],
    "bombs.zip": KNOWN["bomb-in-bomb.zip"],
    "deep.odt": KNOWN["deep.odt"],
}
USUAL = [*list(MAKERS)[:5], *["memory.pdf"] * 3]
FAILED = {  # the others end as what they are: an archive whose bomb stays in it, pages without text
    "pages.pdf": "too_slow",
    "memory.xlsx": "too_large",
    "deep.docx": "broken_file",
    "crashing.txt": "reader_crashed",
    "hanging.txt": "too_slow",
    "deep.odt": "archive_too_large",
}


@dataclass(slots=True)
class Watch:
    """The most memory that the worker and its children had at a time, and who was sent a signal."""

    worker: psutil.Process
    signals: dict[str, signal.Signals]  # by the path of the blob that a reader reads
    rss_bytes: int = 0
    struck: set[int] = field(default_factory=set[int])

    async def watch(self) -> None:
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(0.05)  # a look costs some milliseconds

    def _look(self) -> None:
        rss_bytes, program = self.worker.memory_info().rss, self.worker.cmdline()
        for process in self.worker.children(recursive=True):
            with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                if process.cmdline() == program:
                    continue  # between vfork and exec it is the worker, who sleeps until then: stopped, it would for ever
                rss_bytes += process.memory_info().rss
                if process.pid not in self.struck:
                    self._strike(process.pid)
        self.rss_bytes = max(self.rss_bytes, rss_bytes)

    def _strike(self, pid: int) -> None:
        blow = self.signals.get(str(Path(f"/proc/{pid}/fd/0").readlink()))
        if blow is not None:
            self.struck.add(pid)
            os.kill(pid, blow)


@asynccontextmanager
async def watched(worker: asyncio.subprocess.Process, signals) -> AsyncGenerator[Watch]:
    watch = Watch(psutil.Process(worker.pid), signals)
    watching = asyncio.create_task(watch.watch())
    try:
        yield watch
    finally:
        watching.cancel()
        await asyncio.wait({watching})


@dataclass(frozen=True, slots=True)
class Dropped:
    made: MadeFile
    name: str


async def drop(resources, owner, names: list[str]) -> list[Dropped]:
    """Have somebody upload a file of each name; no two have equal bytes, so that all are read."""
    scope, files = await make_scope(owner, "eve"), list[Dropped]()
    for n, name in enumerate(names):
        data = MAKERS[name]() + b"\n" * n
        files.append(Dropped(await make_file(owner, resources, scope, data, name=name), name))
    return files


async def drop_innocent(resources, owner) -> list[Dropped]:
    scope, files = await make_scope(owner, "ada"), list[Dropped]()
    for name in (f"{n}.md" for n in range(10)):
        data = INNOCENT % len(files)
        files.append(Dropped(await make_file(owner, resources, scope, data, name=name), name))
    return files


async def check_ends(owner, poison: list[Dropped], innocent: list[Dropped]) -> None:
    named = "SELECT state, reason_code FROM file WHERE id = $1"
    ends = [(each.name, tuple(await owner.fetchrow(named, each.made.file_id))) for each in poison]
    for name, end in ends:
        if name in FAILED:  # on a slow machine, whatever it is may burn its time first
            ends_so = [("failed", FAILED[name]), ("failed", "too_slow")]
            in_part = [("partial", "")] if name in SIGNALS else []  # struck behind the first text
            assert end in ends_so + in_part, name
    assert {end[0] for _, end in ends} <= {"failed", "partial", "no_text", "ready"}
    for each in innocent:
        assert tuple(await owner.fetchrow(named, each.made.file_id)) == ("ready", "")
    assert await owner.fetchval("SELECT count(*) FROM job WHERE crashes > 0 OR attempts > 1") == 0


async def try_again(resources, poison: list[Dropped]) -> None:
    for each in poison:
        async with resources.app.write_tx(each.made.scope) as conn:
            await retry_ingest(conn, each.made.scope, version_id=each.made.version_id)


def signals_for(resources, poison: list[Dropped]) -> dict[str, signal.Signals]:
    places = {resources.blobs.local_path(each.made.key): each.name for each in poison}
    return {str(place): SIGNALS[name] for place, name in places.items() if name in SIGNALS}


@pytest.mark.parametrize("tries", [times(1, full=3)])
async def test_poison_ends_and_nobody_else_is_harmed(resources, owner_connection, settings, tries):
    names = list(islice(cycle(MAKERS), 30)) if FULL else USUAL
    poison = await drop(resources, owner_connection, names)
    innocent = await drop_innocent(resources, owner_connection)
    limits = Limits(cpu_s=2, wall_s=20 if FULL else 120)
    async with crashing(settings, Blow(), limits=limits) as worker:
        async with watched(worker, signals_for(resources, poison)) as watch:
            for n in range(tries):
                if n > 0:
                    await try_again(resources, poison)
                await until_at_rest(owner_connection, within_s=1500)
                await check_ends(owner_connection, poison, innocent)
        assert worker.returncode is None
    print(f"at most {watch.rss_bytes:,} bytes; {len(watch.struck)} readers were struck")  # noqa: T201
    assert watch.rss_bytes < MOST_RSS_BYTES


@pytest.mark.parametrize("names", [list(MAKERS)[:7]][: times(0, full=1)])
async def test_poison_is_over_within_five_minutes_at_the_true_limits(
    resources, owner_connection, settings, names
):
    poison = await drop(resources, owner_connection, names)
    innocent = await drop_innocent(resources, owner_connection)
    async with crashing(settings, Blow()) as worker:
        async with watched(worker, signals_for(resources, poison)) as watch:
            await until_at_rest(owner_connection, within_s=900)
        assert worker.returncode is None
    await check_ends(owner_connection, poison, innocent)
    took = "SELECT max(finished_at - created_at) FROM job WHERE workspace_id = $1"
    longest = await owner_connection.fetchval(took, poison[0].made.scope.workspace_id)
    hers = await owner_connection.fetchval(took, innocent[0].made.scope.workspace_id)
    print(f"{longest} for the poison, {hers} for the others; {watch.rss_bytes:,} bytes")  # noqa: T201
    assert hers < longest < WITHIN
    assert watch.rss_bytes < MOST_RSS_BYTES
