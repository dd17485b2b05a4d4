"""The lexical leg: BM25 on plain PostgreSQL, over a candidate set that a budget bounds (MaxScore's idea, in a tsquery).

The rarest terms are essential while the sum of their document frequencies stays within BUDGET; then come conjunctions of
two of the remaining terms, the least common first. The tsquery is the OR of those, so that GIN yields a bounded set, and
every term still counts in the score. Phrases, prefixes, groups and negations are conditions on the candidates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import Final

from search.query import AnyOf, Clause, Not, Phrase, Prefix, Query, Word
from search.terms import Piece, pieces

BUDGET: Final = 3_000  # passages; keeps 0.99 of exact BM25's top 10 on 962,529 messages (search.md)
CAP: Final = (
    20_000  # candidates at most, where statistics are missing or no cheaper condition exists
)
VARIANTS: Final = 4  # lexemes of one term: stems in up to three languages, and the word as typed


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the query; `count` is how often it was asked. Any of its lexemes stands for it."""

    lexemes: tuple[str, ...]
    word: str  # as typed, folded
    count: int = 1
    is_prefix: bool = False

    def tsqueries(self) -> tuple[str, ...]:
        return tuple(quoted(lexeme) + (":*" if self.is_prefix else "") for lexeme in self.lexemes)

    def tsquery(self) -> str:
        return _any(self.tsqueries())


@dataclass(frozen=True, slots=True)
class Statistics:
    """Document frequencies for some terms, in their order, of a workspace with `passage_count` passages."""

    passage_count: int
    average_length: float
    ndocs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """The terms as columns for sql/search.sql: up to four tsqueries each (None where fewer) and the weight."""

    columns: tuple[tuple[str | None, ...], ...]
    idfs: tuple[float, ...]
    average_length: float


def query_terms(query: Query, langs: Sequence[str]) -> tuple[Term, ...]:
    """Return what ranks, in the order first written; words that come twice count twice. Stop words rank only alone."""
    found = list(_terms(query.clauses, langs))
    chosen = [term for term, stop in found if not stop] or [term for term, _ in found]
    counts: dict[Term, int] = {}
    for term in chosen:
        counts[term] = counts.get(term, 0) + 1
    return tuple(
        Term(term.lexemes, term.word, count, term.is_prefix) for term, count in counts.items()
    )


def conditions(query: Query, langs: Sequence[str]) -> str | None:
    """Return the tsquery that every hit has to match, or None; plain words are no condition."""
    required = [
        condition for clause in query.clauses if (condition := _condition(clause, langs, top=True))
    ]
    return " & ".join(required) or None


def has_positive_condition(query: Query) -> bool:
    """Say whether the conditions alone bound the candidates, as a phrase does and a negation does not."""
    return any(isinstance(clause, Phrase | Prefix | AnyOf) for clause in query.clauses)


def candidates(
    query: Query, terms: Sequence[Term], statistics: Statistics, condition: str | None
) -> str | None:
    """Return the tsquery whose matches are scored, or None when nothing can be looked up."""
    if condition is not None and has_positive_condition(query):
        return condition
    options = _within_budget(terms, statistics)
    if not options:
        return None
    return _any(options) if condition is None else f"{_any(options)} & {condition}"


def scoring(terms: Sequence[Term], statistics: Statistics) -> Scoring:
    """Return the terms with Lucene's idf, ln(1 + (N - n + 1/2) / (n + 1/2))."""
    total = max(statistics.passage_count, 1)
    padded = [term.tsqueries() + (None,) * (VARIANTS - len(term.lexemes)) for term in terms]
    idfs = [
        term.count * log(1 + (total - ndoc + 0.5) / (ndoc + 0.5))
        for term, ndoc in zip(terms, (min(ndoc, total) for ndoc in statistics.ndocs), strict=True)
    ]
    return Scoring(
        tuple(zip(*padded, strict=True)), tuple(idfs), max(statistics.average_length, 1.0)
    )


def _within_budget(terms: Sequence[Term], statistics: Statistics) -> list[str]:
    ordered = sorted(
        zip(statistics.ndocs, terms, strict=True), key=lambda entry: (entry[0], entry[1].word)
    )
    left, chosen = BUDGET, list[str]()
    while ordered and ordered[0][0] <= left:
        ndoc, term = ordered.pop(0)
        left -= ndoc
        chosen.append(term.tsquery())
    total = max(statistics.passage_count, 1)
    joint = sorted(
        (a[0] * b[0] / total, f"({a[1].tsquery()} & {b[1].tsquery()})")
        for a, b in combinations(ordered, 2)
    )
    for expected, both in joint:
        if expected > left:
            break
        left -= int(expected)
        chosen.append(both)
    if (
        not chosen and ordered
    ):  # only frequent terms: all of them at once is the smallest set there is
        chosen.append("(" + " & ".join(term.tsquery() for _, term in ordered) + ")")
    return chosen


def _terms(clauses: Sequence[Clause], langs: Sequence[str]) -> Iterator[tuple[Term, bool]]:
    """Yield each term with whether it is a stop word."""
    for clause in clauses:
        if isinstance(clause, AnyOf):
            for option in clause.options:
                yield from _terms(option, langs)
        elif isinstance(clause, Prefix):
            *before, last = _aligned(clause.text, langs) or [None]
            for columns in before:
                if columns is not None:
                    yield _term(columns)
            if last is not None:
                yield Term((last[0].exact,), last[0].exact, is_prefix=True), False
        elif not isinstance(clause, Not):
            yield from (_term(columns) for columns in _aligned(clause.text, langs))


def _term(columns: tuple[Piece, ...]) -> tuple[Term, bool]:
    exact = columns[0].exact
    lexemes = dict.fromkeys([piece.stem for piece in columns[: VARIANTS - 1]])
    return Term(tuple(lexemes), exact), columns[0].role == "stop"


def _aligned(text: str, langs: Sequence[str]) -> list[tuple[Piece, ...]]:
    """Return the pieces of `text`, each as every language reads it: cutting does not depend on the language."""
    rows = zip(*(list(pieces(text, lang)) for lang in langs), strict=True)
    return [columns for columns in rows if columns[0].role != "tail"]


def _condition(clause: Clause, langs: Sequence[str], *, top: bool) -> str | None:
    match clause:
        case Word():
            return None if top else _word(clause.text, langs)
        case Phrase():
            return _phrase(clause.text, suffix="")
        case Prefix():
            return _phrase(clause.text, suffix=":*")
        case Not():
            inner = _condition(clause.clause, langs, top=False)
            return None if inner is None else f"!({inner})"
        case AnyOf():
            options = [_all(option, langs) for option in clause.options]
            return _any([option for option in options if option])


def _all(clauses: Sequence[Clause], langs: Sequence[str]) -> str:
    parts = [part for clause in clauses if (part := _condition(clause, langs, top=False))]
    return f"({' & '.join(parts)})" if parts else ""


def _word(text: str, langs: Sequence[str]) -> str | None:
    terms = [_term(columns)[0] for columns in _aligned(text, langs) if columns[0].role != "whole"]
    return f"({' & '.join(term.tsquery() for term in terms)})" if terms else None


def _phrase(text: str, *, suffix: str) -> str | None:
    """Return the words as typed, one after the other; `suffix` goes to the last."""
    steps: list[str] = []
    gap = 1
    cut = [piece for piece in pieces(text, "") if piece.role != "whole"]
    while cut and cut[-1].role == "tail":
        cut.pop()
    for at, piece in enumerate(cut):
        if piece.role == "tail":
            gap += 1
            continue
        last = at == len(cut) - 1
        steps.append(
            ("" if not steps else f" <{gap}> ") + quoted(piece.exact) + (suffix if last else "")
        )
        gap = 1
    return f"({''.join(steps)})" if steps else None


def _any(options: Sequence[str]) -> str:
    return options[0] if len(options) == 1 else f"({' | '.join(options)})" if options else ""


def quoted(lexeme: str) -> str:
    """Return a lexeme as tsquery text that can mean nothing else."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
