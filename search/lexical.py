"""The lexical leg: BM25 on plain PostgreSQL, over a bounded set of candidates (search/candidates.py).

What the words of a query are to the index, how much each counts, and what scoring is told. Phrases, prefixes, groups and
negations are conditions on the candidates.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.filters import Constraints
from search.lookup import like_pattern
from search.query import AnyOf, Clause, Not, Phrase, Prefix, Query, Word
from search.terms import Piece, pieces
from sql import fetch, read
from sql.pool import ReadConn

CAP: Final = (
    20_000  # candidates at most, where statistics are missing or no cheaper condition exists
)
COMMON: Final = (
    200  # passages; a rarer stem is looked up together with the word as typed, which costs little
)
MIN_NAMED: Final = 3  # characters; shorter words stand in every title by chance
NAMED_SHARE: Final = 0.6  # of the query's idf that a title has to hold to be a hit by its name
NAMED_DEPTH: Final = 10
ALONE: Final = (1.2, 0.75)  # BM25's k1 and b where words alone rank
BESIDE_MEANING: Final = (0.9, 0.5)
VARIANTS: Final = 4  # lexemes of one term: stems in up to three languages, and the word as typed


@dataclass(frozen=True, slots=True)
class Term:
    """One word of the query; `count` is how often it was asked. Any of its lexemes stands for it."""

    lexemes: tuple[str, ...]  # stems, then the word as typed unless it is one of them
    word: str  # as typed, folded
    typed: str
    count: int = 1
    is_prefix: bool = False

    def tsqueries(self) -> tuple[str, ...]:
        return tuple(quoted(lexeme) + (":*" if self.is_prefix else "") for lexeme in self.lexemes)

    def tsquery(self) -> str:
        return any_of(self.tsqueries())


@dataclass(frozen=True, slots=True)
class Weighed:
    """A term with its document frequency (at least 1) and Lucene's idf times its count."""

    term: Term
    ndoc: int
    idf: float


@dataclass(frozen=True, slots=True)
class Lengths:
    """How a passage's length weighs in BM25: k1 (1 - b) and, for each of its words, k1 b over the average."""

    flat: float
    steep: float


def lengths_of(average_length: float, *, alone: bool) -> Lengths:
    """Return how lengths weigh in a workspace: less beside meaning, whose vectors say little of long passages already."""
    k1, b = ALONE if alone else BESIDE_MEANING
    return Lengths(k1 * (1 - b), k1 * b / max(average_length, 1.0))


@dataclass(frozen=True, slots=True)
class LexicalQuestion:
    """What the leg is asked: the bounded tsquery, and how its matches are scored."""

    candidates: str
    condition: str | None
    weighed: tuple[Weighed, ...]
    lengths: Lengths
    depth: int
    apart: frozenset[bytes] = frozenset()  # hashes of texts that are left out


@dataclass(frozen=True, slots=True)
class DatedQuestion:
    """A list by date: what matches (None: everything), and whether only the openings of items are listed."""

    candidates: str | None
    openings: bool
    oldest: bool
    depth: int


@dataclass(frozen=True, slots=True)
class Scored:
    id: UUID
    bm25: float


@dataclass(frozen=True, slots=True)
class Found:
    id: UUID


@dataclass(frozen=True, slots=True)
class Words:
    """What the lexical and the name leg found, best first; `named` are the opening passages of items."""

    scored: Sequence[Scored]
    named: Sequence[UUID]
    matches: int = 0  # passages that were scored, of which these are the best


NO_WORDS: Final = Words((), ())


@dataclass(frozen=True, slots=True)
class _FoundWords:
    id: UUID
    bm25: float | None
    weight: float | None
    matches: int


_find_words = read("search.sql", "find_words", _FoundWords)
_find_dated = read("search.sql", "find_dated", Found)


async def find_words(
    conn: ReadConn, scope: Scope, question: LexicalQuestion, *, constraints: Constraints
) -> Words:
    """Return the best passages that the caller may see by BM25, equal scores by id; and those that names lead to, by idf."""
    named_from = NAMED_SHARE * sum(entry.idf for entry in question.weighed)
    rows = await fetch(
        conn, _find_words, **scope.ids, **constraints.values(),
        **scoring_values(question.weighed, lengths=question.lengths),
        candidates=question.candidates, cap=CAP, depth=question.depth, condition=question.condition,
        apart=sorted(question.apart), words=title_words(question.weighed), rare=rare_patterns(question.weighed, named_from),
        named_from=named_from, named_depth=NAMED_DEPTH,
    )  # fmt: skip
    return Words(
        [Scored(row.id, row.bm25) for row in rows if row.bm25 is not None],
        [row.id for row in rows if row.bm25 is None],
        max((row.matches for row in rows), default=0),
    )


async def find_dated(
    conn: ReadConn, scope: Scope, matching: DatedQuestion, *, constraints: Constraints
) -> list[UUID]:
    """Return the newest or oldest matches; without words, the opening passage of every item and every message."""
    rows = await fetch(
        conn, _find_dated, **scope.ids, **constraints.values(),
        candidates=matching.candidates, openings=matching.openings, oldest=matching.oldest, depth=matching.depth,
    )  # fmt: skip
    return [row.id for row in rows]


def title_words(weighed: Sequence[Weighed]) -> list[str | None]:
    """Return the words that a title may hold, lower case; None where one is too short to mean anything."""
    typed = [entry.term.typed.lower() for entry in weighed]
    return [word if len(word) >= MIN_NAMED else None for word in typed]


def rare_patterns(weighed: Sequence[Weighed], named_from: float) -> list[str]:
    """Return patterns of the rarest words: a title that holds none of them cannot reach the idf `named_from`."""
    titled = zip(title_words(weighed), (entry.idf for entry in weighed), strict=True)
    rarest_first = sorted(((idf, word) for word, idf in titled if word), reverse=True)
    left, patterns = sum(idf for idf, _ in rarest_first), list[str]()
    for idf, word in rarest_first:
        if left < named_from:
            break
        patterns.append(like_pattern(word))
        left -= idf
    return patterns


def query_terms(query: Query, langs: Sequence[str]) -> tuple[Term, ...]:
    """Return what ranks, in the order first written; words that come twice count twice. Stop words rank only alone."""
    found = list(_terms(query.clauses, langs))
    chosen = [term for term, stop in found if not stop] or [term for term, _ in found]
    counts = Counter((term.lexemes, term.is_prefix) for term in chosen)
    first = {(term.lexemes, term.is_prefix): term for term in reversed(chosen)}
    return tuple(replace(first[key], count=count) for key, count in counts.items())


def conditions(query: Query, langs: Sequence[str]) -> str | None:
    """Return the tsquery that every hit has to match, or None; plain words are no condition."""
    required = [
        condition for clause in query.clauses if (condition := _condition(clause, langs, top=True))
    ]
    return " & ".join(required) or None


def has_positive_condition(query: Query) -> bool:
    """Say whether the conditions alone bound the candidates, as a phrase does and a negation does not."""
    return any(isinstance(clause, Phrase | Prefix | AnyOf) for clause in query.clauses)


def weigh(
    terms: Sequence[Term], counts: Mapping[str, int], *, passage_count: int
) -> tuple[Weighed, ...]:
    """Return the terms with idf ln(1 + (N - n + 1/2) / (n + 1/2)); a lexeme that `counts` lacks is rare."""
    total = max(passage_count, 1)
    return tuple(_weighed(_trimmed(term, counts), counts, total) for term in terms)


def all_terms(weighed: Sequence[Weighed], condition: str | None) -> str | None:
    """Return the tsquery of what holds every term, for lists by date, where half a match is noise."""
    parts = [entry.term.tsquery() for entry in weighed] + ([condition] if condition else [])
    return " & ".join(parts) or None


def scoring_values(weighed: Sequence[Weighed], *, lengths: Lengths) -> dict[str, object]:
    """Return the terms as the parallel arrays that BM25 in sql/search.sql takes, None where a term has fewer lexemes."""
    padded = [(entry.term.tsqueries() + (None,) * VARIANTS)[:VARIANTS] for entry in weighed]
    columns = list(zip(*padded, strict=True)) or [()] * VARIANTS
    return {
        **dict(zip("abcd", columns, strict=True)),
        "wholes": [entry.term.tsquery() for entry in weighed],
        "idfs": [entry.idf for entry in weighed],
        "flat": lengths.flat,
        "steep": lengths.steep,
    }


def _trimmed(term: Term, counts: Mapping[str, int]) -> Term:
    """Drop the word as typed where a stem of it is so common that it has surely been seen: it costs as much again."""
    *stems, last = term.lexemes
    if not stems or last != term.word:
        return term
    common = max(counts.get(stem, 0) for stem in stems)
    return (
        replace(term, lexemes=tuple(stems)) if common > max(COMMON, counts.get(last, 0)) else term
    )


def _weighed(term: Term, counts: Mapping[str, int], total: int) -> Weighed:
    known = [counts.get(lexeme, 0) for lexeme in term.lexemes]
    ndoc = max(
        total // 20 if term.is_prefix else 1, *known
    )  # a prefix stands for words that were not counted
    ndoc = min(ndoc, total)
    return Weighed(term, ndoc, term.count * log(1 + (total - ndoc + 0.5) / (ndoc + 0.5)))


def _terms(clauses: Sequence[Clause], langs: Sequence[str]) -> Iterator[tuple[Term, bool]]:
    """Yield each term with whether it is a stop word of the first language."""
    for clause in clauses:
        if isinstance(clause, AnyOf):
            for option in clause.options:
                yield from _terms(option, langs)
        elif not isinstance(clause, Not):
            read = [c for c in _aligned(clause.text, langs) if c[0].role != "tail"]
            found = [_term(clause.text, columns) for columns in read]
            if isinstance(clause, Prefix) and found:
                last = found.pop()[0]
                found.append((replace(last, lexemes=(last.word,), is_prefix=True), False))
            yield from found


def _term(text: str, columns: tuple[Piece, ...]) -> tuple[Term, bool]:
    first = columns[0]
    lexemes = (*(piece.stem for piece in columns[: VARIANTS - 1]), first.exact)
    term = Term(tuple(dict.fromkeys(lexemes)), first.exact, text[first.start : first.end])
    return term, first.role == "stop"


def _aligned(text: str, langs: Sequence[str]) -> list[tuple[Piece, ...]]:
    """Return the pieces of `text`, each as every language reads it: cutting does not depend on the language."""
    return list(zip(*(list(pieces(text, lang)) for lang in langs), strict=True))


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
            return f"!({inner})" if inner else None
        case AnyOf():
            options = [_all(option, langs) for option in clause.options]
            return any_of([option for option in options if option]) or None


def _all(clauses: Sequence[Clause], langs: Sequence[str]) -> str:
    parts = [part for clause in clauses if (part := _condition(clause, langs, top=False))]
    return f"({' & '.join(parts)})" if parts else ""


def _word(text: str, langs: Sequence[str]) -> str | None:
    """Return the parts of a word one after the other, as a text that holds it has them."""
    parts = [columns for columns in _aligned(text, langs) if columns[0].role != "whole"]
    return _in_a_row(
        [None if c[0].role == "tail" else _term(text, c)[0].tsquery() for c in parts], suffix=""
    )


def _phrase(text: str, *, suffix: str) -> str | None:
    """Return the words as typed, one after the other; `suffix` goes to the last."""
    parts = [piece for piece in pieces(text, "") if piece.role != "whole"]
    return _in_a_row(
        [None if piece.role == "tail" else quoted(piece.exact) for piece in parts], suffix=suffix
    )


def _in_a_row(parts: Sequence[str | None], *, suffix: str) -> str | None:
    """Return the tsquery of one part after the other; None takes a place and may be anything."""
    steps, gap = "", 1
    for part in parts:
        if part is None:
            gap += 1
            continue
        steps += f" <{gap}> {part}" if steps else part
        gap = 1
    return f"({steps}{suffix})" if steps else None


def any_of(options: Sequence[str]) -> str:
    """Return the OR of tsqueries, in parentheses where needed."""
    return options[0] if len(options) == 1 else f"({' | '.join(options)})" if options else ""


def quoted(lexeme: str) -> str:
    """Return a lexeme as tsquery text that can mean nothing else."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
