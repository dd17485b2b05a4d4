"""The words of a page as lines in the order of reading, from the order in which the file draws them.

The file's order is kept: most programs write a page as it is read. Only where it goes to and fro between columns of
prose is a page read column by column. Rows of a table, which look alike but for short cells, stay rows.
Left out: pages read from right to left column by column, and text along another direction than its page's.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

# Shares of the height of a letter, unless said otherwise. Tried on the multi-column pages of docling and unstructured.
GLUED: Final = 0.15  # a gap below is no space
SAME_LINE: Final = 1.0  # what follows a raised letter within this gap goes on in its line
OVERLAP: Final = 0.4  # of the lower of two heights: on one line
COLUMN_GAP: Final = 1.2  # wider than any space between words that a typesetter stretches
LEAST_CROSSINGS: Final = 4  # from column to column: there and back again, twice
PROSE_WORDS: Final = 4  # words in a line of a column at the median; cells of tables have 1 to 3
PROSE_WIDTH: Final = 0.2  # of the page's text at the median
MOST_SPANNING: Final = 0.5  # as many lines across the gutter as beside it: no columns
MOST_COLUMNS: Final = 4
UPRIGHT: Final = 0.5  # of the longer words: else the text runs another way, and places say nothing


class Word(NamedTuple):
    """A word and its box, from the lower left corner of the page as it is seen; `starts_line` says the file."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    starts_line: bool


class Piece(NamedTuple):
    """Words side by side; `goes_on` when only a wide gap parts it from the piece before."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    goes_on: bool

    @property
    def height(self) -> float:
        return self.top - self.bottom


def lines(words: Sequence[Word]) -> list[str]:
    """Return the lines of text in the order of reading."""
    if not _is_upright(words):
        return [" ".join(w.text for w in line) for line in _as_drawn(words)]
    pieces = list(_pieces(words))
    ordered = _by_column(pieces, columns=MOST_COLUMNS)
    if ordered is None:
        return list(_joined(pieces))
    return [piece.text for piece in ordered]


def _is_upright(words: Sequence[Word]) -> bool:
    longer = [w for w in words if len(w.text) > 3]
    wide = sum(w.right - w.left > w.top - w.bottom for w in longer)
    return wide >= UPRIGHT * len(longer)


def _as_drawn(words: Sequence[Word]) -> Iterator[list[Word]]:
    line = list[Word]()
    for word in words:
        if word.starts_line and line:
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _pieces(words: Sequence[Word]) -> Iterator[Piece]:
    """Join words to pieces, also across a line break that only a raised or lowered letter made."""
    piece: Piece | None = None
    for word in words:
        if piece is None:
            piece = Piece(*word[:5], goes_on=False)
            continue
        gap = word.left - piece.right
        height = min(piece.height, word.top - word.bottom) or 1.0
        limit = SAME_LINE if word.starts_line else COLUMN_GAP
        if _goes_on_in(word, piece, gap=gap, most=limit * height):
            glued = word.starts_line and gap < GLUED * height
            piece = _longer(piece, word, space="" if glued else " ")
        else:
            yield piece
            piece = Piece(*word[:5], goes_on=not word.starts_line)
    if piece is not None:
        yield piece


def _goes_on_in(word: Word, piece: Piece, *, gap: float, most: float) -> bool:
    if not word.starts_line:
        return gap <= most
    if piece.text.endswith("\ufffe"):
        return False
    shared = min(piece.top, word.top) - max(piece.bottom, word.bottom)
    lower = min(piece.height, word.top - word.bottom)
    return shared > OVERLAP * lower and -most < gap <= most


def _longer(piece: Piece, word: Word, *, space: str) -> Piece:
    return Piece(
        f"{piece.text}{space}{word.text}",
        min(piece.left, word.left),
        max(piece.right, word.right),
        min(piece.bottom, word.bottom),
        max(piece.top, word.top),
        piece.goes_on,
    )


def _joined(pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield the lines as the file breaks them."""
    line = ""
    for number, piece in enumerate(pieces):
        if number and not piece.goes_on:
            yield line
            line = piece.text
        else:
            line = f"{line} {piece.text}" if line else piece.text
    if pieces:
        yield line


def _by_column(pieces: Sequence[Piece], *, columns: int) -> list[Piece] | None:
    """Return the pieces column by column, None when the file's own order does so, or there are no columns."""
    if columns < 2 or len(pieces) < 2 * LEAST_CROSSINGS:
        return None
    gutter = _gutter(pieces)
    if gutter is None or not _goes_to_and_fro(pieces, gutter):
        return None
    ordered = list[Piece]()
    beside = list[Piece]()
    for piece in sorted(pieces, key=lambda p: -p.top):
        if piece.left < gutter < piece.right:
            ordered += _left_then_right(beside, gutter, columns=columns)
            ordered.append(piece)
            beside = []
        else:
            beside.append(piece)
    return ordered + _left_then_right(beside, gutter, columns=columns)


def _left_then_right(pieces: list[Piece], gutter: float, *, columns: int) -> list[Piece]:
    left = [p for p in pieces if p.right <= gutter]
    right = [p for p in pieces if p.right > gutter]
    return left + (_by_column(right, columns=columns - 1) or right)


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """Return the place left of the column that begins at the commonest left edges, None without two columns of prose."""
    edges = Counter(round(p.left) for p in pieces)
    best, most = None, 0
    for edge, _ in edges.most_common(6):
        gutter = edge - 1.0
        left = [p for p in pieces if p.right <= gutter]
        right = [p for p in pieces if p.left >= gutter]
        spanning = len(pieces) - len(left) - len(right)
        smaller = min(len(left), len(right))
        if smaller > most and spanning <= MOST_SPANNING * smaller and _are_prose(left, right):
            best, most = gutter, smaller
    return best


def _are_prose(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    width = max(p.right for p in (*left, *right)) - min(p.left for p in (*left, *right))
    return all(
        _median([len(p.text.split()) for p in side]) >= PROSE_WORDS
        and _median([p.right - p.left for p in side]) >= PROSE_WIDTH * width
        for side in (left, right)
    )


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _goes_to_and_fro(pieces: Sequence[Piece], gutter: float) -> bool:
    sides = [p.left >= gutter for p in pieces if not p.left < gutter < p.right]
    crossings = sum(a != b for a, b in pairwise(sides))
    return crossings >= max(LEAST_CROSSINGS, len(sides) // 3)
