"""Which runs of a text (what stands between white space) hold a lexeme: an inverted index of the runs seen lately.

Snippets ask it for every word of every passage of a page. What was seen before costs set operations only, about 8 us for
a passage instead of 120.
"""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from search.terms import analyse

MOST_RUNS: Final = 30_000  # of one language; about 10 MB, then it starts over
MOST_LANGUAGES: Final = 8
LONGEST: Final = 24  # characters; longer runs hardly come twice


@dataclass(slots=True)
class RunIndex:
    """The runs seen lately in one language, and which of them hold each lexeme."""

    lang: str
    most: int = MOST_RUNS
    _seen: set[str] = field(default_factory=set[str])
    _holding: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def holding(self, runs: set[str], lexemes: AbstractSet[str]) -> set[str]:
        """Return those of `runs` that hold any of the lexemes."""
        if len(self._seen) >= self.most:
            self._seen.clear()
            self._holding.clear()
        found = {run for run in runs - self._seen if self._learn(run) & lexemes}
        for lexeme in lexemes:
            known = self._holding.get(lexeme)
            if known is not None:
                found |= known & runs
        return found

    def _learn(self, run: str) -> set[str]:
        """Return the lexemes of a run, remembered unless it is long."""
        lexemes = {lexeme for piece in analyse(run, self.lang) for lexeme in (piece.stem, piece.exact)}  # fmt: skip
        if len(run) > LONGEST:
            return lexemes
        self._seen.add(run)
        for lexeme in lexemes:
            self._holding[lexeme].add(run)
        return lexemes


@lru_cache(maxsize=MOST_LANGUAGES)
def run_index(lang: str) -> RunIndex:
    """Return this process's index of a language."""
    return RunIndex(lang)
