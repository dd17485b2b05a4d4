"""Why a hit stands where it does: what each leg and each term gave to its score. The contributions add up to it.

Kept beside the frozen list while its pages are read, and only when asked for; the terms are read for one page.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from core.scope import Scope
from search.answer import ExplainedLeg, ExplainedTerm, Explanation, Hit, LegName, Match
from search.filter_tree import Either, Every, Except, FilterTree
from search.fuse import NAME_WEIGHT, Blend, Candidate, Listed
from search.lexical import Lengths, Weighed, scoring_values
from search.operators import Filter
from sql import fetch, read
from sql.pool import ReadConn


@dataclass(frozen=True, slots=True)
class Places:
    """The ids that each leg gave, best first."""

    lexical: Sequence[UUID]
    semantic: Sequence[UUID]
    name: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is kept of a ranking to explain it: the legs of each hit, and the terms with how lengths weighed."""

    legs: dict[str, tuple[ExplainedLeg, ...]]  # by the id as text, as JSON has it
    weighed: tuple[Weighed, ...]
    lengths: Lengths


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    term: int
    frequency: float
    contribution: float


_explain_terms = read("explain.sql", "explain_terms", _Row)


def reasons(
    ranked: Sequence[tuple[Candidate, Listed]], weights: Blend, *, sigma: float, places: Places
) -> dict[UUID, tuple[ExplainedLeg, ...]]:
    """Return each hit's legs; `sigma` is the deviation that cosines are normalised by."""
    ranks: dict[Match, dict[UUID, int]] = {
        "lexical": _ranks(places.lexical),
        "semantic": _ranks(places.semantic),
        "name": _ranks(places.name),
    }
    return {c.id: (*_legs(c, weights, sigma, ranks), *_gains(hit)) for c, hit in ranked}


async def with_explanations(
    conn: ReadConn,
    scope: Scope,
    hits: Sequence[Hit],
    *,
    why: Reasons | None,
    filters: Sequence[str],
) -> list[Hit]:
    """Return the hits with their explanations; as they are where nobody asked."""
    if why is None or not hits:
        return list(hits)
    rows = await fetch(
        conn, _explain_terms, **scope.ids, ids=[hit.id for hit in hits],
        **scoring_values(why.weighed, lengths=why.lengths),
    )  # fmt: skip
    by_hit = defaultdict[UUID, list[_Row]](list)
    for row in rows:
        by_hit[row.id].append(row)
    return [
        replace(
            hit,
            explain=Explanation(
                score=hit.score,
                legs=why.legs.get(str(hit.id), ()),
                terms=_terms(by_hit[hit.id], why.weighed),
                filters=tuple(filters),
            ),
        )
        for hit in hits
    ]


def written(f: FilterTree) -> str:
    """Return a filter as it is typed, a tree of them as one would be if it could."""
    match f:
        case Filter():
            value = f'"{f.value}"' if " " in f.value else f.value
            return f"{'-' if f.negated else ''}{f.op}:{value}"
        case Except():
            return f"-{written(f.part)}"
        case Either():
            return f"({' OR '.join(map(written, f.parts))})"
        case Every():
            return f"({' '.join(map(written, f.parts))})"


def _ranks(ids: Sequence[UUID]) -> dict[UUID, int]:
    return {id_: rank for rank, id_ in enumerate(ids, start=1)}


def _legs(
    c: Candidate, weights: Blend, sigma: float, ranks: Mapping[Match, Mapping[UUID, int]]
) -> list[ExplainedLeg]:
    def leg(name: Match, raw: float, normalised: float, weight: float) -> ExplainedLeg:
        rank = ranks[name].get(c.id)
        return ExplainedLeg(name, rank, raw, normalised, weight, weight * normalised)

    found: list[ExplainedLeg] = []
    of_words, of_meaning = weights.of(c)
    if of_words > 0:
        found.append(leg("lexical", c.bm25, c.bm25, of_words))
        found.append(leg("name", c.name, c.name, of_words * NAME_WEIGHT))
    if c.cosine is not None and of_meaning > 0:
        deviations = (c.cosine - c.centre) / sigma
        found.append(leg("semantic", c.cosine, deviations, of_meaning * sigma))
    return found


def _gains(hit: Listed) -> list[ExplainedLeg]:
    """Return what a hit has from what stands around it, and for being new, where it does."""
    gains: list[tuple[LegName, float]] = [("neighbours", hit.borrowed), ("recency", hit.recent)]
    return [ExplainedLeg(name, None, gain, gain, 1.0, gain) for name, gain in gains if gain]


def _terms(rows: Sequence[_Row], weighed: Sequence[Weighed]) -> tuple[ExplainedTerm, ...]:
    return tuple(
        ExplainedTerm(
            word=weighed[row.term].term.typed,
            lexemes=weighed[row.term].term.lexemes,
            idf=weighed[row.term].idf,
            frequency=round(row.frequency),
            contribution=row.contribution,
        )
        for row in rows
    )
