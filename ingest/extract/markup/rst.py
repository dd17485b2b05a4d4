"""reStructuredText as text with light Markdown structure: underlined titles as `#` lines, code in fences, roles by their words.

Comments, targets and the options of directives are dropped, what directives hold is kept. Left out: includes, substitutions
and the columns of simple tables, which stay as they are drawn.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Item, Properties

HEADER_LINES = 50
ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
SHORTER = 2  # characters that an underline may lack; docutils warns and goes on
DIRECTIVE = re.compile(r"(\s*)\.\. (?:\|[^|]+\| )?([\w:-]+)::\s*(.*)$")
EXPLICIT = re.compile(r"(\s*)\.\.(?:\s+(.*))?$")
TARGET = re.compile(r"_(?:`[^`]+`|[^:]+|_):(?:\s+(\S+))?$")
NOTE = re.compile(r"\[([^\]]{1,100})\]\s+(.*)$")
OPTION = re.compile(r"\s+:([\w-]+):\s*(.*)$")
FIELD = re.compile(r":([\w -]{1,40}):\s+(.*)$")
GRID_RULE = re.compile(r"\s*\+[-=+]{3,}\+\s*$")
GRID_ROW = re.compile(r"\s*\|(.*)\|\s*$")
SIMPLE_RULE = re.compile(r"\s*[=-]{2,}(?:\s+[=-]{2,})+\s*$")
DRAWN = (GRID_RULE, SIMPLE_RULE, ADORNMENT, re.compile("::$"))
ROLE = re.compile(r":[\w:+.-]{1,60}:`([^`]{1,500})`")
LINK = re.compile(r"`([^`<>]{1,300}?)\s*<([^<>`]{1,500})>`_{0,2}")
NAMED = re.compile(r"(?<!`)`([^`]{1,300})`_{1,2}")
TITLED = re.compile(r"([^<]*\S)\s*<[^<>]*>$")
CODE = frozenset(
    {
        "code",
        "code-block",
        "sourcecode",
        "highlight",
        "parsed-literal",
        "math",
        "testcode",
        "doctest",
    }
)
DROPPED = frozenset({
    "toctree", "contents", "include", "literalinclude", "raw", "index", "meta", "replace", "automodule", "autoclass",
    "default-role", "role", "highlight", "currentmodule", "module", "unicode", "sectnum",
})  # fmt: skip
PICTURES = frozenset({"image", "figure"})
ADMONITIONS = frozenset({
    "note", "warning", "tip", "hint", "important", "caution", "danger", "error", "attention", "seealso", "todo",
})  # fmt: skip


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    head = list(islice(text, HEADER_LINES))
    converted = _Document().convert(chain(head, text))
    return chain([_properties(head)], segments(converted, first=first))


def _properties(head: list[str]) -> Properties:
    """Of the fields at the top; the title is the first one underlined."""
    named: dict[str, str] = {}
    for line, below in zip(head, [*head[1:], ""], strict=False):
        if match := FIELD.match(line):
            named.setdefault(match[1].lower(), match[2].strip())
        elif _is_title(line, below):
            named.setdefault("title", line.strip())
    author = named.get("author") or named.get("authors", "")
    return Properties(named.get("title", ""), author, language=named.get("language", ""))


def _is_title(line: str, below: str) -> bool:
    is_words = bool(line.strip()) and not line[:1].isspace() and not ADORNMENT.match(line)
    return (
        is_words
        and bool(ADORNMENT.match(below))
        and len(below.strip()) >= len(line.strip()) - SHORTER
    )


class _Document:
    def __init__(self) -> None:
        self._styles: list[str] = []  # of titles, in the order they were met
        self._indent: int | None = None  # of the directive whose content this is
        self._is_code = False
        self._is_dropped = False
        self._in_options = False

    def convert(self, text: Iterator[str]) -> Iterator[str]:
        """Yield lines; each is held until the next one tells whether it is a title."""
        over, held = "", next(text, "").rstrip()
        while True:
            if self._indent is not None and held and len(held) - len(held.lstrip()) <= self._indent:
                yield from self._leave()
            below = next(text, None)
            following = (below or "").rstrip()
            if self._indent is None and _is_title(held, following):
                yield from self._title(held.strip(), over + following.strip()[:1])
                below = next(text, None)
                following = (below or "").rstrip()
            elif (
                self._indent is None and ADORNMENT.match(held) and self._overlines(held, following)
            ):
                over, held = held[0], following.strip()
                continue
            else:
                yield from self._line(held)
            if below is None:
                yield from self._leave()
                return
            over, held = "", following

    def _overlines(self, line: str, following: str) -> bool:
        return (
            bool(following.strip())
            and len(line) >= len(following.strip())
            and not ADORNMENT.match(following)
        )

    def _title(self, words: str, style: str) -> Iterator[str]:
        if style not in self._styles:
            self._styles.append(style)
        level = min(6, self._styles.index(style) + 1)
        yield f"{'#' * level} {inline(words)}\n"

    def _line(self, line: str) -> Iterator[str]:
        if self._indent is not None:
            yield from self._content(line)
        elif match := DIRECTIVE.match(line):
            yield from self._directive(match)
        elif match := EXPLICIT.match(line):
            yield from self._explicit(match)
        elif any(mark.match(line) for mark in DRAWN):
            return
        elif match := GRID_ROW.match(line):
            yield " | ".join(inline(cell.strip()) for cell in match[1].split("|")) + "\n"
        else:
            yield (inline(line[:-1]) if line.endswith("::") else inline(line)) + "\n"

    def _enter(self, indent: str, *, is_code: bool = False, is_dropped: bool = False) -> None:
        self._indent, self._is_code, self._is_dropped = len(indent), is_code, is_dropped
        self._in_options = True

    def _leave(self) -> Iterator[str]:
        if self._is_code:
            yield "```\n"
        self._indent, self._is_code = None, False

    def _content(self, line: str) -> Iterator[str]:
        if self._in_options and (match := OPTION.match(line)):
            if match[1] in {"alt", "caption"} and match[2]:
                yield inline(match[2]) + "\n"
            return
        self._in_options = self._in_options and not line
        if not self._is_dropped:
            yield (line if self._is_code else inline(line)) + "\n"

    def _directive(self, match: re.Match[str]) -> Iterator[str]:
        indent, name, argument = match.groups()
        if name in CODE:
            yield f"```{argument if name.endswith(('code', 'block')) else ''}\n"
        elif name in ADMONITIONS:
            yield f"{name.capitalize()}: {inline(argument)}".rstrip() + "\n"
        elif argument and name not in PICTURES | DROPPED:
            yield inline(argument) + "\n"
        self._enter(indent, is_code=name in CODE, is_dropped=name in DROPPED)

    def _explicit(self, match: re.Match[str]) -> Iterator[str]:
        """A target, a footnote or citation, or a comment."""
        words = match[2] or ""
        if target := TARGET.match(words):
            yield from [f"{target[1]}\n"] if target[1] else []
        elif note := NOTE.match(words):
            yield f"[{note[1]}] {inline(note[2])}\n"
        else:
            self._enter(match[1], is_dropped=True)


def inline(text: str) -> str:
    """Return a line's words: what roles and links show, and where links lead."""
    if "`" not in text:
        return text
    text = ROLE.sub(lambda match: TITLED.sub(r"\1", match[1]).lstrip("~!"), text)
    text = LINK.sub(r"\1 (\2)", text)
    return NAMED.sub(r"\1", text).replace("``", "`")
