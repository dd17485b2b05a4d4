"""Plain text and source code, as they are; and what every format that is text begins with: its decoded pieces and lines."""

import codecs
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.encoding import measure, sniff
from ingest.extract.segment import Segment, Unreadable, clean, too_much_text

HEAD_BYTES = 8192
PIECE_BYTES = 2**16
LONGEST_LINE = 2**18  # characters


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a text that is too long is refused before its first one."""
    return segments(open_text(source, most_characters=most_characters), first=first)


def open_text(source: BinaryIO, *, most_characters: int) -> Iterator[str]:
    """Return the text in pieces as `pieces` does; raise Unreadable where it is none or too long."""
    source.seek(0)
    encoding = sniff(source.read(HEAD_BYTES))
    if encoding is None:
        raise not_text()
    measured = measure(source, encoding)
    if measured.characters > most_characters:
        raise too_much_text(most_characters)
    return pieces(source, measured.encoding)


def pieces(source: BinaryIO, encoding: str) -> Iterator[str]:
    r"""Yield the decoded text in pieces, line breaks as \n; what does not decode becomes U+FFFD."""
    source.seek(0)
    decode = codecs.getincrementaldecoder(encoding)("replace")
    decoder = io.IncrementalNewlineDecoder(decode, translate=True)
    while piece := source.read(PIECE_BYTES):
        if text := decoder.decode(piece):
            yield clean(text)
    if text := decoder.decode(b"", final=True):
        yield clean(text)


def lines(text: Iterable[str]) -> Iterator[str]:
    r"""Yield the lines of a text in pieces, each with its \n; one that is far too long for a line comes in parts."""
    pending = ""
    for piece in text:
        *whole, pending = (pending + piece).split("\n")
        for line in whole:
            yield line + "\n"
        if len(pending) > LONGEST_LINE:
            yield pending
            pending = ""
    if pending:
        yield pending


def not_text() -> Unreadable:
    return Unreadable(
        "not_text",
        "The file is not text in a known encoding.",
        remedy="Save it as UTF-8 text and upload it.",
    )
