"""Word documents of 1997 to 2003 ([MS-DOC]): the text by its piece table, its structure by the properties of paragraphs.

Notes, text boxes, headers and footers follow the body. Left out: comments, field codes, the numbers of numbered lists, what
earlier versions of Word wrote. Deleted and hidden text is read as any other: what marks it is not looked at.
"""

from collections.abc import Iterator
from struct import error, unpack_from
from typing import BinaryIO, Final, NamedTuple

from ingest.extract.archive import encrypted
from ingest.extract.compound import Compound, damaged
from ingest.extract.cut import segments
from ingest.extract.doc_paragraphs import Paragraphs
from ingest.extract.doc_story import Story
from ingest.extract.segment import Item, Unreadable, clean
from ingest.extract.summary import summary

MOST_BYTES = 200 * 2**20
MAGIC: Final = 0xA5EC
WORD_97: Final = 0xC1
ENCRYPTED, TABLE_1 = 0x0100, 0x0200
PIECES_AT = 0x1A2
# Where the lengths of the stories are, in the order of their texts; the fourth is the comments', which are not read.
STORIES = (0x4C, 0x50, 0x54, 0x5C, 0x60, 0x64, 0x68)
READING_ORDER = (0, 1, 4, 5, 2, 6)
COMPRESSED = 1 << 30
RUN = 2**16  # characters that are decoded at once


class _Piece(NamedTuple):
    """Characters `start` to `end` of the document; at `place` of the stream, in one byte each or in two."""

    start: int
    end: int
    place: int
    step: int


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; the text may be longer than the file, so `most_characters` is the caller's to watch."""
    del most_characters
    file = Compound(source)
    stream = file.read("WordDocument", most_bytes=MOST_BYTES)
    try:
        table = _table(file, stream)
        pieces = list(_pieces(_part(stream, table, PIECES_AT)))
        bounds = _bounds(stream)
    except (error, IndexError) as exc:
        raise damaged() from exc
    yield summary(file)
    story = Story(Paragraphs(stream, table))
    yield from segments(_texts(stream, pieces, bounds, story), first=first)


def _table(file: Compound, stream: bytes) -> bytes:
    magic, version, flags = unpack_from("<HH6xH", stream)
    if magic != MAGIC:
        raise damaged()
    if flags & ENCRYPTED:
        raise encrypted()
    if version < WORD_97:
        raise Unreadable(
            "old_format",
            "The file was written by Word 95 or an older one.",
            remedy="Open it in a present word processor, save it as DOCX and upload that.",
        )
    return file.read("1Table" if flags & TABLE_1 else "0Table", most_bytes=MOST_BYTES)


def _part(stream: bytes, table: bytes, at: int) -> bytes:
    """Return the part of the table stream that a pair in the document's head points to."""
    place, length = unpack_from("<II", stream, at)
    return table[place : place + length]


def _pieces(clx: bytes) -> Iterator[_Piece]:
    at = 0
    while clx[at] == 1:  # properties of pieces come first
        at += 3 + unpack_from("<H", clx, at + 1)[0]
    count = (unpack_from("<xI", clx, at)[0] - 4) // 12
    ends = unpack_from(f"<{count + 1}I", clx, at + 5)
    for n in range(count):
        place = unpack_from("<I", clx, at + 5 + 4 * (count + 1) + 8 * n + 2)[0]
        if place & COMPRESSED:
            yield _Piece(ends[n], ends[n + 1], (place ^ COMPRESSED) // 2, 1)
        else:
            yield _Piece(ends[n], ends[n + 1], place, 2)


def _bounds(stream: bytes) -> list[range]:
    """Return which characters each story is."""
    bounds: list[range] = []
    start = 0
    for at in STORIES:
        length = unpack_from("<I", stream, at)[0]
        bounds.append(range(start, start + length))
        start += length
    return bounds


def _texts(stream: bytes, pieces: list[_Piece], bounds: list[range], story: Story) -> Iterator[str]:
    for number in READING_ORDER:
        for run in _runs(pieces, bounds[number]):
            content = stream[run.place : run.place + (run.end - run.start) * run.step]
            text = content.decode("cp1252" if run.step == 1 else "utf-16-le", "replace")
            story.take(text, place=run.place, step=run.step)
            yield clean(story.blocks.drain())
        story.end()
    yield clean(story.blocks.drain())


def _runs(pieces: list[_Piece], wanted: range) -> Iterator[_Piece]:
    for piece in pieces:
        start, end = max(piece.start, wanted.start), min(piece.end, wanted.stop)
        for at in range(start, end, RUN):
            place = piece.place + (at - piece.start) * piece.step
            yield _Piece(at, min(end, at + RUN), place, piece.step)
