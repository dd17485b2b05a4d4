"""Percentages and amounts of money in a workbook of XML parts (ECMA-376 part 1, 18.8), which calamine gives as bare numbers.

A format of cells that has a percent sign or the sign of a currency is applied as it is shown: rounded to its decimals, sign and
currency where they stand. Separators of thousands are left out, so that a number is found as it is typed.
Left out: currencies and units in letters, sections for negative numbers and conditions, formats that depend on the country.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import chain, islice
from typing import Final
from zipfile import ZipFile

from ingest.extract.archive import inflate
from ingest.extract.office.ooxml import related
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Unreadable

BUILT_IN: Final = {"9": "0%", "10": "0.00%"}
# Quoted text, an escaped character, room for one, a fill, a currency with its country, a colour or condition, digits, the rest.
TOKENS: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<money>[^\]-]*)[^\]]*\]|\[[^\]]*\]|(?P<digits>[0#?.,]+)|(?P<plain>.)',
    re.DOTALL,
)
PLAIN: Final = frozenset("%$€£¥+- ")
ADDRESS: Final = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
STYLE: Final = re.compile(rb'\bs="([0-9]{1,6})"')
LONGEST_TAG: Final = 2**16
MOST_STYLES: Final = 500  # each costs time at each cell; people make some dozens


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What stands before and after the digits; `most` decimals are shown, `least` of them even where they are zeros."""

    before: str
    after: str
    least: int
    most: int

    def shown(self, value: float) -> str:
        """Return a number as the program shows it, but for separators of thousands."""
        digits = f"{value:.15g}"
        number = Decimal(digits).scaleb(2 if "%" in self.before + self.after else 0)
        try:
            rounded = number.quantize(Decimal(1).scaleb(-self.most), ROUND_HALF_UP)
        except InvalidOperation:  # it is infinite, or has more digits than a decimal holds
            return digits
        if rounded.is_nan():
            return digits
        whole, _, decimals = f"{abs(rounded):f}".partition(".")
        kept = decimals[: self.least] + decimals[self.least :].rstrip("0")
        sign = "-" if rounded < 0 else ""
        return f"{sign}{self.before}{whole}{'.' if kept else ''}{kept}{self.after}"


@dataclass(frozen=True, slots=True)
class FormattedCell:
    """Row and column count from 0."""

    row: int
    column: int
    format: NumberFormat


def number_format(code: str) -> NumberFormat | None:
    """Return the format that a code's first section describes; None for one without percent sign or currency."""
    texts, digits = [""], ""
    for token in TOKENS.finditer(code):
        if token["plain"] == ";":
            break
        if token["digits"]:
            if digits:
                return None
            digits = token["digits"]
            texts.append("")
        elif token["plain"] and token["plain"] not in PLAIN:
            return None
        else:
            texts[-1] += token[token.lastgroup] if token.lastgroup else ""
    if len(texts) != 2 or digits.endswith(",") or digits.count(".") > 1:
        return None
    before, after = texts[0].lstrip(), texts[1].rstrip()
    if not (before + after).strip(" +-") or re.search(r"[^\W_]", before + after):
        return None
    decimals = digits.partition(".")[2]
    return NumberFormat(before, after, decimals.count("0"), len(decimals))


class NumberFormats:
    """The formats of a workbook's cells, sheet by sheet; of a part that is damaged there are none."""

    def __init__(self, archive: ZipFile, workbook: str) -> None:
        self._archive = archive
        book, styles = _Sheets(), _Styles()
        try:
            parts = {each.key: each for each in related(archive, workbook)}
            of_styles = [each.part for each in parts.values() if each.kind == "styles"]
            read_styles = (parse(archive, part, styles) for part in of_styles)
            for _ in chain(parse(archive, workbook, book), *read_styles):
                pass
        except Unreadable:
            parts = {}
        self._parts = {name: parts[key].part for name, key in book.found.items() if key in parts}
        self._formats = styles.formats()

    def of_sheet(self, name: str) -> "FormatsOfRows":
        part = self._parts.get(name) if self._formats else None
        return FormatsOfRows(self._cells(part) if part else iter(()))

    def _cells(self, part: str) -> Iterator[FormattedCell]:
        styles = b"|".join(str(style).encode() for style in self._formats)
        formatted = re.compile(rb'<c\s[^>]*?\bs="(?:' + styles + rb')"[^>]*>')
        rest = b""
        try:
            for piece in inflate(self._archive, part):
                whole, _, rest = (rest + piece).rpartition(b">")
                for cell in formatted.finditer(whole + b">"):
                    yield from self._cell(cell[0])
                rest = rest if len(rest) < LONGEST_TAG else b""
        except Unreadable:
            return

    def _cell(self, tag: bytes) -> Iterator[FormattedCell]:
        address, style = ADDRESS.search(tag), STYLE.search(tag)
        if address and style:
            column = 0
            for letter in address[1]:
                column = column * 26 + letter - ord("A") + 1
            yield FormattedCell(int(address[2]) - 1, column - 1, self._formats[int(style[1])])


class FormatsOfRows:
    """The formats of a sheet's cells, asked for row after row."""

    def __init__(self, cells: Iterator[FormattedCell]) -> None:
        self._cells = cells
        self._ahead = next(cells, None)

    def of_row(self, row: int) -> dict[int, NumberFormat]:
        """Return the formats of a row's cells by column."""
        found: dict[int, NumberFormat] = {}
        while self._ahead is not None and self._ahead.row <= row:
            if self._ahead.row == row:
                found[self._ahead.column] = self._ahead.format
            self._ahead = next(self._cells, None)
        return found


class _Sheets:
    """The names of sheets, and what the workbook calls their parts."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "?sheet":
            self.found[attributes.get("name", "")] = attributes.get("r:id", "")

    def data(self, text: str) -> None:
        """Only attributes matter."""

    def end(self, name: str) -> None:
        """Nothing ends that matters."""


class _Styles:
    """The codes of formats, and which one each style of cells has: cells name the styles by their place."""

    def __init__(self) -> None:
        self._codes = dict(BUILT_IN)
        self._of_cells: list[str] = []
        self._in_cells = False

    def formats(self) -> dict[int, NumberFormat]:
        known = {key: number_format(code) for key, code in self._codes.items()}
        found = ((n, known.get(key)) for n, key in enumerate(self._of_cells))
        return dict(islice(((n, each) for n, each in found if each is not None), MOST_STYLES))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "?numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "?cellXfs":
            self._in_cells = True
        elif name == "?xf" and self._in_cells:
            self._of_cells.append(attributes.get("numFmtId", ""))

    def data(self, text: str) -> None:
        """Only attributes matter."""

    def end(self, name: str) -> None:
        if name == "?cellXfs":
            self._in_cells = False
