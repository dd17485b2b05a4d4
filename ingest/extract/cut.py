"""Cut a text without pages into segments, so that the beginning is searchable while the rest is still read."""

from collections.abc import Iterable, Iterator

from core.grapheme import boundary_before
from ingest.extract.segment import Segment

SEGMENT = 16_000  # characters; about 20 passages, a second of embedding


def segments(pieces: Iterable[str], *, first: int) -> Iterator[Segment]:
    """Yield the text that the pieces join to as segments, from number `first` on; the last one ends its line."""
    for ordinal, text in enumerate(_cuts(pieces)):
        if ordinal >= first:
            yield Segment(ordinal, None, None, text)


def _cuts(pieces: Iterable[str]) -> Iterator[str]:
    pending = ""
    for piece in pieces:
        pending += piece
        start = 0
        while len(pending) - start > 2 * SEGMENT:
            end = _place(pending, start)
            yield pending[start:end]
            start = end
        pending = pending[start:]
    if len(pending) > SEGMENT:
        end = _place(pending, 0)
        yield pending[:end]
        pending = pending[end:]
    if pending:
        yield pending if pending.endswith("\n") else pending + "\n"


def _place(text: str, start: int) -> int:
    """Return the best place to cut in the second half of a segment: a blank line, a line, a space, a character."""
    half, end = start + SEGMENT // 2, start + SEGMENT
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, half, end)
        if at >= 0:
            return at + len(mark)
    return boundary_before(text, end, floor=half)
