"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS) by calamine, sheet after sheet, hidden ones too: a heading each, rows with their header.

A sheet's tables stand as table_text.py writes them, each block with the numbers of its rows as the program shows them. Values,
not formulas; numbers to 15 digits as Excel keeps them, dates in ISO form. What charts and text boxes say follows the sheets.
Left out: number formats but for dates (a percentage is a fraction), comments, macros, pictures.
"""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import BinaryIO
from zipfile import ZipFile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from ingest.extract.archive import encrypted, open_archive
from ingest.extract.chart import chart_lines
from ingest.extract.compound import ENCRYPTED_PACKAGE, SIGNATURE, Compound
from ingest.extract.cut import segments
from ingest.extract.odf_package import META, odf_properties
from ingest.extract.ooxml import parse
from ingest.extract.opc_properties import core_properties
from ingest.extract.segment import Item, Unreadable, clean
from ingest.extract.shapes import Shapes
from ingest.extract.summary import summary
from ingest.extract.table_text import LETTER, SAMPLE, header_index, table_text

Value = int | float | str | bool | time | date | datetime | timedelta
HALF_A_SECOND = timedelta(milliseconds=500)
CHARTS, DRAWINGS = "xl/charts/chart", "xl/drawings/drawing"


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a sheet is in memory as a whole, so one that is far too large ends in MemoryError or the child's death."""
    del most_characters
    archive = None
    if source.read(len(SIGNATURE)) == SIGNATURE:
        file = Compound(source)
        if ENCRYPTED_PACKAGE in file.streams:
            raise encrypted()
        yield summary(file)
    else:
        archive = open_archive(source)
        yield (odf_properties(archive) if META in archive.NameToInfo else core_properties(archive))
    source.seek(0)
    with _refusing():
        book = CalamineWorkbook.from_filelike(source)
    yield from segments(_texts(book, archive), first=first)


@contextmanager
def _refusing() -> Generator[None]:
    try:
        yield
    except PasswordError as exc:
        raise encrypted() from exc
    except CalamineError as exc:
        raise Unreadable(
            "broken_file",
            "The file is damaged: it is no whole workbook.",
            remedy="Open it in its own program, save it again and upload it.",
        ) from exc


def _texts(book: CalamineWorkbook, archive: ZipFile | None) -> Iterator[str]:
    drawn = "\n".join(filter(None, _drawn(archive))) if archive else ""
    gap = ""
    for name in book.sheet_names:
        pieces = _sheet(book, name)
        opening = next(pieces, "")
        if opening or drawn:  # a sheet without cells may be a chart
            yield f"{gap}# {' '.join(name.split())}\n"
            yield opening and f"\n{opening}"
            yield from pieces
            gap = "\n"
    if drawn:
        yield f"{gap}# Charts and text boxes\n\n{drawn}"


def _sheet(book: CalamineWorkbook, name: str) -> Iterator[str]:
    with _refusing():
        sheet = book.get_sheet_by_name(name)
    if sheet.start is None:
        return
    rows = _Rows(list(map(_shown, row)) for row in sheet.iter_rows())
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


def _shown(value: Value) -> str:
    """Return a cell as its program shows it, near enough to be searched for."""
    match value:
        case str():
            return value
        case bool():
            return str(value).upper()
        case float():
            return f"{value:.15g}"
        case datetime():
            moment = (value + HALF_A_SECOND).replace(microsecond=0)  # days are stored as floats
            return str(moment.date() if moment.time() == time() else moment)
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
