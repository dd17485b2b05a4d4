"""Rows of tables whose cells are known only by their ends; shared by RTF and the old Word format."""

from ingest.extract.blocks import Blocks
from ingest.extract.tables import Tables


class Cells:
    """Opens a table and a cell when something is written, and writes a row when it ends."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._tables = Tables(blocks)
        self._has_table = self._has_cell = False

    def write(self, text: str) -> None:
        self._open()
        if self._tables.in_cell:
            self._tables.write(text)
        else:  # pages of text before it made the table layout
            self._blocks.paragraph(text)

    def end_cell(self) -> None:
        self._open()
        self._has_cell = False

    def end_row(self) -> None:
        self._tables.close_row()
        self._has_cell = False

    def end_table(self) -> None:
        if self._has_table:
            self._tables.close()
            self._has_table = self._has_cell = False

    def _open(self) -> None:
        if not self._has_table:
            self._tables.open()
            self._has_table = True
        if not self._has_cell:
            self._tables.open_cell()
            self._has_cell = True
