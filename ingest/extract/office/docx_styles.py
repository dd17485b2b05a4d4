"""Which of a Word document's paragraph styles are headings or list items, directly or through what they are based on."""

import re
from typing import NamedTuple
from zipfile import ZipFile

from ingest.extract.office.xml_parts import parse

HEADING_NAME = re.compile(
    r"heading ([1-9])$", re.IGNORECASE
)  # Word stores built-in names in English
DEEPEST = 6  # Markdown has no more levels
LONGEST_CHAIN = 10  # Word allows 10 or so; a hostile file may go in circles


class Look(NamedTuple):
    level: int  # of a heading, 0 for none
    is_item: bool


PLAIN = Look(0, is_item=False)


class Styles:
    """Collects the styles of styles.xml."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {}
        self._parents: dict[str, str] = {}
        self._current = ""

    def look(self, style: str) -> Look:
        """Return what a paragraph of this style is; an unknown style is plain."""
        for _ in range(LONGEST_CHAIN):
            found = self._looks.get(style, PLAIN)
            if found != PLAIN or style not in self._parents:
                return found
            style = self._parents[style]
        return PLAIN

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "w:style":
            self._current = attributes.get("styleId", "")
        elif name == "w:basedOn":
            self._parents[self._current] = value
        elif name == "w:name":
            self._set_level(_level_of_name(value))
        elif name == "w:outlineLvl":
            self._set_level(outline_level(value))
        elif name == "w:numPr":
            level = self._looks.get(self._current, PLAIN).level
            self._looks[self._current] = Look(level, is_item=True)

    def _set_level(self, level: int) -> None:
        known = self._looks.get(self._current, PLAIN)
        if level and not known.level:
            self._looks[self._current] = Look(level, known.is_item)

    def data(self, text: str) -> None:
        """Styles hold no text."""

    def end(self, name: str) -> None:
        """A style ends where the next begins."""


def outline_level(value: str) -> int:
    """Return the heading level of an outline level; 9 is body text."""
    return min(int(value) + 1, DEEPEST) if value.isdecimal() and int(value) < 9 else 0


def _level_of_name(name: str) -> int:
    if name.lower() == "title":
        return 1
    match = HEADING_NAME.match(name)
    return min(int(match[1]), DEEPEST) if match else 0


def read_styles(archive: ZipFile, part: str) -> Styles:
    styles = Styles()
    for _ in parse(archive, part, styles):
        pass
    return styles
