"""A document as ranges: a few segments in a row and the passages that they settle, each ready to be made visible whole.

After a crash the text that is already stored is cut again, which gives the same passages however it was sliced; so the
only checkpoint is how far the file was read. Reads no database: what an earlier run left is given.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from ingest.chunk import Chunk, Chunker
from ingest.extract.segment import Item, Member, Problem, Properties, Segment
from ingest.outline import outline_of
from ingest.readers import Readers
from ingest.sandbox import Limits, extract
from ingest.vectors import Pending

RANGE_CHARACTERS: Final = 16_000  # about 20 passages: a transaction of some 20 ms
RANGE_S: Final = 1.0  # slow pages are shown one by one


@dataclass(frozen=True, slots=True)
class BuiltSegment:
    ordinal: int
    page: int | None
    label: str | None
    content: str


@dataclass(frozen=True, slots=True)
class BuiltPassage:
    id: UUID
    ordinal: int
    has_vector: bool


@dataclass(frozen=True, slots=True)
class Built:
    """What an earlier run left: the next ordinal to be read, the text and the passages so far."""

    segments_done: int = 0
    segments: tuple[BuiltSegment, ...] = ()
    passages: tuple[BuiltPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment and the offset of its first code point in the document."""

    start: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Range:
    """What was read in a row; `next_ordinal` is where reading goes on behind it.

    `unembedded` are passages of an earlier run that still need a vector. `properties` came since the last range.
    """

    next_ordinal: int
    segments_total: int | None
    segments: tuple[Placed, ...]
    problems: tuple[Problem, ...]
    chunks: tuple[Chunk, ...]
    first_passage: int
    unembedded: tuple[Pending, ...]
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class MemberStream:
    """A file within the file; `pieces` are its bytes, gone when the next range is asked for. MemberLost cuts them off."""

    ordinal: int
    path: str
    pieces: AsyncGenerator[bytes]


class MemberLost(Exception):
    """A member could not be read to its end; a problem that says so came in the place of its next piece."""


async def read_ranges(  # noqa: PLR0913  (what it reads, and what it reads it with)
    path: Path,
    media_type: str,
    built: Built,
    *,
    count_tokens: Callable[[str], int],
    limits: Limits,
    password: str = "",
    beside: Readers | None = None,
) -> AsyncGenerator[Range | MemberStream]:
    """Yield the document's ranges from where `built` ends; raises PermanentFailure for a file that cannot be read.

    What was read before NeedsMemory and is no whole range is read again.
    """
    reading = _Reading(Chunker(count_tokens, outline=outline_of(media_type)), built)
    await reading.replay()
    first = built.segments_done
    items = extract(
        path, media_type, limits=limits, first_segment=first, password=password, beside=beside
    )
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Member):
                if reading.has_something:
                    yield reading.cut()
                pieces = reading.pieces(item, items)
                yield MemberStream(item.ordinal, item.path, pieces)
                with suppress(MemberLost):
                    async for _ in pieces:
                        pass
                continue
            reading.take(item)
            if reading.is_full:
                yield reading.cut()
    reading.end()
    if reading.has_something:
        yield reading.cut()


async def cut_ranges(
    items: AsyncGenerator[Segment | Problem],
    media_type: str,
    built: Built,
    *,
    count_tokens: Callable[[str], int],
) -> AsyncGenerator[Range]:
    """Yield the ranges of what was read before."""
    reading = _Reading(Chunker(count_tokens, outline=outline_of(media_type)), built)
    await reading.replay()
    async with aclosing(items):
        async for item in items:
            reading.take(item)
            if reading.is_full:
                yield reading.cut()
    reading.end()
    if reading.has_something:
        yield reading.cut()


@dataclass(slots=True)
class _Reading:
    chunker: Chunker
    built: Built
    next_ordinal: int = 0
    offset: int = 0
    passages: int = 0  # seen so far, those of the earlier run included
    segments_total: int | None = None
    segments: list[Placed] = field(default_factory=list[Placed])
    problems: list[Problem] = field(default_factory=list[Problem])
    chunks: list[Chunk] = field(default_factory=list[Chunk])
    unembedded: list[Pending] = field(default_factory=list[Pending])
    properties: Properties | None = None
    characters: int = 0
    since: float = field(default_factory=time.monotonic)

    async def replay(self) -> None:
        """Cut the stored text again, with pauses: of a long one it takes longer than a lease may wait for its renewal."""
        for old in self.built.segments:
            self._cut_up(Segment(old.ordinal, old.page, old.label, old.content))
            await asyncio.sleep(0)
        self.next_ordinal = self.built.segments_done

    def take(self, item: Segment | Problem | Properties) -> None:
        if isinstance(item, Properties):
            self.properties = item
            return
        self.next_ordinal = max(self.next_ordinal, item.ordinal + 1)
        if isinstance(item, Problem):
            if item.code != "no_text":  # how the file ends, not a page of it
                self.problems.append(item)
            return
        self.segments.append(Placed(self.offset, item))
        self.characters += len(item.text)
        self.segments_total = item.page_count or self.segments_total
        self._cut_up(item)

    async def pieces(self, first: Member, items: AsyncIterator[Item]) -> AsyncGenerator[bytes]:
        """Yield a member's bytes; what comes instead of its next piece is taken."""
        self.next_ordinal = first.ordinal + 1
        yield first.data
        is_last = first.is_last
        while not is_last:
            item = await anext(items, None)
            if not isinstance(item, Member):
                if item is not None:
                    self.take(item)
                raise MemberLost
            yield item.data
            is_last = item.is_last

    def end(self) -> None:
        self._keep(self.chunker.flush())

    @property
    def is_full(self) -> bool:
        return self.characters >= RANGE_CHARACTERS or time.monotonic() - self.since >= RANGE_S

    @property
    def has_something(self) -> bool:
        return bool(
            self.segments or self.problems or self.chunks or self.unembedded or self.properties
        )

    def cut(self) -> Range:
        """Return what was gathered and begin the next range."""
        part = Range(
            self.next_ordinal,
            self.segments_total,
            tuple(self.segments),
            tuple(self.problems),
            tuple(self.chunks),
            self.passages - len(self.chunks),
            tuple(self.unembedded),
            self.properties,
        )
        self.segments, self.problems, self.chunks, self.unembedded = [], [], [], []
        self.properties = None
        self.characters, self.since = 0, time.monotonic()
        return part

    def _cut_up(self, segment: Segment) -> None:
        self.offset += len(segment.text)
        self._keep(self.chunker.feed(segment))

    def _keep(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            if self.passages < len(self.built.passages):
                old = self.built.passages[self.passages]
                if not old.has_vector:
                    self.unembedded.append(Pending(old.id, old.ordinal, chunk.text))
            else:
                self.chunks.append(chunk)
            self.passages += 1
