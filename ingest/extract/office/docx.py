"""Word documents (ECMA-376 part 1, transitional and strict) in document order: headings, lists, tables as rows.

Text boxes stand where they are anchored; notes, headers, footers and what charts say follow the body.
Left out: the numbers of numbered lists, comments, deleted text, field codes, the layout of formulas.
"""

from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZipFile

from ingest.extract.archive import open_archive
from ingest.extract.blocks import Blocks
from ingest.extract.cut import segments
from ingest.extract.office.chart import chart_lines
from ingest.extract.office.docx_styles import PLAIN, Styles, outline_level, read_styles
from ingest.extract.office.ooxml import main_part, related
from ingest.extract.office.opc_properties import core_properties
from ingest.extract.office.protected import unlocked
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Item, clean
from ingest.extract.tables import Tables

AFTER_BODY = ("footnotes", "endnotes", "header", "footer")
SKIPPED = frozenset({"mc:Fallback", "w:moveFrom"})  # both repeat what stands elsewhere
TEXT = frozenset({"w:t", "m:t"})
IN_RUN = {"w:tab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}


def read(
    source: BinaryIO, *, first: int, most_characters: int, password: str = ""
) -> Iterator[Item]:
    """Yield segments; the inflated size is limited, so `most_characters` is the caller's to watch."""
    del most_characters
    archive = open_archive(unlocked(source, password))
    main = main_part(archive)
    yield core_properties(archive)
    yield from segments(_texts(archive, main), first=first)


def _texts(archive: ZipFile, main: str) -> Iterator[str]:
    relations = related(archive, main)
    style_part = next((each.part for each in relations if each.kind == "styles"), "")
    story = _Story(read_styles(archive, style_part))
    after = (each.part for kind in AFTER_BODY for each in relations if each.kind == kind)
    for part in (main, *after):
        for _ in parse(archive, part, story):
            yield clean(story.blocks.drain())
        yield clean(story.blocks.drain())
    for each in relations:
        if each.kind == "chart":
            for line in chart_lines(archive, each.part):
                story.blocks.paragraph(line)
    yield story.blocks.drain()


class _Paragraph:
    """An open paragraph; text boxes put paragraphs into paragraphs."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.look = PLAIN
        self.depth = 0  # in lists
        self.is_numbered = False

    def text(self) -> str:
        return "".join(self.pieces).strip()


class _Story:
    """Turns the events of one part after another into blocks."""

    def __init__(self, styles: Styles) -> None:
        self.blocks = Blocks()
        self._styles = styles
        self._tables = Tables(self.blocks)
        self._paragraphs: list[_Paragraph] = []
        self._skipped = 0
        self._runs = 0  # w:tab outside a run is a tab stop
        self._in_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped or name in SKIPPED:
            self._skipped += 1
        elif name in TEXT:
            self._in_text = True
        elif name == "w:r":
            self._runs += 1
        elif name == "w:p":
            self._paragraphs.append(_Paragraph())
        elif self._runs and name in IN_RUN:
            self._write(IN_RUN[name])
        else:
            self._open_table_part(name)
            self._set_property(name, attributes.get("val", ""))

    def _open_table_part(self, name: str) -> None:
        if name == "w:tbl":
            self._tables.open()
        elif name == "w:tc":
            self._tables.open_cell()

    def _set_property(self, name: str, value: str) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs[-1]
        if name == "w:pStyle":
            paragraph.look = self._styles.look(value)
        elif name == "w:outlineLvl":
            paragraph.look = paragraph.look._replace(level=outline_level(value))
        elif name == "w:ilvl" and value.isdecimal():
            paragraph.depth = min(int(value), 9)
        elif name == "w:numId":
            paragraph.is_numbered = value != "0"

    def data(self, text: str) -> None:
        if self._in_text and not self._skipped:
            self._write(text)

    def _write(self, text: str) -> None:
        if self._paragraphs:
            self._paragraphs[-1].pieces.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in TEXT:
            self._in_text = False
        elif name == "w:r":
            self._runs -= 1
        elif name == "w:p":
            self._close_paragraph(self._paragraphs.pop())
        elif name == "w:tr":
            self._tables.close_row()
        elif name == "w:tbl":
            self._tables.close()

    def _close_paragraph(self, paragraph: _Paragraph) -> None:
        text = paragraph.text()
        if not text:
            return
        if self._tables.in_cell:
            self._tables.write(text)
        elif paragraph.look.level:
            self.blocks.heading(text, level=paragraph.look.level)
        elif paragraph.is_numbered or paragraph.look.is_item:
            self.blocks.item(text, depth=paragraph.depth + 1, marker="-")
        else:
            self.blocks.paragraph(text)
