"""Cut a growing text into atoms: lines, sentences and, of overlong ones, parts; each knows how strong the break before it is.

Works on any slicing of the same text with the same result: an atom is given out only when nothing that follows can change
it. Sentence ends are found by punctuation; a wrong one costs a slightly worse break, never a lost character. Lines of code,
rows of tables and citation anchors are kept whole where they are not overlong. Headings are `#` lines, in source code what its outline says.
Left out: Setext headings and indented code, which Markdown writers have all but given up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from core.grapheme import boundary_before, is_boundary
from ingest.anchors import clear_of_anchor
from ingest.outline import Outline

LONGEST_ATOM = (
    1_000  # characters; four times a long sentence, and a bound on what one token count may cost
)
LONGEST_TITLE = 200  # characters of a heading that are kept for the path
LOOK_AHEAD = (
    2 * LONGEST_ATOM
)  # characters that must be there before a cut inside an unfinished line


class Break(IntEnum):
    """What stands before an atom, weakest first."""

    INSIDE = 0  # a line or word that had to be cut
    LINE = 1
    SENTENCE = 2
    PARAGRAPH = 3
    HEADING = 4


@dataclass(frozen=True, slots=True)
class Atom:
    """A stretch of the document without white space at its ends; offsets are of the document."""

    start: int
    text: str
    before: Break
    headings: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.text)


HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
FENCE = re.compile(r" {0,3}(```|~~~)")
ITEM = re.compile(r"\s*([-*+•‣▪\u2013]|\(?\w{1,3}[.)])\s|\s*\|")
ROW = " | "
SPACED = ".!?…؟۔।॥։"  # noqa: RUF001  ends of sentences in scripts with spaces
UNSPACED = "。！？｡"  # noqa: RUF001  and in those without
CLOSERS = "\"'”’»)]」』）】"  # noqa: RUF001
SENTENCE_MARKS = tuple(SPACED + UNSPACED)
# The look-behind keeps a long row of dots linear.
SENTENCE_END = re.compile(
    rf"(?<![{SPACED}])[{SPACED}]+[{re.escape(CLOSERS)}]*(?=\s)|[{UNSPACED}]+[{re.escape(CLOSERS)}]*"
)
# After these a full stop ends no sentence; nor after a single capital (J. K. Rowling).
ABBREVIATED = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|e\.g|i\.e|etc|cf|vs|al|Dr|Mr|Mrs|Ms|Prof|Fig|Eq|No|pp?|vol|bzw|z\.B|Nr)\.$"
)


class Atoms:
    """State between slices: the open line, the heading path, and what the last line was."""

    def __init__(self, outline: Outline | None = None) -> None:
        self._outline = outline
        self._pending = ""
        self._offset = 0  # of pending[0] in the document
        self._inside_line = False  # pending[0] continues a line whose kind is known
        self._before = Break.PARAGRAPH
        self._after_heading = False
        self._path: list[tuple[int, str]] = []  # levels and titles of the open headings
        self._headings: tuple[str, ...] = ()
        self._fence: str | None = None
        self._is_kept_whole = False  # the open line is of code or of a table

    @property
    def position(self) -> int:
        """Where the text begins of which no atom was given out yet."""
        return self._offset

    def feed(self, text: str) -> Iterator[Atom]:
        """Take the next slice of the document; yield the atoms that are certain now."""
        self._pending += text if self._outline is None else self._outline.feed(text)
        yield from self._whole_lines()

    def flush(self) -> Iterator[Atom]:
        """Yield what is left, as if the line ended here."""
        if self._outline is not None:
            self._pending += self._outline.flush()
            yield from self._whole_lines()
        yield from self._line(0, len(self._pending))
        self._drop(len(self._pending))

    def _whole_lines(self) -> Iterator[Atom]:
        start = 0
        while (end := self._pending.find("\n", start)) >= 0:
            yield from self._line(start, end)
            self._inside_line = False
            start = end + 1
        while len(self._pending) - start > LOOK_AHEAD:
            self._open_line(start)
            end = self._cut(start, len(self._pending))
            yield from self._part(start, end)
            start = end
        self._drop(start)

    def _drop(self, count: int) -> None:
        self._pending = self._pending[count:]
        self._offset += count

    def _line(self, start: int, end: int) -> Iterator[Atom]:
        if start == end and not self._inside_line:
            self._raise_to(Break.PARAGRAPH)
        while start < end:
            self._open_line(start)
            cut = self._cut(start, end)
            yield from self._part(start, cut)
            start = cut

    def _part(self, start: int, end: int) -> Iterator[Atom]:
        raw = self._pending[start:end]
        text = raw.strip()
        if not text:
            return
        place = self._offset + start + len(raw) - len(raw.lstrip())
        yield Atom(place, text, self._before, self._headings)
        ended = text.rstrip(CLOSERS).endswith(SENTENCE_MARKS) and not self._after_heading
        self._before = Break.SENTENCE if ended else Break.INSIDE

    def _open_line(self, start: int) -> None:
        """Note what the line's kind says about the break before it, once; of a long one its beginning tells the kind."""
        if self._inside_line:
            return
        self._inside_line = True
        line = self._pending[start : self._line_end(start)]
        if line.isspace():
            self._raise_to(Break.PARAGRAPH)
            return
        strength = self._kind(line) if self._outline is None else self._outlined(start)
        self._is_kept_whole = self._outline is not None or self._fence is not None or ROW in line
        self._raise_to(strength)
        self._after_heading = strength is Break.HEADING

    def _line_end(self, start: int) -> int:
        end = self._pending.find("\n", start, start + LOOK_AHEAD)
        return end if end >= 0 else start + LOOK_AHEAD

    def _outlined(self, start: int) -> Break:
        assert self._outline is not None
        heading = self._outline.take(self._offset + start)
        if heading is None:
            return Break.LINE
        self._enter(heading.level, heading.title[:LONGEST_TITLE])
        return Break.HEADING if heading.title else Break.PARAGRAPH

    def _kind(self, line: str) -> Break:
        if fence := FENCE.match(line):
            self._toggle(fence[1])
        elif self._fence is None and (heading := HEADING.match(line)):
            title = line[heading.end() :].rstrip(" \t#")
            self._enter(len(heading[1]), title[:LONGEST_TITLE])
            return Break.HEADING
        return Break.SENTENCE if ITEM.match(line) else Break.LINE

    def _raise_to(self, strength: Break) -> None:
        """A heading is not parted from what follows it, blank line or not."""
        if strength is Break.HEADING or not self._after_heading:
            self._before = max(self._before, strength)

    def _toggle(self, fence: str) -> None:
        if self._fence is None:
            self._fence = fence
        elif self._fence == fence:
            self._fence = None

    def _enter(self, level: int, title: str) -> None:
        """Begin a section; one without a title only ends those that are open on its level and below."""
        self._path = [entry for entry in self._path if entry[0] < level]
        if title:
            self._path.append((level, title))
        self._headings = tuple(entry[1] for entry in self._path)

    def _cut(self, start: int, end: int) -> int:
        """Return where the atom that begins at `start` ends: a sentence's end, else the last space within reach."""
        reach = min(end, start + LONGEST_ATOM)
        if self._is_kept_whole and reach == end:
            return end
        for match in SENTENCE_END.finditer(self._pending, start, min(end, reach + 1)):
            if match.end() <= reach and self._ends_sentence(start, match.end(), end):
                return match.end()
        if reach == end:
            return end
        space = self._pending.rfind(" ", start + 1, reach)
        if space > start and is_boundary(self._pending, space + 1):
            at = space + 1
        else:
            at = boundary_before(self._pending, reach, floor=start)
        return clear_of_anchor(self._pending, at, floor=start)

    def _ends_sentence(self, start: int, at: int, end: int) -> bool:
        if at >= end or not is_boundary(self._pending, at):
            return False
        if clear_of_anchor(self._pending, at) != at:
            return False
        following = self._pending[at : at + 2].lstrip()[:1]
        return not following.islower() and not ABBREVIATED.search(
            self._pending[max(start, at - 8) : at]
        )
