"""Cut extracted text into passages that fit the embedder, best at headings, then paragraphs, sentences, lines, words.

Greedy: atoms are gathered until the next one does not fit; then the cut is the strongest break in the second half of the
budget. Chunks do not overlap, each non-space character is in exactly one, none begins or ends with white space, and the
same text gives the same chunks however it is sliced. Pure; memory is bounded by the longest segment.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from core.grapheme import boundary_before, is_boundary
from ingest.anchors import clear_of_anchor
from ingest.atoms import ROW, Atom, Atoms, Break
from ingest.extract.segment import Segment
from ingest.outline import Outline

BUDGET_TOKENS = (
    180  # of the 254 that MiniLM takes beside its two special tokens; see bench/chunking.py
)
MOST_CHARACTERS = 4_000  # a run of symbols may be one token, so tokens alone bound nothing; prose has 1,000 a chunk
FULL_ENOUGH = 0.5  # share of the budget behind which any better break is taken
PARTS = 4  # an atom over the budget falls into parts of a fourth of it at most
SECTION_ENOUGH = (
    0.25  # share behind which a heading always opens a new chunk; smaller sections are put together
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text` is document[start:end] in code points; the pages are those of its first and last character."""

    start: int
    end: int
    page_first: int | None
    page_last: int | None
    headings: tuple[str, ...]
    text: str


def chunk(
    segments: Iterable[Segment],
    count_tokens: Callable[[str], int],
    *,
    budget_tokens: int = BUDGET_TOKENS,
    outline: Outline | None = None,
) -> Iterator[Chunk]:
    """Yield the chunks of a whole document; each as soon as the segments read so far settle it."""
    chunker = Chunker(count_tokens, budget_tokens=budget_tokens, outline=outline)
    for segment in segments:
        yield from chunker.feed(segment)
    yield from chunker.flush()


class Chunker:
    """The same, fed by hand.

    `count_tokens` may count special tokens too; it must add up over texts that are joined by white space. `outline` finds
    the headings where `#` lines are none.
    """

    def __init__(
        self,
        count_tokens: Callable[[str], int],
        *,
        budget_tokens: int = BUDGET_TOKENS,
        outline: Outline | None = None,
    ) -> None:
        self._count = count_tokens
        self._special = count_tokens("")
        self._budget = budget_tokens - self._special
        self._atoms = Atoms(outline)
        self._text = _Window()
        self._held: list[_Held] = []
        self._tokens = 0

    def feed(self, segment: Segment) -> Iterator[Chunk]:
        """Take the document's next segment; yield the chunks that are settled now."""
        self._text.add(segment)
        for atom in self._atoms.feed(segment.text):
            yield from self._take(atom)
        self._text.forget(self._held[0].atom.start if self._held else self._atoms.position)

    def flush(self) -> Iterator[Chunk]:
        """Yield what is held, as if the document ended here."""
        for atom in self._atoms.flush():
            yield from self._take(atom)
        if self._held:
            yield self._emit(len(self._held))

    def _take(self, atom: Atom) -> Iterator[Chunk]:
        for held in self._fitting(atom):
            if held.atom.before is Break.HEADING and self._tokens >= SECTION_ENOUGH * self._budget:
                yield self._emit(len(self._held))
            while self._held and not self._fits(held):
                yield self._emit(self._best_cut(held.atom))
            self._held.append(held)
            self._tokens += held.tokens

    def _fitting(self, atom: Atom, *, most: int | None = None) -> Iterator["_Held"]:
        """Yield the atom; in parts of `most` tokens, small ones that pack well, when it is over the budget by itself."""
        tokens = self._count(atom.text) - self._special
        at = _middle(atom.text) if tokens > (most or self._budget) else 0
        if at == 0:
            yield _Held(atom, tokens)
            return
        for part in _split(atom, at):
            yield from self._fitting(part, most=max(1, self._budget // PARTS))

    def _fits(self, held: "_Held") -> bool:
        characters = held.atom.end - self._held[0].atom.start
        return self._tokens + held.tokens <= self._budget and characters <= MOST_CHARACTERS

    def _best_cut(self, following: Atom) -> int:
        """Return how many of the held atoms make the next chunk: up to the strongest break, of equals the last.

        A table is cut only where it fits no chunk of its own: its rows say nothing without the header.
        """
        strengths = [held.atom.before for held in self._held[1:]] + [following.before]
        best, best_strength, tokens = len(self._held), following.before, 0
        for count, (held, strength) in enumerate(zip(self._held, strengths, strict=True), start=1):
            tokens += held.tokens
            if tokens >= FULL_ENOUGH * self._budget and strength > best_strength:
                best, best_strength = count, strength
            elif strength == best_strength and best < len(self._held):
                best = count
        return best if best_strength >= Break.PARAGRAPH else self._table_start(following) or best

    def _table_start(self, following: Atom) -> int:
        """Return how many of the held atoms stand before the table, with its heading, that goes on; 0 for none."""
        if ROW not in following.text:
            return 0
        for count in range(len(self._held) - 1, 0, -1):
            atom = self._held[count].atom
            if atom.before is Break.HEADING or (
                ROW in atom.text and atom.before is Break.PARAGRAPH
            ):
                return count
            if ROW not in atom.text:
                return 0
        return 0

    def _emit(self, count: int) -> Chunk:
        atoms = [held.atom for held in self._held[:count]]
        start, end = atoms[0].start, atoms[-1].end
        self._tokens -= sum(held.tokens for held in self._held[:count])
        del self._held[:count]
        pages = self._text.page_at(start), self._text.page_at(end - 1)
        return Chunk(start, end, *pages, atoms[0].headings, self._text.between(start, end))


@dataclass(frozen=True, slots=True)
class _Held:
    atom: Atom
    tokens: int


def _middle(text: str) -> int:
    """Return the cut nearest before the middle: behind a space, else between two characters; 0 when there is none."""
    half = len(text) // 2
    space = text.rfind(" ", len(text) // 4, half)
    if space > 0 and is_boundary(text, space + 1):
        return clear_of_anchor(text, space + 1)
    at = boundary_before(text, half)
    while at < len(text) and not is_boundary(text, at):
        at += 1
    return clear_of_anchor(text, at % len(text))


def _split(atom: Atom, at: int) -> tuple[Atom, Atom]:
    left, right = atom.text[:at], atom.text[at:]
    start = atom.start + at + len(right) - len(right.lstrip())
    return (
        replace(atom, text=left.rstrip()),
        replace(atom, start=start, text=right.lstrip(), before=Break.INSIDE),
    )


class _Window:
    """The stretch of the document that chunks may still be cut from, and its pages."""

    def __init__(self) -> None:
        self._start = 0
        self._text = ""
        self._page_starts: list[int] = []
        self._pages: list[int | None] = []

    @property
    def end(self) -> int:
        return self._start + len(self._text)

    def add(self, segment: Segment) -> None:
        self._page_starts.append(self.end)
        self._pages.append(segment.page)
        self._text += segment.text

    def between(self, start: int, end: int) -> str:
        return self._text[start - self._start : end - self._start]

    def page_at(self, position: int) -> int | None:
        return self._pages[bisect_right(self._page_starts, position) - 1]

    def forget(self, position: int) -> None:
        """Drop what lies before `position`."""
        self._text = self._text[position - self._start :]
        self._start = position
        gone = bisect_right(self._page_starts, position) - 1
        del self._page_starts[:gone], self._pages[:gone]
