"""Which passages the lexical leg scores: a bounded set, however common the words of a query are (MaxScore's idea, in a tsquery).

The rarest terms are essential while the sum of their document frequencies stays within the budget; then come conjunctions of
two of the remaining terms, the least common first. The tsquery is the OR of those, so that GIN yields a bounded set, and
every term still counts in the score. Where that finds too little, more are asked for once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import Final

from search.lexical import CAP, Weighed, any_of, has_positive_condition
from search.query import Query

BUDGET: Final = 3_000  # passages; keeps 0.99 of exact BM25's top 10 on 962,529 messages (docs/adr)
LEAST_BUDGET: Final = (
    500  # of small workspaces: nDCG@10 within 0.001 of no budget on 8 sets of 210-11,429 passages
)
SHARE: Final = 200  # a larger one may look at every 200th passage, up to BUDGET
TOGETHER: Final = (
    2  # how much more often two words of one question meet than by chance (a guess from one query)
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tsquery to look up, None where there is nothing; and the one for where it finds too few, None where it lacks no term."""

    first: str | None
    further: str | None = None


def candidates(
    query: Query, weighed: Sequence[Weighed], *, passage_count: int, condition: str | None
) -> Candidates:
    """Return the tsqueries whose matches are scored.

    The rarest word may stand nowhere, or only where the caller or his filters do not reach: further ones take the next terms
    too, of up to CAP passages, and one of them however common it is.
    """
    if condition is not None and has_positive_condition(query):
        return Candidates(condition)
    total = max(passage_count, 1)
    bounded = _within_budget(weighed, total)
    if not bounded:
        return Candidates(None)
    more = _further(weighed, total) if len(weighed) > 1 else []
    first, further = (_narrowed(options, condition) for options in (bounded, [*bounded, *more]))
    return Candidates(first, further if more else None)


def _narrowed(options: Sequence[str], condition: str | None) -> str:
    return any_of(options) if condition is None else f"{any_of(options)} & {condition}"


def _within_budget(weighed: Sequence[Weighed], total: int) -> list[str]:
    essential, frequent = _essential(weighed, total), _frequent(weighed, total)
    chosen = [entry.term.tsquery() for entry in essential]
    left = _budget(total) - sum(entry.ndoc for entry in essential)
    for expected, both in _pairs(frequent, total):
        if expected > left:
            break
        left -= int(expected)
        chosen.append(both)
    if (
        not chosen and frequent
    ):  # only frequent terms: all of them at once is the smallest set there is
        chosen.append("(" + " & ".join(entry.term.tsquery() for entry in frequent) + ")")
    return chosen


def _further(weighed: Sequence[Weighed], total: int) -> list[str]:
    frequent = _frequent(weighed, total)
    sums = accumulate(entry.ndoc for entry in frequent)
    within = [entry for entry, ndoc in zip(frequent, sums, strict=True) if ndoc <= CAP]
    return [entry.term.tsquery() for entry in within or frequent[:1]]


def _essential(weighed: Sequence[Weighed], total: int) -> list[Weighed]:
    """Return the rarest terms whose passages are within the budget."""
    ordered = _rarest_first(weighed)
    sums = accumulate(entry.ndoc for entry in ordered)
    return [entry for entry, ndoc in zip(ordered, sums, strict=True) if ndoc <= _budget(total)]


def _frequent(weighed: Sequence[Weighed], total: int) -> list[Weighed]:
    return _rarest_first(weighed)[len(_essential(weighed, total)) :]


def _rarest_first(weighed: Sequence[Weighed]) -> list[Weighed]:
    return sorted(weighed, key=lambda entry: (entry.ndoc, entry.term.word))


def _budget(total: int) -> int:
    return min(BUDGET, max(LEAST_BUDGET, total // SHARE))


def _pairs(frequent: Sequence[Weighed], total: int) -> list[tuple[float, str]]:
    """Return the conjunctions of two terms with the number of passages to expect, smallest first."""
    return sorted(
        (TOGETHER * a.ndoc * b.ndoc / total, f"({a.term.tsquery()} & {b.term.tsquery()})")
        for a, b in combinations(frequent, 2)
    )
