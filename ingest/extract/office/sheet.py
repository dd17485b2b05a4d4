"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS) by calamine, sheet after sheet, hidden ones too: a heading each, rows with their header.

A sheet's tables stand as table_text.py writes them, each block with the numbers of its rows as the program shows them. Values,
not formulas; numbers to 15 digits as Excel keeps them, dates in ISO form, percentages and amounts of money as they are shown
(number_format.py) but in XLSB. What charts and text boxes say follows the sheets. Left out: other number formats, comments, macros, pictures.
"""

from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import BinaryIO
from zipfile import ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
)

from ingest.extract.archive import encrypted, open_archive
from ingest.extract.cut import segments
from ingest.extract.data.table_text import LETTER, SAMPLE, header_index, table_text
from ingest.extract.office.chart import chart_lines
from ingest.extract.office.compound import SIGNATURE, Compound
from ingest.extract.office.formatted_cells import CellFormats, FormattedCell
from ingest.extract.office.number_format import NumberFormat
from ingest.extract.office.odf_package import CONTENT, META, odf_properties, refuse_encrypted
from ingest.extract.office.ods_formats import ods_cells
from ingest.extract.office.opc_properties import core_properties
from ingest.extract.office.protected import unlocked
from ingest.extract.office.shapes import Shapes
from ingest.extract.office.summary import summary
from ingest.extract.office.xls_formats import xls_cells
from ingest.extract.office.xlsx_formats import xlsx_cells
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Item, Problem, Unreadable, clean

Value = int | float | str | bool | time | date | datetime | timedelta
HALF_A_SECOND = timedelta(milliseconds=500)
WITH_CELLS = (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet)
LONGEST_NAME = 100
MOST_ROWS, MOST_COLUMNS = 2**20, 2**14  # of every program's sheets (Excel, LibreOffice)
MOST_BYTES = 200 * 2**20
FILE_PASSWORD, FIRST_RECORDS = b"\x2f\0", 20  # [MS-XLS] 2.4.117: it stands within the first few
SAVE_ANEW = "Open it in its own program, save it again and upload it."
CHARTS, DRAWINGS = "xl/charts/chart", "xl/drawings/drawing"


def read(
    source: BinaryIO, *, first: int, most_characters: int, password: str = ""
) -> Iterator[Item]:
    """Yield segments, then the sheets that are lost; each is in memory as a whole, and one far too large kills the child."""
    del most_characters
    source, file, archive = unlocked(source, password), None, None
    source.seek(0)
    if source.read(len(SIGNATURE)) == SIGNATURE:
        file = Compound(source)
        if _is_encrypted(file):
            raise encrypted()
        yield summary(file)
    else:
        archive = open_archive(source)
        refuse_encrypted(archive)
        yield odf_properties(archive) if META in archive.NameToInfo else core_properties(archive)
    source.seek(0)
    book = _open(source)
    workbook = _Workbook(book, archive, _formatted(file, archive, book.sheet_names))
    ordinal = first
    for segment in segments(workbook.texts(), first=first):
        yield segment
        ordinal = segment.ordinal + 1
    for lost in workbook.lost:
        message = f"The sheet {lost} is damaged and cannot be read."
        yield Problem(ordinal, None, "sheet_unreadable", message, SAVE_ANEW)
        ordinal += 1


def _is_encrypted(file: Compound) -> bool:
    """A record among the first of a workbook of before 2007 says so; calamine only says that it cannot read it."""
    stream = b"".join(file.read(name, most_bytes=MOST_BYTES) for name in ("Workbook", "Book"))
    at = 0
    for _ in range(FIRST_RECORDS):
        kind, length = stream[at : at + 2], int.from_bytes(stream[at + 2 : at + 4], "little")
        if kind == FILE_PASSWORD:
            return True
        at += 4 + length
    return False


def _open(source: BinaryIO) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(source)
    except PasswordError as exc:
        raise encrypted() from exc
    except BaseException as exc:
        if not _is_damage(exc):
            raise
        message = "The file is damaged: it is no whole workbook."
        raise Unreadable("broken_file", message, remedy=SAVE_ANEW) from exc


def _formatted(
    file: Compound | None, archive: ZipFile | None, names: list[str]
) -> Iterator[FormattedCell]:
    if file is not None:
        return xls_cells(file, names)
    if archive is None:
        return iter(())
    return (ods_cells if CONTENT in archive.NameToInfo else xlsx_cells)(archive, names)


class _Workbook:
    def __init__(
        self, book: CalamineWorkbook, archive: ZipFile | None, formatted: Iterator[FormattedCell]
    ) -> None:
        self.lost: list[str] = []
        self._book = book
        self._archive = archive
        self._formats = CellFormats(formatted)

    def texts(self) -> Iterator[str]:
        drawn = "\n".join(filter(None, _drawn(self._archive))) if self._archive else ""
        gap = ""
        for number, sheet in enumerate(self._book.sheets_metadata):
            name = " ".join(sheet.name.split())
            pieces = self._pieces(number, sheet)
            opening = next(pieces, "")
            if opening or drawn:  # a sheet without cells may be a chart
                yield f"{gap}# {name}\n"
                yield opening and f"\n{opening}"
                yield from pieces
                gap = "\n"
        if drawn:
            yield f"{gap}# Charts and text boxes\n\n{drawn}"

    def _pieces(self, number: int, named: SheetMetadata) -> Iterator[str]:
        if named.typ not in WITH_CELLS:
            return
        try:
            sheet = self._book.get_sheet_by_name(named.name)
        except BaseException as exc:
            if not _is_damage(exc):
                raise
            self.lost.append(named.name[:LONGEST_NAME])
            return
        if sheet.end is not None and (sheet.end[0] >= MOST_ROWS or sheet.end[1] >= MOST_COLUMNS):
            self.lost.append(named.name[:LONGEST_NAME])  # billions of empty rows lie before it
        elif sheet.start is not None:
            yield from _tables(_Rows(self._rows(number, sheet)))

    def _rows(self, number: int, sheet: CalamineSheet) -> Iterator[list[str]]:
        """Yield the rows from the sheet's first on; their cells begin with the first column that is not empty."""
        first = sheet.start[1] if sheet.start else 0
        for place, row in enumerate(sheet.iter_rows()):
            formats = self._formats.of_row(number, place)
            yield _filled(row, {column - first: each for column, each in formats.items()})


def _is_damage(exc: BaseException) -> bool:
    """A panic of calamine's Rust derives from BaseException and has no class that could be imported."""
    return isinstance(exc, CalamineError | OSError) or type(exc).__name__ == "PanicException"


def _filled(row: list[Value], formats: dict[int, NumberFormat]) -> list[str]:
    """Return a row up to its last cell that is not empty; a stray cell makes millions of empty ones."""
    if row.count("") == len(row):
        return []
    while row[-1] == "":
        row.pop()
    return [_shown(value, formats.get(column)) for column, value in enumerate(row)]


def _tables(rows: "_Rows") -> Iterator[str]:
    gap = ""
    while not rows.at_end:
        for piece in table_text(rows.table(), first_number=rows.number):
            yield gap + piece
            gap = ""
        gap = "\n"


class _Rows:
    """A sheet's rows, one table after another."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows = rows
        self._ahead: deque[list[str]] = deque()
        self.number = 1  # of the next row; calamine gives the empty ones above the first too
        self.at_end = False

    def table(self) -> Iterator[list[str]]:
        """Yield rows up to a blank one behind which a table with a header of its own begins."""
        full = 0
        while (row := self._next()) is not None:
            yield row
            full += sum(map(bool, row)) > 1
            if full > 1 and not any(row) and self._has_header():
                return
        self.at_end = True

    def _next(self) -> list[str] | None:
        self._look_ahead(1)
        if not self._ahead:
            return None
        self.number += 1
        return self._ahead.popleft()

    def _look_ahead(self, count: int) -> None:
        while len(self._ahead) < count and (row := next(self._rows, None)) is not None:
            self._ahead.append(row)

    def _has_header(self) -> bool:
        """Names over nothing but names may as well be rows like the ones before."""
        self._look_ahead(SAMPLE)
        block = list(takewhile(any, self._ahead))
        index = header_index(block)
        below = () if index is None else block[index + 1 :]
        return any(cell and not LETTER.search(cell) for row in below for cell in row)


def _shown(value: Value, number_format: NumberFormat | None) -> str:
    """Return a cell as its program shows it, near enough to be searched for."""
    match value:
        case str():
            return value
        case bool():
            return str(value).upper()
        case int() | float() if number_format is not None:
            return number_format.shown(value)
        case float():
            return f"{value:.15g}"
        case datetime():
            moment = (value + HALF_A_SECOND).replace(microsecond=0)  # days are stored as floats
            return str(moment.date() if moment.time() == time() else moment)
        case time():
            return str(value.replace(microsecond=0))
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case _:
            return str(value)


def _drawn(archive: ZipFile) -> Iterator[str]:
    for part in archive.NameToInfo:
        if part.endswith(".xml") and part.startswith(CHARTS):
            yield "".join(f"{line}\n" for line in chart_lines(archive, part))
        elif part.endswith(".xml") and part.startswith(DRAWINGS):
            yield _text_boxes(archive, part)


def _text_boxes(archive: ZipFile, part: str) -> str:
    shapes = Shapes()
    for _ in parse(archive, part, shapes):
        pass
    return clean(shapes.blocks.drain())
