"""A table's rows as text whose every passage names its columns; for CSV, TSV and the sheets of workbooks.

Rows stand as `a | b` in blocks of about a passage, each under the header anew: the chunker cuts between blocks, so a number
is found by what it counts. A row too wide for a line under it is a block of its own, a line `header: value` for each cell.
Left out: a header of several rows; of those only the last is repeated.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from ingest.extract.segment import UNWANTED

SAMPLE = 20  # rows that are looked at to find the header
PASSAGE = 160  # tokens by `_weight`; the rest of chunk.py's 180 is for a heading above and for what counts more than weighed
WIDEST = PASSAGE // 2  # a header beyond it does not stand over rows
LONGEST_NAME = 80  # characters of a column's name
# Of words five letters, of codes (DD37Cf93) two: about as many as stand in a token of English.
CODE = r"(?:(?<=\d)|(?=[^\W\d_]{1,8}\d))[^\W\d_]{1,2}"
TOKEN = re.compile(rf"{CODE}|[^\W\d_]{{1,5}}|\d{{1,2}}|[^\w\s]|_", re.ASCII)
YEAR = re.compile(r"(?:19|20)\d\d")
LETTER = re.compile(r"[^\W\d_]")


def table_text(rows: Iterable[Sequence[str]], *, first_number: int = 0) -> Iterator[str]:
    """Yield pieces of text, each of whole lines; blank lines stand between blocks, none at either end.

    `first_number` is the number of the first row given, empty ones counted; then each block says which rows it holds.
    """
    numbered = ((number, _tidy(row)) for number, row in enumerate(rows, first_number))
    filled = ((number, cells) for number, cells in numbered if cells)
    sample = list(islice(filled, SAMPLE))
    above = header_index([cells for _, cells in sample])
    header = None if above is None else sample[above][1]
    blocks = _Blocks(header or [], is_numbered=first_number > 0)
    for position, (number, cells) in enumerate(chain(sample, filled)):
        if position != above:
            yield from blocks.add(number, cells, is_title=above is not None and position < above)
    yield from blocks.flush()


def header_index(rows: Sequence[Sequence[str]]) -> int | None:
    """Return which of a table's first rows names the columns: the first full one, if it holds nothing but names."""
    widest = max((_filled(row) for row in rows), default=0)
    index = next((n for n, row in enumerate(rows) if 2 * _filled(row) > widest), 0)
    if index + 1 >= len(rows):
        return None
    names = [cell for cell in rows[index] if cell]
    are_names = all(map(_is_name, names)) and len({*names}) == len(names)
    if are_names and any(LETTER.search(name) for name in names):
        below = (cell for row in rows[index + 1 :] for cell in row if cell)
        if widest > 1 or not all(map(_is_name, below)):
            return index
    return None


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _is_name(cell: str) -> bool:
    if len(cell) > LONGEST_NAME or "@" in cell or "://" in cell:
        return False
    return bool(LETTER.search(cell) or YEAR.fullmatch(cell))


def _tidy(row: Sequence[str]) -> list[str]:
    """Return the cells in one line each, without the empty ones at the end."""
    cells = [" ".join(UNWANTED.sub("", cell).split()) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _weight(text: str) -> int:
    return sum(1 for _ in TOKEN.finditer(text)) + sum(character > "\x7f" for character in text)


class _Blocks:
    """Gathers rows until they fill a passage."""

    def __init__(self, header: list[str], *, is_numbered: bool) -> None:
        self._header = header
        self._head = " | ".join(header)
        self._head_weight = _weight(self._head)
        self._is_numbered = is_numbered
        self._numbers: list[int] = []
        self._lines: list[str] = []
        self._used = 0
        self._is_first = True

    def add(self, number: int, cells: list[str], *, is_title: bool) -> Iterator[str]:
        line = " | ".join(cells)
        weight = _weight(line)
        if is_title:
            yield self._block(line)
        elif self._header and (self._head_weight > WIDEST or self._head_weight + weight > PASSAGE):
            yield from self.flush()
            yield self._block(self._record(number, cells))
        else:
            if self._lines and self._head_weight_to(number) + self._used + weight > PASSAGE:
                yield from self.flush()
            self._lines.append(line)
            self._numbers.append(number)
            self._used += weight

    def flush(self) -> Iterator[str]:
        if self._lines:
            head = f"{self._rows_to(self._numbers[-1])}{self._head}".rstrip()
            yield self._block("\n".join([head, *self._lines] if head else self._lines))
            self._lines, self._numbers, self._used = [], [], 0

    def _head_weight_to(self, last: int) -> int:
        return _weight(self._rows_to(last)) + self._head_weight

    def _rows_to(self, last: int) -> str:
        """Return which rows stand in the block that ends with this one, where people see them numbered."""
        if not self._is_numbered:
            return ""
        first = self._numbers[0]
        return f"Row {first}: " if first == last else f"Rows {first}-{last}: "

    def _record(self, number: int, cells: list[str]) -> str:
        names = self._header + [""] * (len(cells) - len(self._header))
        lines = [
            f"{name}: {cell}" if name else cell
            for name, cell in zip(names, cells, strict=False)
            if cell
        ]
        return "\n".join([f"Row {number}:", *lines] if self._is_numbered else lines)

    def _block(self, text: str) -> str:
        gap = "" if self._is_first else "\n"
        self._is_first = False
        return f"{gap}{text}\n"
