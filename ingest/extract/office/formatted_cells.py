"""Which cells of a workbook have a format of their own, asked for in the order in which its rows are read."""

from collections.abc import Iterator
from typing import NamedTuple

from ingest.extract.office.number_format import NumberFormat


class FormattedCell(NamedTuple):
    """Sheet, row and column count from 0."""

    sheet: int
    row: int
    column: int
    format: NumberFormat


class CellFormats:
    """`cells` come sheet after sheet and row after row; one that comes too late has no format."""

    def __init__(self, cells: Iterator[FormattedCell]) -> None:
        self._cells = cells
        self._ahead = next(cells, None)

    def of_row(self, sheet: int, row: int) -> dict[int, NumberFormat]:
        """Return the formats of a row's cells by column."""
        found: dict[int, NumberFormat] = {}
        while self._ahead and (place := (self._ahead.sheet, self._ahead.row)) <= (sheet, row):
            if place == (sheet, row):
                found[self._ahead.column] = self._ahead.format
            self._ahead = next(self._cells, None)
        return found
