"""One extraction child: start it, hear its frames, and make sure that it is gone.

The child gets the file as its standard input, a read-only descriptor without a path, an empty environment and a session
of its own, so that the whole group can be killed. Its own limits are set by itself, in confine.py.
"""

import asyncio
import os
import signal
import sys
import sysconfig
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ingest.extract.segment import Unreadable
from ingest.frames import LENGTH_BYTES, MAX_FRAME_BYTES, NO_PASSWORD, Finished, Frame, unpack
from ingest.readers import NeedsMemory, Readers

ROOT = Path(__file__).parents[1]
# -S: `site` would run every .pth file of the environment; the two folders that a child needs are handed over instead.
PATHS = (str(ROOT), sysconfig.get_path("platlib"))
BOOT = "import sys; sys.path += sys.argv[1:3]; from ingest.sandbox_child import main; main()"
PROBE = (
    "import sys; sys.path += sys.argv[1:3]; from ingest.confine import confine; "
    "print(*confine(memory_bytes=2**30, cpu_s=9))"
)
MOST_PASSWORD_BYTES = 4096
REAP_S = 5.0  # a killed child is gone in milliseconds; this bounds a pipe that something still holds open

DEATHS = {
    "too_slow": ("took too long to read", "Print it to a simpler file and upload that."),
    "too_large": ("needs more memory than a reader may take", "Split it and upload the parts."),
    "reader_crashed": ("made the reader crash", "Print it to a new file and upload that."),
}
# Native code aborts when it gets no more memory: calamine on a sheet with a cell in its last corner.
DEATH_OF = {-signal.SIGXCPU: "too_slow", -signal.SIGABRT: "too_large"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost; the first four are per child, or per picture."""

    memory_bytes: int = 512 * 2**20  # address space; who reads beside others has less (readers.py)
    cpu_s: int = 60
    wall_s: float = (
        120.0  # time that the parent waited for it: a slow consumer costs a child nothing
    )
    pages_per_child: int = 100  # fewer where they take a third of cpu_s
    characters: int = 20_000_000
    pages: int = 10_000
    member_bytes: int = 2**30  # of all files in it; an extractor has narrower limits of its own
    deaths: int = 2  # of children in a row; one that came to its end makes good for those before it
    file_wall_s: float = 1_800.0  # that all children of a file may be waited for, and one more
    ocr_pages: int = 200  # pictures of one file; a page takes tesseract 1 to 5 s
    ocr_wall_s: float = 1_200.0  # of all pictures of a file, and one more
    ocr_deaths: int = 3
    ocr_memory_bytes: int = 768 * 2**20  # address space; a page takes tesseract 100 MB
    ocr_languages: str = "eng"  # as tesseract names them, joined by +


class ChildDied(Exception):
    """A child ended without its last frame; `message` completes "The file ..." and "Page 7 ..."."""

    def __init__(self, code: str, message: str, *, remedy: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.remedy = remedy

    @classmethod
    def of(cls, code: str) -> Self:
        message, remedy = DEATHS[code]
        return cls(code, message, remedy=remedy)


async def read_in_child(  # noqa: PLR0913  (what it reads, and what it reads it with)
    source: Path,
    media_type: str,
    *,
    first: int,
    limits: Limits,
    password: str = "",
    beside: Readers | None = None,
) -> AsyncGenerator[Frame, None]:
    """Yield the frames of one fresh child, Finished or Unreadable last; raise ChildDied when it ends otherwise.

    `beside` others it may be ended for its memory: NeedsMemory.
    """
    process = await _start(source, [media_type, str(first)], limits=limits, password=password)
    try:
        with beside.watched(process.pid) if beside else nullcontext() as reader:
            try:
                patience = _Patience(limits.wall_s)
                while True:
                    frame = await _next_frame(process, patience)
                    yield frame
                    if isinstance(frame, Finished | Unreadable):
                        return
            except (asyncio.IncompleteReadError, ValueError) as exc:
                if reader is not None and reader.was_ended:
                    raise NeedsMemory from exc
                raise ChildDied.of(await _cause(process)) from exc
            except TimeoutError as exc:
                raise ChildDied.of("too_slow") from exc
    finally:
        await _bury(process)


async def _start(source: Path, task: list[str], *, limits: Limits, password: str) -> Process:
    arguments = [limits.memory_bytes, limits.cpu_s, limits.characters, limits.pages_per_child]
    file = await asyncio.to_thread(source.open, "rb")
    with file, _said(password) as ear:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", BOOT, *PATHS, *task, *map(str, [*arguments, ear])),
            stdin=file,
            stdout=PIPE,
            stderr=DEVNULL,
            env={},
            pass_fds=[ear] if ear != NO_PASSWORD else [],
            start_new_session=True,
        )


@contextmanager
def _said(password: str) -> Generator[int]:
    """Lend a descriptor to read the password from: arguments and environments are seen by others."""
    if not password:
        yield NO_PASSWORD
        return
    ear, mouth = os.pipe()
    try:
        with os.fdopen(mouth, "wb") as pipe:  # a pipe holds 4 KB before anybody reads
            pipe.write(password.encode()[:MOST_PASSWORD_BYTES])
        yield ear
    finally:
        os.close(ear)


@dataclass(slots=True)
class _Patience:
    left_s: float


async def _next_frame(process: Process, patience: _Patience) -> Frame:
    assert process.stdout is not None
    loop = asyncio.get_running_loop()
    since = loop.time()
    async with asyncio.timeout(patience.left_s):
        length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "little")
        if length > MAX_FRAME_BYTES:
            raise ValueError("frame over its limit")
        payload = await process.stdout.readexactly(length)
    patience.left_s -= loop.time() - since
    return unpack(payload)


async def _cause(process: Process) -> str:
    with suppress(TimeoutError):
        async with asyncio.timeout(REAP_S):
            await process.wait()
    return DEATH_OF.get(process.returncode or 0, "reader_crashed")


async def _bury(process: Process) -> None:
    """Kill the child's whole group and take its exit status; what it still had to say is read and dropped."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(REAP_S):
            await process.communicate()


async def missing_controls() -> list[str]:
    """Return what a child cannot be denied on this machine, for the worker to say at its start."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", PROBE, *PATHS), stdin=DEVNULL, stdout=PIPE, env={}
    )
    names, _ = await child.communicate()
    return names.decode().split() if child.returncode == 0 else ["sandbox"]
