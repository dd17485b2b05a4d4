"""Plain text and Markdown, as they are: Markdown's own `#` lines are the headings."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.encoding import measure, sniff
from ingest.extract.segment import Segment, Unreadable, clean, too_much_text

HEAD_BYTES = 8192
PIECE = 2**16  # characters


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a text that is too long is refused before its first one."""
    encoding = sniff(source.read(HEAD_BYTES))
    if encoding is None:
        raise not_text()
    measured = measure(source, encoding)
    if measured.characters > most_characters:
        raise too_much_text(most_characters)
    return segments(pieces(source, measured.encoding), first=first)


def pieces(source: BinaryIO, encoding: str) -> Iterator[str]:
    r"""Yield the decoded text in pieces, line breaks as \n; what does not decode becomes U+FFFD."""
    source.seek(0)
    text = io.TextIOWrapper(source, encoding, errors="replace", newline=None)
    while piece := text.read(PIECE):
        yield clean(piece)


def not_text() -> Unreadable:
    return Unreadable(
        "not_text",
        "The file is not text in a known encoding.",
        remedy="Save it as UTF-8 text and upload it.",
    )
