"""Which cells of an OpenDocument spreadsheet are percentages or money (ODF 1.3 part 3, 16.29 and 19.615).

A cell names a style, or its row or column does for it; a style or one that it derives from names the style of the number,
whose words and digits make the format. One for numbers from 0 on goes before the one that has it. Left out: other conditions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zipfile import ZipFile

from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import LONGEST_CODE, NumberFormat, shaped
from ingest.extract.office.odf_package import CONTENT, STYLES
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Unreadable

NUMBER_STYLES: Final = frozenset({"number:percentage-style", "number:currency-style"})
WORDS: Final = frozenset({"number:text", "number:currency-symbol"})
FROM_ZERO: Final = frozenset({"value()>=0", "value()>0"})
CELLS: Final = frozenset({"table:table-cell", "table:covered-table-cell"})
MOST_COLUMNS: Final = 16_384
MOST_ROWS: Final = 2**20
LONGEST_CHAIN: Final = 10  # of styles; a hostile one may go in circles


def ods_cells(archive: ZipFile, names: Sequence[str]) -> Iterator[FormattedCell]:
    """Yield the cells of these sheets that are shown as a percentage or money, as far as the file is whole."""
    styles = _Styles()
    content = _Content(styles, {name: sheet for sheet, name in enumerate(names)})
    try:
        for _ in parse(archive, STYLES, styles):
            pass
        for _ in parse(archive, CONTENT, content):
            for row in content.take():
                yield from row.cells()
            if content.formats == {}:
                return
    except Unreadable:
        return


@dataclass(slots=True)
class _NumberStyle:
    name: str
    texts: list[str] = field(default_factory=lambda: [""])  # before each number, after the last
    decimals: str = ""
    least: str = ""
    from_zero: str = ""  # the style for numbers from 0 on

    def format(self) -> NumberFormat | None:
        if len(self.texts) != 2 or not self.decimals:
            return None
        most = _count(self.decimals, 99)
        return shaped(*self.texts, least=_count(self.least or self.decimals, most), most=most)


class _CellStyle(NamedTuple):
    number_style: str
    parent: str


class _Styles:
    """The styles of numbers and of cells, of both parts; those of the content count where names are the same."""

    def __init__(self) -> None:
        self._numbers: dict[str, _NumberStyle] = {}
        self._cells: dict[str, _CellStyle] = {}
        self._open: _NumberStyle | None = None
        self._in_words = False

    def formats(self) -> dict[str, NumberFormat]:
        """Return the formats of cells by the names of their styles."""
        found = {name: self._format(name) for name in self._cells}
        return {name: each for name, each in found.items() if each is not None}

    def _format(self, name: str) -> NumberFormat | None:
        for _ in range(LONGEST_CHAIN):
            number_style, parent = self._cells.get(name, _CellStyle("", ""))
            if number_style:
                own = self._numbers.get(number_style)
                chosen = own and self._numbers.get(own.from_zero, own)
                return chosen and chosen.format()
            name = parent
        return None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style:style" and attributes.get("family") == "table-cell":
            self._cells[attributes.get("name", "")] = _CellStyle(
                attributes.get("data-style-name", ""), attributes.get("parent-style-name", "")
            )
        elif name in NUMBER_STYLES:
            self._open = _NumberStyle(attributes.get("name", ""))
        elif self._open is not None:
            self._note(self._open, name, attributes)

    def _note(self, style: _NumberStyle, name: str, attributes: dict[str, str]) -> None:
        if name == "number:number":
            style.texts.append("")
            if attributes.get("display-factor", "1") == "1":
                style.decimals = attributes.get("decimal-places", "")
            style.least = attributes.get("min-decimal-places", "")
        elif name == "style:map" and attributes.get("condition") in FROM_ZERO:
            style.from_zero = attributes.get("apply-style-name", "")
        self._in_words = name in WORDS

    def data(self, text: str) -> None:
        if self._open and self._in_words and len(self._open.texts[-1]) <= LONGEST_CODE:
            self._open.texts[-1] += text

    def end(self, name: str) -> None:
        self._in_words = False
        if name in NUMBER_STYLES and self._open:
            self._numbers[self._open.name] = self._open
            self._open = None


class _Run(NamedTuple):
    columns: range
    format: NumberFormat


class _Row(NamedTuple):
    sheet: int
    rows: range  # that are the same
    runs: list[_Run]

    def cells(self) -> Iterator[FormattedCell]:
        for row in self.rows:
            for run in self.runs:
                for column in run.columns:
                    yield FormattedCell(self.sheet, row, column, run.format)


class _Content:
    """Rows with cells that have a format; `formats` are known where the sheets begin."""

    def __init__(self, styles: _Styles, sheets: dict[str, int]) -> None:
        self.formats: dict[str, NumberFormat] | None = None
        self._styles = styles
        self._sheets = sheets
        self._found: list[_Row] = []
        self._depth = 0  # of tables in tables
        self._sheet = -1
        self._row = self._rows = self._column = 0
        self._of_columns: list[str] = []
        self._of_row = ""
        self._runs: list[_Run] = []

    def take(self) -> list[_Row]:
        """Return the rows that were read since the last time."""
        found, self._found = self._found, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "office:body":
            self.formats = self._styles.formats()
        elif self.formats is None:
            self._styles.start(name, attributes)
        elif name == "table:table":
            self._depth += 1
            if self._depth == 1:
                self._sheet, self._row = self._sheets.get(attributes.get("name", ""), -1), 0
                self._of_columns = []
        elif self._depth == 1 and name in CELLS:
            self._cell(attributes, self.formats)
        elif self._depth == 1 and name == "table:table-row":
            self._rows = _count(attributes.get("number-rows-repeated", "1"), MOST_ROWS)
            self._of_row, self._column = attributes.get("default-cell-style-name", ""), 0
        elif self._depth == 1 and name == "table:table-column":
            count = _count(attributes.get("number-columns-repeated", "1"), MOST_COLUMNS)
            style = attributes.get("default-cell-style-name", "")
            self._of_columns += [style] * min(count, MOST_COLUMNS - len(self._of_columns))

    def _cell(self, attributes: dict[str, str], formats: dict[str, NumberFormat]) -> None:
        first = self._column
        count = _count(attributes.get("number-columns-repeated", "1"), MOST_COLUMNS)
        self._column = min(first + count, MOST_COLUMNS)
        if "value" not in attributes or first == self._column:
            return
        of_column = self._of_columns[first] if first < len(self._of_columns) else ""
        style = attributes.get("style-name") or self._of_row or of_column
        if style in formats:
            self._runs.append(_Run(range(first, self._column), formats[style]))

    def data(self, text: str) -> None:
        if self.formats is None:
            self._styles.data(text)

    def end(self, name: str) -> None:
        if self.formats is None:
            self._styles.end(name)
        elif name == "table:table":
            self._depth -= 1
        elif name == "table:table-row" and self._depth == 1:
            following = min(self._row + self._rows, MOST_ROWS)
            if self._runs and self._sheet >= 0:
                self._found.append(_Row(self._sheet, range(self._row, following), self._runs))
            self._row, self._runs = following, []


def _count(text: str, most: int) -> int:
    return min(int(text), most) if text.isdecimal() and len(text) < 10 else most
