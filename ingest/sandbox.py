"""Read an untrusted file in fresh, limited, killable children; the parent parses nothing itself.

A child sends each segment as soon as it is read. A long PDF is read by one child per page range. When a child is killed,
the page it was reading becomes a problem and a new child goes on behind it. A second death in a row, or half an hour of waiting for
children, ends the reading: what was read stays, one problem stands for the rest, and a file without text fails.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.errors import PermanentFailure
from ingest.extract.segment import (
    Item,
    Member,
    Picture,
    Problem,
    Properties,
    Segment,
    Unreadable,
    too_much_text,
)
from ingest.formats import BY_MEDIA_TYPE, NOT_READ_REMEDY
from ingest.frames import Finished, Frame
from ingest.ocr import Ocr
from ingest.readers import Readers
from ingest.sandbox_process import ChildDied, Limits, read_in_child

SAVE_THEM = "Save them from the file and upload them."
SPLIT_IT = "Split it there and upload the rest."
log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def extract(  # noqa: PLR0913  (what it reads, and what it reads it with)
    source: Path,
    media_type: str,
    *,
    limits: Limits,
    first_segment: int = 0,
    password: str = "",
    beside: Readers | None = None,
) -> AsyncGenerator[Item, None]:
    """Yield the file's segments in order from `first_segment` on, and the problems among them.

    Each segment and problem has its own ordinal, one more than the last. Each child says the file's properties anew.
    Raises PermanentFailure when the file as a whole cannot be read, NeedsMemory when it cannot `beside` others.
    """
    _refuse(source, media_type)
    reading = _Reading(
        limits,
        BY_MEDIA_TYPE[media_type].is_paged,
        first_segment,
        any_text=first_segment > 0,  # as far as we know
    )
    ocr = Ocr(limits)
    while not reading.done:
        if reading.waited_s >= limits.file_wall_s:
            yield reading.give_up(ChildDied.of("too_slow"))
            break
        try:
            child = read_in_child(
                source,
                media_type,
                first=reading.ordinal,
                limits=limits,
                password=password,
                beside=beside,
            )
            async with aclosing(child) as frames, aclosing(reading.timed(frames)) as timed:
                async for read in timed:
                    frame = await ocr.read(read) if isinstance(read, Picture) else read
                    for item in reading.take(frame):
                        yield item
        except ChildDied as death:
            log.warning("extraction child died", cause=death.code, ordinal=reading.ordinal)
            for problem in reading.bury(death):
                yield problem
    if not reading.any_text:
        yield _no_text(media_type)


def _refuse(source: Path, media_type: str) -> None:
    if media_type not in BY_MEDIA_TYPE:
        raise PermanentFailure(
            "unsupported_type",
            f"Files of type {media_type} are stored but not read.",
            remedy=NOT_READ_REMEDY,
        )
    if source.stat().st_size == 0:
        raise PermanentFailure(
            "empty_file", "The file is empty (0 bytes).", remedy="Check the original and upload it."
        )


def _no_text(media_type: str) -> Problem:
    scanned = "It may be a scan: run OCR over it and upload the result."
    remedy = scanned if BY_MEDIA_TYPE[media_type].is_paged else "Check the original."
    return Problem(0, None, "no_text", "No text was found in the file.", remedy)


@dataclass(slots=True)
class _Reading:
    """Where the reading of one file stands, over all its children."""

    limits: Limits
    paged: bool
    ordinal: int  # of the next item
    done: bool = False
    deaths: int = 0  # since a child last came to its end
    waited_s: float = 0.0
    characters: int = 0
    any_text: bool = False
    member_bytes: int = 0
    page_count: int | None = None
    open_member: str | None = None  # the path of the one whose last piece is still to come

    async def timed(self, frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
        """Yield the frames and count how long we waited for them, not what the caller does meanwhile."""
        while True:
            since = time.monotonic()
            try:
                frame = await anext(frames, None)
            finally:
                self.waited_s += time.monotonic() - since
            if frame is None:
                return
            yield frame

    def take(self, frame: Item | Unreadable | Finished) -> list[Item]:
        """Count a frame; return what the caller gets of it."""
        if isinstance(frame, Unreadable):
            raise _permanent(frame)
        if isinstance(frame, Finished):
            self.done = frame.next_ordinal is None
            self.deaths = 0
            return []
        if isinstance(frame, Properties):
            return [frame]
        if frame.ordinal != self.ordinal:
            raise ChildDied.of("reader_crashed")
        if isinstance(frame, Member):
            return [self._piece(frame)]
        self.ordinal += 1
        self.open_member = None  # a problem in the place of its next piece: it is lost
        if isinstance(frame, Segment):
            self._count(frame)
        return [frame]

    def _piece(self, piece: Member) -> Member:
        self.open_member = None if piece.is_last else piece.path
        self.ordinal += piece.is_last
        self.any_text = True  # a mail with nothing but an attachment is no scan
        self.member_bytes += len(piece.data)
        if self.member_bytes > self.limits.member_bytes:
            raise PermanentFailure(
                "archive_too_large",
                "The files in it are too large to be taken out.",
                remedy="Unpack it and upload what is in it.",
            )
        return piece

    def _count(self, segment: Segment) -> None:
        self.characters += len(segment.text)
        self.any_text = self.any_text or bool(segment.text.strip())
        if self.characters > self.limits.characters:
            raise _permanent(too_much_text(self.limits.characters))
        self.page_count = segment.page_count or self.page_count
        if segment.page_count is not None and segment.page_count > self.limits.pages:
            raise PermanentFailure(
                "too_many_pages",
                f"The file has {segment.page_count:,} pages; at most {self.limits.pages:,} are read.",
                remedy="Split it and upload the parts.",
            )

    def bury(self, death: ChildDied) -> list[Problem]:
        """Return the problem that stands for the lost page, or for the rest when no other child is worth its time.

        Without pages there is nothing to skip: a crash is tried once more, an exhausted limit is not.
        """
        self.deaths += 1
        is_hopeless = not self.paged and death.code != "reader_crashed"
        if self.deaths >= self.limits.deaths or is_hopeless or self._is_behind_its_pages:
            return [self.give_up(death)]
        if self.open_member is not None:
            return [self._bury_member(self.open_member, death)]
        if not self.paged:
            return []
        page = self.ordinal + 1
        self.ordinal += 1
        return [Problem(page - 1, page, death.code, f"Page {page} {death.message}.", death.remedy)]

    def give_up(self, death: ChildDied) -> Problem:
        """Return the problem that stands for all that was not read; raise when nothing was."""
        if self._is_behind_its_pages:
            return self._bury_attached(death)
        if not self.any_text:
            raise PermanentFailure(death.code, f"The file {death.message}.", remedy=death.remedy)
        self.done = True
        if not self.paged:
            message = f"The rest of the file {death.message}."
            return Problem(self.ordinal, None, death.code, message, death.remedy)
        page = self.ordinal + 1
        message = f"Page {page} and all behind it were not read: the file {death.message}."
        return Problem(self.ordinal, page, death.code, message, SPLIT_IT)

    @property
    def _is_behind_its_pages(self) -> bool:
        return self.paged and self.page_count is not None and self.ordinal >= self.page_count

    def _bury_attached(self, death: ChildDied) -> Problem:
        """Behind the last page there is only what is attached, and no more of it is tried."""
        self.done = True
        message = f"Not all attached files were taken out, because reading them {death.message}."
        return Problem(self.ordinal, None, death.code, message, SAVE_THEM)

    def _bury_member(self, path: str, death: ChildDied) -> Problem:
        """Its first pieces are gone to the caller already, so it is not begun anew."""
        self.open_member = None
        self.ordinal += 1
        message = f"The file {path} in it {death.message}."
        return Problem(self.ordinal - 1, None, death.code, message, death.remedy)


def _permanent(reason: Unreadable) -> PermanentFailure:
    return PermanentFailure(reason.code, reason.message, remedy=reason.remedy)
