"""The text of an OpenDocument file's content (ODF 1.3 part 3) as blocks: headings, lists, tables as rows, text boxes.

A note follows the paragraph that it belongs to. Left out: annotations, deleted text, the numbers of numbered lists.
"""

import re

from ingest.extract.blocks import Blocks
from ingest.extract.tables import Tables

SPACE = re.compile(r"[ \t\r\n]+")  # what ODF takes for one space; others stand as text:s
SKIPPED = frozenset({
    "office:annotation", "text:tracked-changes", "text:note-citation", "text:ruby-text", "office:scripts", "office:forms",
    "text:page-number", "text:page-count",
})  # fmt: skip
LINES = frozenset({"text:p", "text:h", "svg:desc"})
CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})
IN_LINE = {"text:tab": "\t", "text:line-break": "\n"}
REPEATED = frozenset({"header", "footer", "date-time", "page-number"})  # on every slide
TITLE = "Title"
MOST_SPACES = 100
DEEPEST = 9  # of lists; the indentation of a hostile one would grow with each
LONGEST_CHAIN = 10  # of styles; a hostile one may go in circles


class _Line:
    """An open paragraph; text boxes and notes put paragraphs into paragraphs."""

    def __init__(self, *, level: int, is_note: bool) -> None:
        self.pieces: list[str] = []
        self.level = level
        self.is_note = is_note


class Story:
    """Turns events into blocks; a slide's title is kept apart."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self.titles: list[str] = []
        self._tables = Tables(self.blocks)
        self._parents: dict[str, str] = {}
        self._lines: list[_Line] = []
        self._notes: list[str] = []
        self._skipped = self._depth = self._in_notes = 0
        self._marker = ""
        self._frames: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped or name in SKIPPED:
            self._skipped += 1
        elif name in LINES:
            level = self._level(name, attributes)
            self._lines.append(_Line(level=level, is_note=self._in_notes > 0))
        elif name in IN_LINE:
            self.data(IN_LINE[name])
        elif name == "text:s":
            self._write(" " * _count(attributes.get("c", "")))
        elif name == "draw:frame":
            self._frames.append(attributes.get("class", ""))
        else:
            self._open(name, attributes)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style:style":
            self._parents[attributes.get("name", "")] = attributes.get("parent-style-name", "")
        elif name == "text:note-body":
            self._in_notes += 1
        elif name == "text:list":
            self._depth += 1
        elif name == "text:list-item":
            self._marker = "-"
        elif name == "table:table":
            self._tables.open()
        elif name in CELLS:
            self._tables.open_cell()

    def _level(self, name: str, attributes: dict[str, str]) -> int:
        """Return what a line is as a heading, 0 for none."""
        if name == "text:h":
            return max(1, _count(attributes.get("outline-level", "")))
        style = attributes.get("style-name", "")
        for _ in range(LONGEST_CHAIN):
            if style == TITLE:
                return 1
            style = self._parents.get(style, "")
        return 0

    def data(self, text: str) -> None:
        if not self._skipped:
            self._write(text if text in IN_LINE.values() else SPACE.sub(" ", text))

    def _write(self, text: str) -> None:
        if self._lines:
            self._lines[-1].pieces.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in LINES:
            self._close(self._lines.pop())
        elif name == "text:note-body":
            self._in_notes -= 1
        elif name == "text:list":
            self._depth -= 1
        elif name == "table:table-row":
            self._tables.close_row()
        elif name == "table:table":
            self._tables.close()
        elif name == "draw:frame":
            self._frames.pop()

    def _close(self, line: _Line) -> None:
        text = "".join(line.pieces).strip()
        if line.is_note and self._lines:
            self._notes.append(text)
            return
        if text:
            self._block(text, line.level)
        if not self._lines and self._notes:
            notes, self._notes = self._notes, []
            for note in notes:
                self._block(note, 0)

    def _block(self, text: str, level: int) -> None:
        frame = self._frames[-1] if self._frames else ""
        if frame in REPEATED:
            return
        if frame == "title":
            self.titles.append(text)
        elif self._tables.in_cell:
            self._tables.write(text)
        elif level:
            self.blocks.heading(text, level=level)
        elif self._depth:
            self.blocks.item(text, depth=min(self._depth, DEEPEST), marker=self._marker)
            self._marker = ""
        else:
            self.blocks.paragraph(text)


def _count(number: str) -> int:
    return min(int(number), MOST_SPACES) if number.isdecimal() else 1
