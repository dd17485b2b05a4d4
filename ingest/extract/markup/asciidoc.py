"""AsciiDoc as text with light Markdown structure: headings as `#` lines, lists as items, table rows as `a | b`, code in fences.

Attribute lines and comments are dropped, links and macros give their words. Left out: includes and conditions, which are
not followed; attribute references stay as they are written.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Item, Properties

HEADER_LINES = 50
TITLE = re.compile(r"\s{0,3}(={1,6}|#{1,6})\s+(\S.*)")
ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:\s+(.*))?$")
AUTHOR_LINE = re.compile(r"[^\W\d_][\w.'-]*(?: [\w.'-]+){1,3}(?: <[^<>\s]+>)?$")
BLOCK_ATTRIBUTES = re.compile(r"\[[^\]]*\]\s*$")
CAPTION = re.compile(r"\.([^\s.].*)$")
CODE = re.compile(r"(-{4,}|\.{4,}|`{3,})\w*\s*$")
COMMENT_BLOCK = re.compile(r"/{4,}\s*$")
FRAME = re.compile(r"(?:={4,}|\*{4,}|_{4,}|\+{4,}|--)\s*$")
TABLE = re.compile(r"[|,:!]={3,}\s*$")
ITEM = re.compile(r"\s*(\*{1,6}|-|\.{1,6})\s+(?=\S)")
TERM = re.compile(r"(\S.{0,200}?):{2,4}(?:\s+|$)")
# A cell may say before its bar what it spans and how it is set: 2+^.>s|
CELL = re.compile(
    r"(?:(?<=\s)|^)(?:\d{0,3}(?:\.\d{1,3})?[+*])?[<^>]?(?:\.[<^>])?[adehlmsv]?\||(?<!\\)\|"
)
MACRO = re.compile(
    r"\b(?:image|video|audio|btn|kbd|menu|icon|pass|stem|footnote|term):{1,2}[^\s\[]{0,300}\[([^\]]{0,500})\]"
)
LINK = re.compile(
    r"(?:link:|xref:)?((?:https?|ftp|mailto):[^\s\[]{1,500}|(?<=link:)[^\s\[]{1,500}|(?<=xref:)[^\s\[]{1,500})\[([^\]]{0,500})\]"
)
REFERENCE = re.compile(r"<<([^,<>]{1,200})(?:,\s*([^<>]{1,300}))?>>")
EMPHASIS = re.compile(r"(?<![\w*_])([*_]{1,2})(?=\S)([^*_\n]{1,300}?)(?<=\S)\1(?![\w*_])")
ANCHOR = re.compile(r"\[\[[^\]]{0,200}\]\]|\[#[\w-]{1,100}\]")


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    head = list(islice(text, HEADER_LINES))
    return chain([_properties(head)], segments(_Document().convert(chain(head, text)), first=first))


def _properties(head: list[str]) -> Properties:
    """Of the header: the title, the author below it, and attributes."""
    named: dict[str, str] = {}
    for number, line in enumerate(head):
        if match := ATTRIBUTE.match(line):
            named.setdefault(match[1], (match[2] or "").strip())
        elif (match := TITLE.match(line)) and "title" not in named:
            named["title"] = _title(match) if len(match[1]) == 1 else ""
            below = head[number + 1].strip() if number + 1 < len(head) else ""
            if AUTHOR_LINE.match(below):
                named.setdefault("author", below.partition(" <")[0])
    return Properties(
        named.get("title", ""), named.get("author", ""), modified=named.get("revdate", ""),
        language=named.get("lang", ""),
    )  # fmt: skip


def _title(match: re.Match[str]) -> str:
    """Return a title's words; the marks that open it may close it too."""
    words = match[2].rstrip()
    bare = words.removesuffix(match[1])
    return bare.rstrip() if bare != bare.rstrip() else words


class _Document:
    """Where the lines stand: in a block of code, a comment, a table, or in prose."""

    def __init__(self) -> None:
        self._code = ""  # what closes the open block
        self._comment = ""
        self._in_table = False

    def convert(self, text: Iterator[str]) -> Iterator[str]:
        for line in text:
            bare = line.rstrip()
            if self._code or self._comment:
                yield from self._inside_block(line, bare)
            else:
                converted = self._outside_block(bare)
                if converted is not None:
                    yield converted + "\n"

    def _inside_block(self, line: str, bare: str) -> Iterator[str]:
        if bare == self._comment:
            self._comment = ""
        elif bare == self._code:
            self._code = ""
            yield "```\n"
        elif self._code:
            yield line

    def _outside_block(self, line: str) -> str | None:
        if match := CODE.match(line):
            self._code = "```" if line.startswith("```") else match[1]
            return "```"
        if COMMENT_BLOCK.match(line):
            self._comment = line
            return None
        if TABLE.match(line):
            self._in_table = not self._in_table
            return ""
        if line.startswith("//") or ATTRIBUTE.match(line) or FRAME.match(line) or line == "+":
            return "" if line == "+" else None
        return self._prose(line)

    def _prose(self, line: str) -> str | None:
        if (self._in_table and "|" in line) or line.lstrip().startswith("|"):
            return _row(line)
        if BLOCK_ATTRIBUTES.match(line):
            return None
        if match := TITLE.match(line):
            return f"{'#' * len(match[1])} {inline(_title(match))}"
        if match := ITEM.match(line):
            depth = len(match[1]) if match[1] != "-" else 1
            return f"{'  ' * (depth - 1)}- {inline(line[match.end() :])}"
        if match := CAPTION.match(line):
            return inline(match[1])
        if match := TERM.match(line):
            return inline(f"{match[1]}: {line[match.end() :]}".rstrip())
        return inline(line)


def _row(line: str) -> str:
    before, *cells = [inline(cell.strip()) for cell in CELL.split(line)]
    cells = [before, *cells] if before else cells
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def inline(text: str) -> str:
    """Return a line's words: what is shown of links and macros, no marks of emphasis."""
    if "[" in text:
        text = LINK.sub(_shown, ANCHOR.sub("", text))
        text = MACRO.sub(lambda match: match[1].partition(",")[0].strip('"'), text)
    if "<<" in text:
        text = REFERENCE.sub(lambda match: match[2] or match[1], text)
    return EMPHASIS.sub(lambda match: match[2], text)


def _shown(link: re.Match[str]) -> str:
    words = link[2].split(",")[0].rstrip("^")
    return f"{words} ({link[1]})" if words else link[1]
