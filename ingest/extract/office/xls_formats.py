"""Which cells of a workbook of Excel 5 to 2003 are percentages or money: formats, styles and cells of its records ([MS-XLS] 2.4).

A cell names a style (XF) by its place, a style a format by its number. Left out: workbooks of Excel 4 and before.
"""

from collections.abc import Iterator, Sequence
from struct import calcsize, error, unpack_from
from typing import Final, NamedTuple

from ingest.extract.office.compound import Compound
from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import NumberFormat, number_format
from ingest.extract.segment import Unreadable

MOST_BYTES: Final = 50 * 2**20  # a sheet of 65,536 full rows; what is larger shows bare numbers
MOST_STYLES: Final = 2**16  # a cell names one in two bytes
BUILT_IN: Final = {9: "0%", 10: "0.00%"}
BOF, EOF, SHEET, FORMAT, STYLE = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0
NUMBERS: Final = frozenset({0x0203, 0x027E, 0x0006})  # NUMBER, RK, FORMULA
ROW_OF_NUMBERS: Final = 0x00BD  # MULRK
EXCEL_5, EXCEL_97 = 0x0500, 0x0600


class _Record(NamedTuple):
    kind: int
    start: int  # of its content
    length: int


def xls_cells(file: Compound, names: Sequence[str]) -> Iterator[FormattedCell]:
    """Yield the cells of these sheets that are shown as a percentage or money, as far as the records are whole."""
    try:
        book = _Book(_stream(file))
        for sheet, name in enumerate(names):
            if book.formats and name in book.sheets:
                yield from book.cells(sheet, book.sheets[name])
    except (error, Unreadable):
        return


def _stream(file: Compound) -> bytes:
    return file.read("Workbook", most_bytes=MOST_BYTES) or file.read("Book", most_bytes=MOST_BYTES)


class _Book:
    """`sheets` are where each begins in the stream, `formats` those of styles, by their place."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        (self._version,) = unpack_from("<H", stream, 4)
        self.sheets: dict[str, int] = {}
        codes, styles = dict(BUILT_IN), list[int]()
        if self._version in {EXCEL_5, EXCEL_97}:
            for record in self._records(0):
                self._note(record, codes, styles)
        known = {key: number_format(code) for key, code in codes.items()}
        found = ((n, known.get(key)) for n, key in enumerate(styles))
        self.formats: dict[int, NumberFormat] = {n: each for n, each in found if each}

    def _note(self, record: _Record, codes: dict[int, str], styles: list[int]) -> None:
        kind, start, _ = record
        if kind == FORMAT:
            (number,) = unpack_from("<H", self._stream, start)
            codes[number] = self._text(start + 2, "<HB")
        elif kind == STYLE and len(styles) < MOST_STYLES:
            styles += unpack_from("<H", self._stream, start + 2)
        elif kind == SHEET:
            (begin,) = unpack_from("<I", self._stream, start)
            self.sheets[self._text(start + 6, "<BB")] = begin

    def cells(self, sheet: int, at: int) -> Iterator[FormattedCell]:
        for kind, start, length in self._records(at):
            if kind in NUMBERS or kind == ROW_OF_NUMBERS:
                row, first = unpack_from("<HH", self._stream, start)
                count = (length - 6) // 6 if kind == ROW_OF_NUMBERS else 1
                for n in range(count):
                    (style,) = unpack_from("<H", self._stream, start + 4 + 6 * n)
                    if style in self.formats:
                        yield FormattedCell(sheet, row, first + n, self.formats[style])

    def _records(self, at: int) -> Iterator[_Record]:
        """Yield the records of the part that begins there, but not those of charts within it."""
        depth = 0
        while True:
            kind, length = unpack_from("<HH", self._stream, at)
            depth += (kind == BOF) - (kind == EOF)
            if depth <= 0:
                return
            if depth == 1:
                yield _Record(kind, at + 4, length)
            at += 4 + length

    def _text(self, at: int, head: str) -> str:
        """Return a text behind its length and, in Excel 97, whether its letters take two bytes; there `head` says how that stands."""
        if self._version == EXCEL_5:
            (length,) = unpack_from("B", self._stream, at)
            return self._stream[at + 1 : at + 1 + length].decode("cp1252", "replace")
        length, flags = unpack_from(head, self._stream, at)
        at += calcsize(head)
        if flags & 1:
            return self._stream[at : at + 2 * length].decode("utf-16-le", "replace")
        return self._stream[at : at + length].decode("latin-1")
