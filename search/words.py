"""Words of the vocabulary that may be told: each from a passage that the caller may read, as it is written there.

The vocabulary counts every passage of a workspace, and holds stems beside words. Found by the search role, then read as the
application under row-level security, like hits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.terms import analyse
from sql import fetch, read
from sql.pool import ReadConn

TRIED: Final = 100  # passages in which a word is looked for before it is given up
READ: Final = 8  # passages of each: one alone may hold a stem only as another of its words


@dataclass(frozen=True, slots=True)
class Held:
    """A lexeme and a readable passage that holds it."""

    lexeme: str
    passage_id: UUID


@dataclass(frozen=True, slots=True)
class _Read:
    lexeme: str
    lang: str
    beside: list[str]
    is_alone: bool


_find_holders = read("words.sql", "find_holders", Held)
_read_words = read("words.sql", "read_words", _Read)


async def find_holders(conn: ReadConn, scope: Scope, lexemes: Sequence[str]) -> list[Held]:
    """Return readable passages of those lexemes that have any, in their order; asked as the search role."""
    return await fetch(
        conn, _find_holders, **scope.ids, lexemes=list(lexemes), tried=TRIED, most=READ
    )


async def read_words(conn: ReadConn, scope: Scope, held: Sequence[Held]) -> dict[str, list[str]]:
    """Return the words behind each lexeme, a stem replaced by the words that it stands for; what is closed since is absent."""
    rows = await fetch(
        conn, _read_words, **scope.ids,
        lexemes=[row.lexeme for row in held], passages=[row.passage_id for row in held],
    )  # fmt: skip
    words: dict[str, list[str]] = {}
    for row in rows:
        words[row.lexeme] = list(dict.fromkeys((*words.get(row.lexeme, ()), *_written(row))))
    return words


def _written(row: _Read) -> list[str]:
    """Return the lexeme itself, unless it stands only where words stand whose stem it is: then those."""
    words = [word for word in row.beside if _stem(word, row.lang) == row.lexeme]
    return words if words and not row.is_alone else [row.lexeme]


def _stem(word: str, lang: str) -> str:
    return next((piece.stem for piece in analyse(word, lang)), word)
