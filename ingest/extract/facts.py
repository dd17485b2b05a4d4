"""What a file says of itself (title, author, dates, language), tidied: in one line, bounded, dates and tags that are ones."""

import re
from collections.abc import Callable

from ingest.extract.segment import UNWANTED, Properties

LONGEST = 500  # characters of a title or of the authors' names
DATE = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
NO_DATE = "0000"


def properties(found: dict[str, list[str]]) -> Properties:
    """Return what was found under the names of the properties; of several authors all, of the rest the first that will do."""
    return Properties(
        title=_first(found, "title", _line),
        author=_line(", ".join(filter(None, map(_line, found.get("author", []))))),
        created=_first(found, "created", _date),
        modified=_first(found, "modified", _date),
        language=_first(found, "language", _language),
    )


def _first(found: dict[str, list[str]], name: str, tidy: Callable[[str], str]) -> str:
    return next((text for each in found.get(name, []) if (text := tidy(each))), "")


def _line(text: str) -> str:
    return " ".join(UNWANTED.sub("", text).split())[:LONGEST]


def _date(text: str) -> str:
    date = text.strip()
    return date if DATE.fullmatch(date) and not date.startswith(NO_DATE) else ""


def _language(text: str) -> str:
    tag = text.strip().replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else ""


class Facts:
    """Collects the texts of an XML part's elements under the names given for them."""

    def __init__(self, names: dict[str, str]) -> None:
        self.found: dict[str, list[str]] = {}
        self._names = names
        self._open = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        self._open = self._names.get(name, "")
        if self._open:
            self.found.setdefault(self._open, []).append("")

    def data(self, text: str) -> None:
        if self._open:
            self.found[self._open][-1] += text

    def end(self, name: str) -> None:
        del name
        self._open = ""
