"""Rows of the tables that are open while a document is read; shared by HTML and Word.

A cell that holds a table, a heading or pages of text is layout: from there on its table's cells are ordinary blocks.
"""

from ingest.extract.blocks import Blocks

LONGEST_CELL = 4_000  # characters


class Tables:
    """Writes a row when it closes."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._open: list[_Table] = []

    @property
    def in_cell(self) -> bool:
        return bool(self._open and self._open[-1].cells)

    def open(self) -> None:
        self.read_as_layout()
        self._open.append(_Table())

    def open_cell(self) -> None:
        if self._open and not self._open[-1].is_layout:
            self._open[-1].cells.append([])

    def write(self, text: str) -> None:
        """Add a block of text to the open cell."""
        cell = self._open[-1].cells[-1]
        cell.append(" ".join(text.split()))
        if sum(map(len, cell)) > LONGEST_CELL:
            self.read_as_layout()

    def close_row(self) -> None:
        if self._open:
            cells = self._open[-1].cells
            self._blocks.row([" ".join(cell) for cell in cells])
            cells.clear()

    def close(self) -> None:
        self.close_row()
        if self._open:
            self._open.pop()

    def read_as_layout(self) -> None:
        if self.in_cell:
            table = self._open[-1]
            table.is_layout = True
            for cell in table.cells:
                for text in cell:
                    self._blocks.paragraph(text)
            table.cells.clear()


class _Table:
    def __init__(self) -> None:
        self.cells: list[list[str]] = []  # of the open row
        self.is_layout = False
