"""Word documents of 1993 to 2003: the text by its piece table, its structure by the properties of paragraphs ([MS-DOC]).

Notes, text boxes, headers and footers follow the body. Left out: comments, field codes, the numbers of numbered lists; of Word 6
and 95 all structure but rows. Deleted and hidden text is read as any other: what marks it is not looked at.
"""

from collections.abc import Iterator
from struct import error, unpack_from
from typing import BinaryIO, Final, NamedTuple

from ingest.extract.archive import encrypted
from ingest.extract.cut import segments
from ingest.extract.office.compound import Compound, damaged
from ingest.extract.office.doc_paragraphs import Paragraphs
from ingest.extract.office.doc_story import Story
from ingest.extract.office.summary import summary
from ingest.extract.segment import Item, clean

MOST_BYTES = 200 * 2**20
WORD_97_MAGIC: Final = 0xA5EC
OLDER_MAGIC = frozenset({0xA5DB, 0xA5DC})
WORD_6: Final = 101
COMPLEX, ENCRYPTED, TABLE_1 = 0x0004, 0x0100, 0x0200
COMPRESSED = 1 << 30
RUN = 2**16  # characters that are decoded at once
ANSI = "cp1252"
# Word 95 and older write bytes and no code page, but the language of the program.
CODE_PAGES = {
    "cp1250": (0x405, 0x40E, 0x415, 0x418, 0x41A, 0x41B, 0x424), "cp1251": (0x402, 0x419, 0x422, 0x423, 0x81A),
    "cp1253": (0x408,), "cp1254": (0x41F,),
}  # fmt: skip


class _Places(NamedTuple):
    """Where the head says how long the stories are, in the order of their texts, and where the pieces are.

    `read` are the numbers of the stories that are read; the others are comments and macros.
    """

    stories: tuple[int, ...]
    read: tuple[int, ...]
    pieces: int


WORD_97 = _Places((0x4C, 0x50, 0x54, 0x5C, 0x60, 0x64, 0x68), (0, 1, 4, 5, 2, 6), 0x1A2)
OLDER = _Places((0x34, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C, 0x50), (0, 1, 5, 6, 2, 7), 0x160)


class _Piece(NamedTuple):
    """Characters `start` to `end` of the document; at `place` of the stream, in one byte each or in two."""

    start: int
    end: int
    place: int
    step: int


class _Document(NamedTuple):
    stream: bytes
    pieces: list[_Piece]
    stories: list[range]
    paragraphs: Paragraphs
    encoding: str = ANSI


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; the text may be longer than the file, so `most_characters` is the caller's to watch."""
    del most_characters
    file = Compound(source)
    try:
        document = _document(file)
    except (error, IndexError) as exc:
        raise damaged() from exc
    yield summary(file)
    yield from segments(_texts(document), first=first)


def _document(file: Compound) -> _Document:
    stream = file.read("WordDocument", most_bytes=MOST_BYTES)
    magic, version, language, flags = unpack_from("<HH2xH2xH", stream)
    if flags & ENCRYPTED:
        raise encrypted()
    if magic in OLDER_MAGIC and version >= WORD_6:
        return _older(stream, language, is_complex=bool(flags & COMPLEX))
    if magic != WORD_97_MAGIC:
        raise damaged()
    table = file.read("1Table" if flags & TABLE_1 else "0Table", most_bytes=MOST_BYTES)
    pieces = list(_pieces(_part(stream, table, WORD_97.pieces)))
    return _Document(stream, pieces, _stories(stream, WORD_97), Paragraphs(stream, table))


def _older(stream: bytes, language: int, *, is_complex: bool) -> _Document:
    """All parts are in one stream; a document that was saved in one go is in one piece."""
    stories = _stories(stream, OLDER)
    pieces = [_Piece(0, stories[-1].stop, unpack_from("<I", stream, 0x18)[0], 1)]
    if is_complex:
        pieces = [each._replace(step=1) for each in _pieces(_part(stream, stream, OLDER.pieces))]
    encoding = next((page for page, ids in CODE_PAGES.items() if language in ids), ANSI)
    return _Document(stream, pieces, stories, Paragraphs(b"", b""), encoding)


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


def _stories(stream: bytes, places: _Places) -> list[range]:
    """Return which characters each story is."""
    stories: list[range] = []
    start = 0
    for at in places.stories:
        length = unpack_from("<I", stream, at)[0]
        stories.append(range(start, start + length))
        start += length
    return [stories[number] for number in places.read]


def _texts(document: _Document) -> Iterator[str]:
    story = Story(document.paragraphs)
    for characters in document.stories:
        for run in _runs(document.pieces, characters):
            content = document.stream[run.place : run.place + (run.end - run.start) * run.step]
            encoding = document.encoding if run.step == 1 else "utf-16-le"
            story.take(content.decode(encoding, "replace"), place=run.place, step=run.step)
            yield clean(story.blocks.drain())
        story.end()
    yield clean(story.blocks.drain())


def _runs(pieces: list[_Piece], wanted: range) -> Iterator[_Piece]:
    for piece in pieces:
        start, end = max(piece.start, wanted.start), min(piece.end, wanted.stop)
        for at in range(start, end, RUN):
            place = piece.place + (at - piece.start) * piece.step
            yield _Piece(at, min(end, at + RUN), place, piece.step)
