"""What the events of an XML parser mean to a reader: blocks of text, and what the document says of itself.

An element that no well-known vocabulary has is part of the sentence when text stands before it in its parent; else it is a
field when it holds nothing but text, and a record when it holds elements.
"""

import re

from ingest.extract.blocks import Blocks
from ingest.extract.markup.xml_roles import BREAKING, NAMELESS, PROSE, ROLES, RUNNING, Role
from ingest.extract.segment import Properties
from ingest.extract.tables import Tables

LONGEST_FIELD = 200  # characters; what is longer speaks for itself
LONGEST_ATTRIBUTE = 300
MOST_AUTHORS = 20
SPACE = re.compile(r"\s+")
WORD = re.compile(r"[^\W\d_]{2}|\d{2}")
MARKUP = re.compile(
    r"<(?:p|div|a|b|i|em|strong|br|img|ul|ol|li|span|h[1-6]|table|blockquote)\b[^<>]*>",
    re.IGNORECASE,
)
MACHINE_ATTRIBUTES = frozenset(
    {"id", "idref", "rid", "class", "style", "schemalocation", "space", "version", "encoding"}
)
AUTHORS = frozenset({"author", "creator"})
NAMES = frozenset({"name", "string-name", "collab"})
FEEDS = frozenset({"rss", "feed", "rdf"})  # who wrote an entry did not write the others
DATES = {
    "date": "created",
    "created": "created",
    "issued": "created",
    "updated": "modified",
    "modified": "modified",
}
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$")


class _Element:
    __slots__ = ("is_author", "is_leaf", "label", "level", "name", "role", "start")

    def __init__(self, name: str, role: Role) -> None:
        self.name, self.role = name, role
        self.label = ""  # a field's or record's name and attributes, until they are written
        self.level = 0  # that a title gives itself
        self.is_leaf = True
        self.is_author = False  # of JATS, where editors stand beside them
        self.start = 0  # where its text begins in the open block


class Document:
    """The parser's target; `blocks` gets what is read."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._tables = Tables(self.blocks)
        self._open: list[_Element] = []
        self._inline: list[str] = []
        self._count = dict.fromkeys(Role, 0)  # of the open elements
        self._running = 0
        self._skipped = 0
        self._opens_item = False
        self._is_prose = False
        self._named: dict[str, str] = {}
        self._authors: list[str] = []

    def properties(self) -> Properties:
        """Of what was read so far."""
        told = {
            name: self._named.get(name, "") for name in ("title", "created", "modified", "language")
        }
        return Properties(author="; ".join(dict.fromkeys(self._authors)), **told)

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(":")[2].lower()
        role = ROLES.get(name, Role.OTHER)
        if self._skipped or role is Role.SKIPPED or (name == "xref" and self._is_in("contrib")):
            self._skipped += 1
            return
        if not self._open:
            self._is_prose = name in PROSE
            self._named["language"] = attributes.get("xml:lang", attributes.get("lang", ""))[
                :35
            ].lower()
        if self._is_inline(role):
            self._space(role)
            role = Role.INLINE
        else:
            role = Role.OTHER if role in {Role.PART, Role.INLINE} else role
            self.close_block()
        element = _Element(name, role)
        element.level = _level_of(name, attributes)
        element.is_author = (
            name == "contrib" and attributes.get("contrib-type", "author") == "author"
        )
        element.start = len(self._inline)
        self._enter(element, attributes)

    def _is_in(self, name: str) -> bool:
        return bool(self._open) and self._open[-1].name == name

    def _is_inline(self, role: Role) -> bool:
        if role in BREAKING or (role is Role.CELL and self._count[Role.ROW]):
            return False
        if not self._open:
            return False
        return bool(self._running) or role is Role.INLINE or any(map(str.strip, self._inline))

    def _space(self, role: Role) -> None:
        """Parts of a name or a reference stand side by side without any space of their own."""
        if (
            role is not Role.INLINE
            and self._inline
            and not any(one.name == "math" for one in self._open[-8:])
        ):
            self._inline.append(" ")

    def _enter(self, element: _Element, attributes: dict[str, str]) -> None:
        if self._open and element.role is not Role.INLINE:
            self._open[-1].is_leaf = False
        self._open.append(element)
        self._count[element.role] += 1
        self._running += element.role in RUNNING
        match element.role:
            case Role.TABLE:
                self._tables.open()
            case Role.CELL:
                self._tables.open_cell()
            case Role.ITEM:
                self._opens_item = True
            case Role.OTHER if attributes and not self._is_prose:
                element.label = _label(element.name, attributes)
            case _:
                pass

    def data(self, text: str) -> None:
        if not self._skipped:
            self._inline.append(text)

    def skipped_entity(self, name: str, is_parameter: bool) -> None:
        """An entity of a document type that is not read; HTML's names are nearly everybody's."""
        from html.entities import html5  # 2 ms that most files do without

        if not is_parameter and not self._skipped:
            self._inline.append(html5.get(f"{name};", f"&{name};"))

    def end(self, _qualified: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if self._open[-1].role is not Role.INLINE:
            self.close_block()
        element = self._open.pop()
        if element.name in NAMES and self._open and self._open[-1].is_author:
            self._add_author("".join(self._inline[element.start :]))
        self._count[element.role] -= 1
        self._running -= element.role in RUNNING
        if element.role is Role.TABLE:
            self._tables.close()
        elif element.role is Role.ROW:
            self._tables.close_row()
        elif element.role is Role.OTHER and not element.is_leaf:
            self.blocks.part()

    def close_block(self) -> None:
        """Write the text since the last block began or ended as what the innermost block is."""
        raw = "".join(self._inline)
        self._inline.clear()
        element = next((one for one in reversed(self._open) if one.role is not Role.INLINE), None)
        if element is None:
            return
        text = self._text(raw, element)
        if not text and element.label:
            self.blocks.item(element.label, depth=1, marker="-")
            element.label = ""
        elif text:
            self._note(element, text)
            self._write(element, text)

    def _text(self, raw: str, element: _Element) -> str:
        if element.role is Role.PREFORMATTED:
            return raw.strip("\n").rstrip()
        text = SPACE.sub(" ", raw).strip()
        if "<" not in text or not MARKUP.search(text):
            return text
        from ingest.extract.markup.html import (
            text_of,  # 30 ms of libxml2 that most files do without
        )

        return text_of(raw)

    def _write(self, element: _Element, text: str) -> None:
        if self._tables.in_cell:
            self._tables.write(text)
        elif element.role is Role.TITLE and not self._count[Role.ITEM]:
            self.blocks.heading(text, level=element.level or self._level())
        elif self._count[Role.ITEM]:
            marker = "-" if self._opens_item else ""
            self._opens_item = False
            self.blocks.item(text, depth=max(1, self._count[Role.LIST]), marker=marker)
        elif len(self._open) > 1 and element.is_leaf and _is_field(element, text):
            self.blocks.item(f"{element.label or element.name}: {text}", depth=1, marker="-")
            element.label = ""
        else:
            self.blocks.paragraph(text)

    def _level(self) -> int:
        """The root is a section whatever it is called."""
        is_counted = self._open[0].role is Role.SECTION
        return min(6, max(1, self._count[Role.SECTION] + (not is_counted)))

    def _note(self, element: _Element, text: str) -> None:
        """Keep what a document says of itself."""
        if element.role is Role.TITLE:
            self._named.setdefault("title", text[:LONGEST_FIELD])
        elif element.name in AUTHORS:
            self._add_author(text)
        elif element.name in DATES and DATE.match(text):
            self._named.setdefault(DATES[element.name], text)
        elif element.name == "language" and len(text) <= 35 and not self._named["language"]:
            self._named["language"] = text

    def _add_author(self, text: str) -> None:
        if len(self._authors) < MOST_AUTHORS and self._open[0].name not in FEEDS:
            self._authors.append(" ".join(text.split())[:LONGEST_FIELD])


def _is_field(element: _Element, text: str) -> bool:
    return (
        element.role is Role.OTHER
        and element.name not in NAMELESS
        and len(text) <= LONGEST_FIELD
        and "\n" not in text
    )


def _label(name: str, attributes: dict[str, str]) -> str:
    """Return the element's name and its attributes that are words."""
    told = [
        f"{key.rpartition(':')[2]}: {' '.join(value.split())}"
        for key, value in attributes.items()
        if not key.startswith("xmlns")
        and key.rpartition(":")[2].lower() not in MACHINE_ATTRIBUTES
        and len(value) <= LONGEST_ATTRIBUTE
        and WORD.search(value)
    ]
    return f"{name} ({', '.join(told)})" if told else ""


def _level_of(name: str, attributes: dict[str, str]) -> int:
    """Return the level that a title gives itself, 0 for none."""
    given = attributes.get("level") or attributes.get("LVL") or attributes.get("lvl") or ""
    if name[:1] == "h" and name[1:].isdecimal():
        return int(name[1:2])
    return int(given) + 1 if given in {"1", "2", "3", "4", "5"} else 0
