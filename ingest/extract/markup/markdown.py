"""Markdown as it is: its own `#` lines are the headings. What its front matter (YAML, TOML) says of it becomes properties.

Front matter is read line by line, as people write it; nested values are left to the text, where it stays.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Item, Properties

HEADER_LINES = 200
FENCES = {"---": ("---", "..."), "+++": ("+++",)}
FIELD = re.compile(r"([\w-]{1,40})\s*[:=]\s*(\S.*)")
LISTED = re.compile(r"\s*-\s+(?:name:\s*)?(\S.*)")
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
NAMES = {
    "title": "title", "author": "author", "authors": "author", "date": "created", "created": "created", "published": "created",
    "lastmod": "modified", "updated": "modified", "modified": "modified", "last_modified_at": "modified",
    "lang": "language", "language": "language",
}  # fmt: skip
HEADING = re.compile(r"# +(\S.*)")


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    head = list(islice(text, HEADER_LINES))
    return chain([properties(head)], segments(chain(head, text), first=first))


def properties(head: list[str]) -> Properties:
    """Return what the front matter says; without a title there, the first top heading."""
    told = _front_matter(head)
    title = told.get("title") or next((words for line in head if (words := _heading(line))), "")
    dates = {name: _date(told.get(name, "")) for name in ("created", "modified")}
    return Properties(title, told.get("author", ""), **dates, language=told.get("language", ""))


def _heading(line: str) -> str:
    """Return a top heading's words without the marks that may close it."""
    match = HEADING.match(line)
    words = match[1].rstrip() if match else ""
    bare = words.rstrip("#")
    return bare.rstrip() if bare.endswith(" ") else words


def _front_matter(head: list[str]) -> dict[str, str]:
    ends = FENCES.get(head[0].rstrip(), ()) if head else ()
    end = next((n for n, line in enumerate(head[1:], 1) if line.rstrip() in ends), 0)
    told: dict[str, str] = {}
    listed = ""
    for line in head[1:end]:
        if match := FIELD.match(line):
            listed = ""
            told.setdefault(NAMES.get(match[1].lower(), ""), _unquoted(match[2].rstrip()))
        elif listed and (match := LISTED.match(line)):
            told[listed] = "; ".join(
                filter(None, [told.get(listed, ""), _unquoted(match[1].rstrip())])
            )
        else:
            listed = NAMES.get(line.rstrip().rstrip(":").lower(), "")
    return told


def _unquoted(value: str) -> str:
    """Return a value, or the values of a list in one line."""
    values = value.strip("[]").split(",") if value.startswith("[") else [value]
    return "; ".join(one.strip().strip("\"'") for one in values)


def _date(value: str) -> str:
    match = DATE.match(value)
    return match[0].replace(" ", "T") if match else ""
