"""HTML as its reader sees it: headings, paragraphs, lists, tables as rows; no scripts, styles or hidden elements.

Parsed as a stream (libxml2's push parser), so memory is that of the open block, not of the page.
Left out: what style sheets and scripts change, the contents of frames, all of a picture but its description.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from lxml import etree

from ingest.extract.blocks import Blocks
from ingest.extract.cut import segments
from ingest.extract.declared import open_declared
from ingest.extract.opening import opened
from ingest.extract.segment import Item, Properties
from ingest.extract.tables import Tables

SPACE = re.compile(r"\s+")
AROUND_BREAK = re.compile(r" *\n *")
SKIPPED = frozenset({
    "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "select",
})  # fmt: skip
HEADINGS = {"title": 1} | {f"h{level}": level for level in range(1, 7)}
CELLS = frozenset({"td", "th"})
LISTS = frozenset({"ul", "ol", "menu"})
OTHER_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "address", "blockquote", "figure",
    "figcaption", "form", "fieldset", "dl", "dt", "dd", "body", "center", "details", "summary", "caption", "hr",
    "legend", "li", "table", "tr", "td", "th", "thead", "tbody", "tfoot", "pre",
})  # fmt: skip
OPENS_TEXT = frozenset({"aria-expanded", "aria-controls", "data-toggle", "data-bs-toggle"})
LONGEST_VALUE = 500  # characters of what a page says of itself
DATE = re.compile(r"\d{4}-\d\d-\d\d")
META = {
    "author": "author", "dc.creator": "author", "dcterms.creator": "author", "article:author": "author",
    "date": "created", "dc.date": "created", "dcterms.date": "created", "dcterms.created": "created",
    "article:published_time": "created", "datepublished": "created",
    "dcterms.modified": "modified", "article:modified_time": "modified", "last-modified": "modified",
    "content-language": "language", "dc.language": "language",
}  # fmt: skip
BLOCKS = OTHER_BLOCKS | LISTS | HEADINGS.keys()


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a page whose source alone is far too long is refused before its first one."""
    page = _Page()
    texts = opened(_texts(open_declared(source, most_characters=most_characters), page))
    return chain([page.properties()], segments(texts, first=first))


def page_texts(source: BinaryIO, *, most_characters: int) -> Iterator[str]:
    """Return the page's text in pieces; for formats that hold pages."""
    return _texts(open_declared(source, most_characters=most_characters), _Page())


def text_of(markup: str) -> str:
    """Return what a fragment of HTML within another format says."""
    return "".join(_texts(iter([f"<html>{markup}"]), _Page())).strip("\n")


def _texts(source: Iterator[str], page: "_Page") -> Iterator[str]:
    parser = etree.HTMLParser(target=page)  # pyright: ignore[reportArgumentType]  lxml calls what is there
    is_empty = True
    for piece in source:
        is_empty = False
        parser.feed(piece)
        yield page.blocks.drain()
    if is_empty:  # libxml2 takes it for an error
        return
    parser.close()
    # libxml2 drops the rest of a page in silence when it runs out of memory. Its log keeps 100 errors, so declared.py bounds
    # the page to what fits a child in any case.
    if any(error.type == etree.ErrorTypes.ERR_NO_MEMORY for error in parser.feed_error_log):
        raise MemoryError
    page.close_block()
    yield page.blocks.drain()


class _Page:
    """The parser's target: libxml2 calls start, data and end."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._inline: list[str] = []
        self._skipped = 0  # open elements from the outermost skipped one on
        self._preformatted = 0
        self._level = 0
        self._title = ""
        self._lists: list[int] = []  # of each open list the last number, -1 where it has bullets
        self._marker = ""
        self._tables = Tables(self.blocks)
        self._told: dict[str, str] = {}  # of itself

    def properties(self) -> Properties:
        """Of what was read so far."""
        told = {name: self._told.get(name, "") for name in Properties._fields}
        return Properties(**told)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or tag in SKIPPED or self._is_hidden(tag, attributes):
            self._skipped += 1
        elif tag == "br":
            self._inline.append("\n")
        elif tag in {"meta", "html"}:
            self._note(attributes)
        elif tag == "img":
            self._inline.append(f" {SPACE.sub(' ', attributes.get('alt', ''))} ")
        elif tag in BLOCKS:
            self.close_block()
            self._open(tag, attributes.get("start", ""))

    def _is_hidden(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """A button is part of the page's frame, unless it is a heading or opens what belongs to it."""
        if tag == "button" and not self._level:
            return OPENS_TEXT.isdisjoint(attributes) and "accordion" not in attributes.get(
                "class", ""
            )
        return "hidden" in attributes or attributes.get("aria-hidden") == "true"

    def _note(self, attributes: Mapping[str, str]) -> None:
        """Keep what the page says of itself in its head; the first of each counts."""
        name = attributes.get("name", attributes.get("property", attributes.get("http-equiv", "")))
        known = META.get(name.lower(), "")
        value = " ".join(attributes.get("content", "").split())[:LONGEST_VALUE]
        language = attributes.get("lang", attributes.get("xml:lang", ""))
        if language:
            self._told.setdefault("language", language[:LONGEST_VALUE])
        if known and value and (known in {"author", "language"} or DATE.match(value)):
            self._told.setdefault(known, value)

    def data(self, text: str) -> None:
        if not self._skipped:
            self._inline.append(text if self._preformatted else SPACE.sub(" ", text))

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif tag in BLOCKS:
            self.close_block()
            self._close(tag)

    def close(self) -> None:
        """Called by the parser at the end."""

    def _open(self, tag: str, number: str) -> None:
        if tag in LISTS or tag in HEADINGS:
            self._tables.read_as_layout()
        if tag in LISTS:
            first = int(number) if number.isdecimal() else 1
            self._lists.append(first - 1 if tag == "ol" else -1)
        elif tag in HEADINGS:
            self._level = HEADINGS[tag]
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag == "table":
            self._tables.open()
        elif tag in CELLS:
            self._tables.open_cell()

    def _close(self, tag: str) -> None:
        if tag in LISTS and self._lists:
            self._lists.pop()
        elif tag in HEADINGS:
            self._level = 0
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        elif tag == "li":
            self._marker = ""
        elif tag == "tr":
            self._tables.close_row()
        elif tag == "table":
            self._tables.close()

    def _next_marker(self) -> str:
        if not self._lists or self._lists[-1] < 0:
            return "-"
        self._lists[-1] += 1
        return f"{self._lists[-1]}."

    def close_block(self) -> None:
        """Write the text since the last block began or ended as the kind of block that is open."""
        text = self._take_inline()
        if not text:
            return
        if self._level:
            self._write_heading(text)
        elif self._tables.in_cell:
            self._tables.write(text)
        elif self._lists:
            self.blocks.item(text, depth=len(self._lists), marker=self._marker)
            self._marker = ""
        else:
            self.blocks.paragraph(text)

    def _take_inline(self) -> str:
        text = "".join(self._inline)
        self._inline.clear()
        if self._preformatted:
            return text.strip("\n").rstrip()
        return AROUND_BREAK.sub("\n", re.sub(" {2,}", " ", text)).strip()

    def _write_heading(self, text: str) -> None:
        """Pages repeat their title as the first heading."""
        if text == self._title:
            self._title = ""
            return
        self._title = text if not self._title else self._title
        if self._level == 1:
            self._told.setdefault("title", " ".join(text.split())[:LONGEST_VALUE])
        self.blocks.heading(text, level=self._level)
