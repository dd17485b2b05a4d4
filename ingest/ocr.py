"""The text that a picture shows, by tesseract, in a limited process of its own.

It is given nothing but pixels that a child drew: no file of a stranger's, no name, no environment. Without tesseract, or
above `ocr_pages` pictures of one file, or when they took too long or killed it, the first picture that is not read becomes a
problem that says so.
Left out: tables as rows, handwriting, what its model of the language does not know.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from ingest.extract.pdf.hyphens import join_parted_words
from ingest.extract.segment import Picture, Problem, Segment, clean
from ingest.sandbox_process import DEATH_OF, PATHS, ChildDied, Limits

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PROGRAM: Final = "tesseract"
BOOT: Final = (
    "import sys; sys.path += sys.argv[1:3]; from ingest.confine import limit; import os; "
    "limit(memory_bytes=int(sys.argv[3]), cpu_s=int(sys.argv[4])); "
    "os.execve(sys.argv[5], sys.argv[5:], {'OMP_THREAD_LIMIT': '1'})"
)
MOST_BYTES: Final = 2**20  # of text; a page of newspaper has 40,000
LISTING_S: Final = 10.0
ORIENTATION: Final = "osd"  # the model that tells which way up a page is
PAGE_AS_IT_LIES, PAGE_TURNED_UPRIGHT = "3", "1"  # --psm
INSTALL_REMEDY: Final = (
    "Have tesseract-ocr installed on the server and read the file again; or upload the text."
)
ELSEWHERE: Final = "Run OCR over it in another program and upload the result."


@dataclass(frozen=True, slots=True)
class Tesseract:
    """Where the program is and which languages it has."""

    path: str
    languages: frozenset[str]


async def find_tesseract() -> Tesseract | None:
    """Return the program of this machine, None when there is none that runs."""
    path = shutil.which(PROGRAM)
    if path is None:
        return None
    process = await asyncio.create_subprocess_exec(
        *(path, "--list-langs"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LISTING_S):
            listed, _ = await process.communicate()
    except TimeoutError:
        await _bury(process)
        return None
    languages = frozenset(listed.decode(errors="replace").split("\n")[1:]) - {""}
    return Tesseract(path, languages) if process.returncode == 0 and languages else None


class Ocr:
    """Reads the pictures of one file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pictures = 0
        self._deaths = 0
        self._spent_s = 0.0
        self._has_complained = False
        self._program: Tesseract | None = None

    async def read(self, picture: Picture) -> Segment | Problem:
        """Return what the picture shows, or says without OCR where that is more, with what stands beside it."""
        if self._pictures == self._limits.ocr_pages:
            message = f"Of the pages that are pictures only {self._pictures} were read."
            remedy = "Split the file, or have OCR_PAGES raised and read it again."
            return self._unread(picture, "too_many_pictures", message, remedy=remedy)
        limits = self._limits
        if self._deaths >= limits.ocr_deaths or self._spent_s >= limits.ocr_wall_s:
            message = f"After {self._pictures} pictures no more were read: they took too long, or made the reader crash."
            return self._unread(picture, "too_many_pictures", message, remedy=ELSEWHERE)
        self._pictures += 1
        if self._pictures == 1:
            self._program = await find_tesseract()
        if self._program is None:
            message = "What is shown in pictures was not read: tesseract is not installed."
            return self._unread(picture, "no_ocr", message, remedy=INSTALL_REMEDY)
        since = time.monotonic()
        try:
            shown = await recognise(picture, self._program, limits=limits)
        except ChildDied as death:
            self._deaths += 1
            return _lost(picture, death)
        finally:
            self._spent_s += time.monotonic() - since
        return _segment(picture, max(picture.text, shown, key=len))

    def _unread(
        self, picture: Picture, code: str, message: str, *, remedy: str
    ) -> Segment | Problem:
        """Complain once of a file: a thousand pages of a scan have one cause."""
        if self._has_complained or picture.with_text(picture.text):
            return _segment(picture, picture.text)
        self._has_complained = True
        return Problem(picture.ordinal, picture.page, code, message, remedy)


def _segment(picture: Picture, text: str) -> Segment:
    whole = picture.with_text(text)
    return Segment(picture.ordinal, picture.page, picture.label, whole, picture.page_count)


def _lost(picture: Picture, death: ChildDied) -> Problem:
    log.warning("reading a picture died", cause=death.code, ordinal=picture.ordinal)
    what = "The picture" if picture.page is None else f"Page {picture.page}"
    return Problem(picture.ordinal, picture.page, death.code, f"{what} {death.message}.", ELSEWHERE)


async def recognise(picture: Picture, program: Tesseract, *, limits: Limits) -> str:
    """Return the lines that the picture shows; raises ChildDied when a limit ends it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", BOOT, *PATHS),
        *(str(limits.ocr_memory_bytes), str(limits.cpu_s), program.path, "stdin", "stdout"),
        *_options(program, limits.ocr_languages),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limits.wall_s):
            text = await _exchange(process, picture)
            code = await process.wait()
    except TimeoutError as exc:
        raise ChildDied.of("too_slow") from exc
    finally:
        await _bury(process)
    if code != 0:
        raise ChildDied.of(DEATH_OF.get(code, "reader_crashed"))
    return _lines(text)


def _options(program: Tesseract, languages: str) -> tuple[str, ...]:
    """Ask for the languages that are installed; all when none of them is."""
    wanted = [name for name in languages.split("+") if name in program.languages]
    spoken = wanted or sorted(program.languages - {ORIENTATION})
    mode = PAGE_TURNED_UPRIGHT if ORIENTATION in program.languages else PAGE_AS_IT_LIES
    return "-l", "+".join(spoken), "--psm", mode


async def _exchange(process: Process, picture: Picture) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    # PGM (netpbm): as plain as a picture can be.
    process.stdin.write(b"P5 %d %d 255\n" % (picture.width, picture.height))
    process.stdin.write(picture.pixels)
    with suppress(BrokenPipeError, ConnectionResetError):  # its exit status says why
        await process.stdin.drain()
        process.stdin.close()
    text = bytearray()
    while len(text) < MOST_BYTES and (piece := await process.stdout.read(MOST_BYTES)):
        text += piece
    return bytes(text)


def _lines(text: bytes) -> str:
    whole = clean(text.decode("utf-8", "replace")).replace("\f", "").strip()
    return "\n".join(join_parted_words(whole.split("\n"))) + "\n" if whole else ""


async def _bury(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
