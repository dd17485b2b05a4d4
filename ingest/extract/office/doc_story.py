"""The characters of an old Word document as blocks: marks end paragraphs, cells and rows, and fence fields in ([MS-DOC] 2.4)."""

import re
from typing import Final

from ingest.extract.blocks import Blocks
from ingest.extract.cells import Cells
from ingest.extract.office.doc_paragraphs import Paragraphs

MARKS = re.compile("[\x01-\x08\x0c-\x0e\x13-\x15\x1e\x1f]")
CELL: Final = "\x07"
FIELD, RESULT, END_OF_FIELD = "\x13", "\x14", "\x15"
FIELDS = frozenset({FIELD, RESULT, END_OF_FIELD})
ENDS_OF_PARAGRAPHS = frozenset("\r\f\x0e")
HARD_HYPHEN = "\x1e"


class Story:
    """Takes the text in runs; `place` is where the run begins in the file, `step` the bytes of a character."""

    def __init__(self, paragraphs: Paragraphs) -> None:
        self.blocks = Blocks()
        self._paragraphs = paragraphs
        self._cells = Cells(self.blocks)
        self._pieces: list[str] = []
        self._fields: list[bool] = []  # of each open field, whether it is still at its instruction
        self._hidden = 0  # fields that are
        self._after_cell = False

    def take(self, text: str, *, place: int, step: int) -> None:
        at = 0
        for match in MARKS.finditer(text):
            self._write(text[at : match.start()])
            self._mark(match[0], place + step * match.start())
            at = match.end()
        self._write(text[at:])

    def end(self) -> None:
        """Give out what is open at the end of a story."""
        self._fields.clear()
        self._hidden = 0
        self._paragraph("".join(self._pieces), -1)
        self._cells.end_table()

    def _write(self, text: str) -> None:
        if text and not self._hidden:
            self._pieces.append(text.replace("\v", "\n"))

    def _mark(self, mark: str, place: int) -> None:
        if mark in FIELDS:
            self._take_field(mark)
        elif mark == HARD_HYPHEN:
            self._write("-")
        elif mark == CELL:
            self._end_cell(place)
        elif mark in ENDS_OF_PARAGRAPHS:
            self._paragraph("".join(self._pieces), place)

    def _take_field(self, mark: str) -> None:
        if mark == FIELD:
            self._fields.append(True)
            self._hidden += 1
        elif self._fields:
            self._hidden -= self._fields.pop()
            if mark == RESULT:
                self._fields.append(False)

    def _end_cell(self, place: int) -> None:
        """Where paragraphs have no properties, two ends in a row are a row's."""
        look = self._paragraphs.at(place)
        if look.ends_row or (self._after_cell and not self._pieces and not look.in_table):
            self._pieces.clear()
            self._cells.end_row()
            self._after_cell = False
            return
        text = "".join(self._pieces).strip()
        self._pieces.clear()
        if text:
            self._cells.write(text)
        self._cells.end_cell()
        self._after_cell = True

    def _paragraph(self, text: str, place: int) -> None:
        look, text = self._paragraphs.at(place), text.strip()
        self._pieces.clear()
        self._after_cell = False
        if not look.in_table:
            self._cells.end_table()
        if not text:
            return
        if look.in_table:
            self._cells.write(text)
        elif look.level:
            self.blocks.heading(text, level=look.level)
        elif look.depth:
            self.blocks.item(text, depth=look.depth, marker="-")
        else:
            self.blocks.paragraph(text)
