"""Which cells of a workbook of XML parts are percentages or money: its styles, and which one each cell names (ECMA-376 part 1, 18.8)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final
from zipfile import ZipFile

from ingest.extract.archive import inflate
from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import NumberFormat, number_format
from ingest.extract.office.ooxml import related
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Unreadable

WORKBOOK: Final = "xl/workbook.xml"
BUILT_IN: Final = {"9": "0%", "10": "0.00%"}
ADDRESS: Final = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
STYLE: Final = re.compile(rb'\bs="([0-9]{1,6})"')
LONGEST_TAG: Final = 2**16
MOST_STYLES: Final = 500  # each costs time at each cell; people make some dozens


def xlsx_cells(archive: ZipFile, names: Sequence[str]) -> Iterator[FormattedCell]:
    """Yield the cells of these sheets that are shown as a percentage or money; none of a part that is damaged."""
    book, styles = _Sheets(), _Styles()
    try:
        parts = {each.key: each for each in related(archive, WORKBOOK)}
        of_styles = [each.part for each in parts.values() if each.kind == "styles"]
        read_styles = (parse(archive, part, styles) for part in of_styles)
        for _ in chain(parse(archive, WORKBOOK, book), *read_styles):
            pass
    except Unreadable:
        return
    formats = styles.formats()
    for sheet, name in enumerate(names):
        part = parts.get(book.found.get(name, ""))
        if part and formats:
            for tag in _tags(archive, part.part, formats):
                yield from _cell(sheet, tag, formats)


def _tags(archive: ZipFile, part: str, styles: Mapping[int, NumberFormat]) -> Iterator[bytes]:
    """Yield the tags of the cells that have one of these styles."""
    named = b"|".join(str(style).encode() for style in styles)
    formatted = re.compile(rb'<c\s[^>]*?\bs="(?:' + named + rb')"[^>]*>')
    rest = b""
    try:
        for piece in inflate(archive, part):
            whole, _, rest = (rest + piece).rpartition(b">")
            for cell in formatted.finditer(whole + b">"):
                yield cell[0]
            rest = rest if len(rest) < LONGEST_TAG else b""
    except Unreadable:
        return


def _cell(sheet: int, tag: bytes, formats: Mapping[int, NumberFormat]) -> Iterator[FormattedCell]:
    address, style = ADDRESS.search(tag), STYLE.search(tag)
    if address and style:
        column = 0
        for letter in address[1]:
            column = column * 26 + letter - ord("A") + 1
        yield FormattedCell(sheet, int(address[2]) - 1, column - 1, formats[int(style[1])])


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
