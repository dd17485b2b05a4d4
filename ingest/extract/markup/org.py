"""Org (Emacs) as text with light Markdown structure: stars as `#` lines, blocks of source in fences, links by their words.

Drawers, comments and settings are dropped. Left out: includes, which are not followed.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Item, Properties

HEADER_LINES = 50
HEADLINE = re.compile(r"(\*{1,9})\s+(?=\S)")
KEYWORD = re.compile(r"\s*#\+([\w-]+):\s*(.*)$")
BEGIN = re.compile(r"\s*#\+begin_(\w+)\s*(\S*)", re.IGNORECASE)
END = re.compile(r"\s*#\+end_(\w+)", re.IGNORECASE)
DRAWER = re.compile(r"\s*:(\w[\w-]*):\s*$")
COMMENT = re.compile(r"\s*#(?:\s|$)")
RULE = re.compile(r"\s*\|[-+|]+\s*$")
LINK = re.compile(r"\[\[([^\[\]]{1,500})\](?:\[([^\[\]]{1,500})\])?\]")
FENCED = frozenset({"src", "example", "export"})
SHOWN = frozenset({"title", "subtitle", "caption"})


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    head = list(islice(text, HEADER_LINES))
    properties = _properties(head)
    document = _Document(top=2 if properties.title else 1)
    return chain([properties], segments(document.convert(chain(head, text)), first=first))


def _properties(head: list[str]) -> Properties:
    named: dict[str, str] = {}
    for line in head:
        if match := KEYWORD.match(line):
            named.setdefault(match[1].lower(), match[2].strip())
    date = named.get("date", "").strip("<>[]")[:10]
    created = date if re.fullmatch(r"\d{4}-\d\d-\d\d", date) else ""
    return Properties(
        named.get("title", ""), named.get("author", ""), created, language=named.get("language", "")
    )


class _Document:
    def __init__(self, *, top: int) -> None:
        self._top = top  # the level of a single star
        self._block = ""  # the open one, in lower case
        self._in_drawer = False

    def convert(self, text: Iterator[str]) -> Iterator[str]:
        for line in text:
            converted = self._line(line.rstrip("\n"))
            if converted is not None:
                yield converted + "\n"

    def _line(self, line: str) -> str | None:
        if self._block:
            return self._in_block(line)
        if self._in_drawer:
            self._in_drawer = line.strip().lower() != ":end:"
            return None
        if match := BEGIN.match(line):
            self._block = match[1].lower()
            return f"```{match[2]}" if self._block in FENCED else None
        if DRAWER.match(line):
            self._in_drawer = True
            return None
        return self._prose(line)

    def _in_block(self, line: str) -> str | None:
        match = END.match(line)
        if match and match[1].lower() == self._block:
            fenced, self._block = self._block in FENCED, ""
            return "```" if fenced else None
        if self._block == "comment":
            return None
        return line if self._block in FENCED else _inline(line)

    def _prose(self, line: str) -> str | None:
        if match := HEADLINE.match(line):
            level = min(6, len(match[1]) + self._top - 1)
            return f"{'#' * level} {_inline(line[match.end() :])}"
        if match := KEYWORD.match(line):
            kind = match[1].lower()
            return f"{'# ' * (kind == 'title')}{_inline(match[2])}" if kind in SHOWN else None
        if COMMENT.match(line) or RULE.match(line):
            return None
        return _inline(line)


def _inline(text: str) -> str:
    return LINK.sub(lambda match: f"{match[2]} ({match[1]})" if match[2] else match[1], text)
