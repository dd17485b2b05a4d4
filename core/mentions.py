"""Whom a text names with an @: `@ada`, `@ada.l` (before the @ of the address) or `@"Ada Lovelace"`, and not in code.

Pure: `handles()` reads what is named, `mentioned()` says who that is among the people it is given. A handle that fits
several people names nobody.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

MOST_HANDLES: Final = 50  # of one text
_FENCE: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*$.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
# Not inside a word or an address: ada@example.org names nobody.
_HANDLE: Final = re.compile(
    r'(?<![\w.@/+-])@(?:"([^"\n]{1,200})"|“([^”\n]{1,200})”|(\w[\w.\'+-]{0,199}))'
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be named."""

    id: UUID
    name: str
    email: str

    @property
    def keys(self) -> tuple[str, str, str]:
        """By what the person is named, the surest first: the name, the address before its @, the name's first word."""
        name = _key(self.name)
        return name, _key(self.email.rpartition("@")[0]), name.partition(" ")[0]


def handles(text: str) -> list[str]:
    """Return what stands behind each @ outside of code, in lower case, each once."""
    prose = _SPAN.sub(" ", _FENCE.sub("\n", unicodedata.normalize("NFC", text)))
    found = (_key(next(filter(None, match.groups()))) for match in _HANDLE.finditer(prose))
    return list(dict.fromkeys(handle for handle in found if handle))[:MOST_HANDLES]


def mentioned(named: Iterable[str], people: Sequence[Person]) -> list[UUID]:
    """Return who is named by the handles, each once, in their order."""
    return list(dict.fromkeys(id_ for handle in named if (id_ := _who(handle, people))))


def _who(handle: str, people: Sequence[Person]) -> UUID | None:
    for rank in range(3):
        fitting = [person.id for person in people if person.keys[rank] == handle]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _key(text: str) -> str:
    """Return a name as names are compared: its case, its runs of spaces and the stop of a sentence do not matter."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split()).rstrip(".'-+")
