"""The text of the shapes on a slide, a notes page, a diagram or a sheet's drawing (DrawingML, ECMA-376 part 1, 21.1.2)."""

from ingest.extract.blocks import Blocks
from ingest.extract.tables import Tables

TITLES = frozenset({"title", "ctrTitle"})
LISTS = frozenset({"body", "obj"})  # places whose paragraphs have bullets unless they say otherwise
REPEATED = frozenset({"sldNum", "ftr", "hdr", "sldImg"})  # on every slide, and said by none
SKIPPED = frozenset(
    {"mc:Fallback", "a:fld"}
)  # what stands before it once more; a number or date of the moment
BULLETS = frozenset({"a:buChar", "a:buAutoNum", "a:buBlip"})
TEXT = frozenset({"a:t", "m:t"})
NO_PLACE = "obj"  # what a placeholder without a type is
DEEPEST = 8  # PowerPoint has nine levels


class Shapes:
    """Turns the events of one part into a title and blocks; `lists` are the places that hold lists."""

    def __init__(self, *, lists: frozenset[str] = frozenset()) -> None:
        self.blocks = Blocks()
        self._titles: list[str] = []
        self._lists = lists
        self._tables = Tables(self.blocks)
        self._place = ""
        self._paragraph: _Paragraph | None = None
        self._skipped = 0
        self._is_picture = self._in_text = False

    @property
    def title(self) -> str:
        return " ".join(self._titles)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipped or name in SKIPPED:
            self._skipped += 1
        elif name in TEXT:
            self._in_text = True
        elif name == "a:p":
            self._paragraph = _Paragraph(is_item=self._place in self._lists)
        elif self._paragraph:
            self._paragraph.set(name, attributes)
        else:
            self._open(name, attributes)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "p:ph":
            self._place = attributes.get("type", NO_PLACE)
        elif name == "p:pic":
            self._is_picture = True
        elif name == "p:cNvPr" and self._is_picture:
            self._describe(attributes.get("descr", ""))
        elif name == "a:tbl":
            self._tables.open()
        elif name == "a:tc":
            self._tables.open_cell()

    def _describe(self, text: str) -> None:
        if " " in text.strip():  # else it is the picture's file name
            self.blocks.paragraph(" ".join(text.split()))

    def data(self, text: str) -> None:
        if self._in_text and self._paragraph and not self._skipped:
            self._paragraph.pieces.append(text)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in TEXT:
            self._in_text = False
        elif name == "a:p" and self._paragraph:
            self._close(self._paragraph)
            self._paragraph = None
        elif name == "a:tr":
            self._tables.close_row()
        elif name == "a:tbl":
            self._tables.close()
        elif name == "p:sp":
            self._place = ""
        elif name == "p:pic":
            self._is_picture, self._place = False, ""

    def _close(self, paragraph: "_Paragraph") -> None:
        text = "".join(paragraph.pieces).replace("\v", "\n").strip()
        if not text or self._place in REPEATED:
            return
        if self._place in TITLES:
            self._titles.append(text)
        elif self._tables.in_cell:
            self._tables.write(text)
        elif paragraph.is_item:
            self.blocks.item(text, depth=paragraph.depth + 1, marker="-")
        else:
            self.blocks.paragraph(text)


class _Paragraph:
    def __init__(self, *, is_item: bool) -> None:
        self.pieces: list[str] = []
        self.is_item = is_item
        self.depth = 0

    def set(self, name: str, attributes: dict[str, str]) -> None:
        if name == "a:br":
            self.pieces.append("\n")
        elif name == "a:pPr":
            level = attributes.get("lvl", "")
            self.depth = min(int(level), DEEPEST) if level.isdecimal() else 0
        elif name == "a:buNone":
            self.is_item = False
        elif name in BULLETS:
            self.is_item = True
