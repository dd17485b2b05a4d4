"""The text of an RTF file as blocks: paragraphs, headings, items, rows. Notes and text boxes are paragraphs inside others."""

from ingest.extract.blocks import Blocks
from ingest.extract.cells import Cells
from ingest.extract.office.rtf_header import Header, outline_level

DEEPEST_LIST = 9
CHARACTERS = {
    "tab": "\t", "line": "\n", "emdash": "\u2014", "endash": "\u2013", "lquote": "\u2018", "rquote": "\u2019",
    "ldblquote": "\u201c", "rdblquote": "\u201d", "bullet": "\u2022", "emspace": " ", "enspace": " ", "~": "\u00a0",
    "_": "-", "\\": "\\", "{": "{", "}": "}",
}  # fmt: skip
ENDS_OF_PARAGRAPHS = frozenset({"par", "sect", "page", "\n", "\r"})
ENDS_OF_CELLS = frozenset({"cell", "row"})
ENDS_OF_NESTED_CELLS = frozenset({"nestcell", "nestrow"})


class _Paragraph:
    def __init__(self, *, is_note: bool = False) -> None:
        self.is_note = is_note
        self.pieces: list[str] = []
        self.marker: list[str] = []
        self.reset()

    def reset(self) -> None:
        self.style = self.outline = 0
        self.depth = 1
        self.in_table = False

    def set(self, word: str, number: int | None) -> None:
        if word == "pard":
            self.reset()
        elif word == "intbl":
            self.in_table = True
        elif word == "s":
            self.style = number or 0
        elif word == "outlinelevel":
            self.outline = outline_level(number)
        elif word == "ilvl":
            self.depth = min(max(0, number or 0), DEEPEST_LIST) + 1

    def text(self) -> str:
        """Characters beyond the first 65,536 are written in two halves."""
        text = "".join(self.pieces).strip()
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


class Story:
    """Takes texts and the control words of layout."""

    def __init__(self, header: Header) -> None:
        self.blocks = Blocks()
        self._levels = header.levels
        self._cells = Cells(self.blocks)
        self._paragraph = _Paragraph()
        self._around: list[_Paragraph] = []
        self._notes: list[str] = []

    def write(self, text: str) -> None:
        self._paragraph.pieces.append(text)

    def mark(self, text: str) -> None:
        self._paragraph.marker.append(text)

    def take(self, word: str, number: int | None) -> None:
        paragraph = self._paragraph
        if word in CHARACTERS:
            paragraph.pieces.append(CHARACTERS[word])
        elif word in ENDS_OF_PARAGRAPHS:
            self.end_paragraph()
        elif word in ENDS_OF_CELLS:
            self._end_cell(word)
        elif word in ENDS_OF_NESTED_CELLS:
            paragraph.pieces.append(" ")
        else:
            paragraph.set(word, number)

    def _end_cell(self, word: str) -> None:
        if word == "row":
            self._cells.end_row()
        else:
            self._paragraph.in_table = True
            self.end_paragraph()
            self._cells.end_cell()

    def begin_inside(self, *, is_note: bool) -> None:
        self._around.append(self._paragraph)
        self._paragraph = _Paragraph(is_note=is_note)

    def end_inside(self) -> None:
        self.end_paragraph()
        self._paragraph = self._around.pop()

    def end(self) -> None:
        while self._around:
            self.end_inside()
        self.end_paragraph()

    def end_paragraph(self) -> None:
        """Its properties go on to the next; notes wait for the end of the paragraph that all of it stands in."""
        paragraph = self._paragraph
        text, marker = paragraph.text(), "".join(paragraph.marker).strip()
        paragraph.pieces.clear()
        paragraph.marker.clear()
        if paragraph.is_note:
            self._notes.append(text)
            return
        if not paragraph.in_table and not self._around:
            self._cells.end_table()
        if text:
            self._block(text, marker)
        if not self._around:
            notes, self._notes = self._notes, []
            for note in filter(None, notes):
                self._block(note, "")

    def _block(self, text: str, marker: str) -> None:
        paragraph = self._paragraph
        level = paragraph.outline or self._levels.get(paragraph.style, 0)
        if paragraph.in_table:
            self._cells.write(text)
        elif level:
            self.blocks.heading(text, level=level)
        elif marker:
            shown = marker if marker[0].isalnum() and len(marker) > 1 else "-"
            self.blocks.item(text, depth=paragraph.depth, marker=shown)
        else:
            self.blocks.paragraph(text)
