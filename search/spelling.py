"""How far a misspelt word is from one that people wrote, and which of several it meant.

Distance: optimal string alignment (Damerau 1964), where two letters swapped are one slip. Pure; the vocabulary is
search/corrections.py's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from typing import Final

from search.terms import NO_SPACES

LEAST: Final = 4  # letters; a shorter word has a neighbour for each of its letters
MOST: Final = 32
# One slip up to five letters, two above: of 48,500 misspellings of codespell whose word a vocabulary holds, 97 % are that near.
TWO_SLIPS: Final = 6
REACH: Final = 2  # slips at most, and so letters that a correction is longer or shorter
# Of equally near words the one that more passages hold, by the logarithm; 0.05 to 0.2 give the same.
FREQUENCY: Final = 0.1

_PUNCTUATED: Final = re.compile(
    r"[(\[{'‘“”„«¿¡]*(?P<word>[^\W\d_]+)[)\]}'’“”»,.;:!?…]*"  # noqa: RUF001  (the quotes people type)
)
_UNSPACED: Final = re.compile(f"[{NO_SPACES}]")
_INNER_CAPITAL: Final = re.compile(r"[a-z][A-Z]")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A lexeme that looks like an asked word, and how many passages hold it."""

    word: str
    lexeme: str
    ndoc: int


def spelt(text: str) -> str | None:
    """Return the word within a word of a query, punctuation off, or None where it is not one to correct.

    Not corrected: what has digits or signs inside (names in code, numbers, addresses, file names), what is written in
    capitals or with one inside, scripts that write no spaces or need marks, short words, and what stands in quotes.
    """
    match = _PUNCTUATED.fullmatch(text)
    if match is None or text.startswith(tuple('"“”„«')):
        return None
    word = match["word"]
    is_name = word.isupper() or _INNER_CAPITAL.search(word) or _UNSPACED.search(word)
    return None if is_name or not LEAST <= len(word) <= MOST else word


def best(word: str, neighbours: Iterable[Neighbour], *, most: int) -> list[str]:
    """Return up to `most` lexemes that a slip or two leads to, the likeliest first; equal ones by the alphabet."""
    near = [
        (distance(word, n.lexeme) - FREQUENCY * log(1 + n.ndoc), n.lexeme)
        for n in neighbours
        if n.lexeme.isalpha() and is_near(word, n.lexeme)
    ]
    return [lexeme for _, lexeme in sorted(near)[:most]]


def is_near(word: str, other: str) -> bool:
    """Say whether a slip or two leads from one to the other, the first letter kept: people miss it in 2 of 100 slips."""
    if word[0] != other[0] and word[:2] != other[1::-1]:
        return False
    return 0 < distance(word, other) <= (1 if len(word) < TWO_SLIPS else REACH)


def distance(left: str, right: str) -> int:
    """Return how many letters have to be put in, left out, replaced or swapped with the next one."""
    before, above = list[int](), list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        row = [i]
        for j, other in enumerate(right, 1):
            least = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, above = above, row
    return above[-1]
