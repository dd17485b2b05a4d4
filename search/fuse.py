"""Fuse the legs into one ranking: Recollect's own rule, measured in docs/adr and held by tests/relevance.

    score = bm25 + WEIGHT * u * (cosine - mean cosine of the passage's language) / sigma

on raw scores, both known for every candidate of either leg, and what a passage borrows from those around it
(search/neighbours.py). A passage in another language than the query's can hold none of its words, so its meaning counts more;
a question that was found is no answer to another one, so it counts less. Rescaling each query (z-scores, min-max) or keeping
ranks alone (reciprocal rank fusion) deletes the signal that raw scores carry; no leg of ours lacks scores.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final
from uuid import UUID

from search.answer import Grouping, Match
from search.neighbours import AROUND_ANSWERS, AROUND_FINDS, Place, borrowed

WEIGHT: Final = (
    3.3  # BM25 points for one standard deviation of cosine; flat from 2.1 to 4.3 on 12 sets
)
FLUENT: Final = (
    4.3  # characters a word piece from which an English model reads a query as its own language
)
DISTRUST: Final = 3  # power with which less fluent queries count less
OWN: Final = "en"  # of an English model; a query known to be English holds rare words, not foreign ones, and counts less by power 1
ABROAD: Final = 1.5  # times more that meaning counts abroad where no word was found; less by the square of what was
QUESTION: Final = 0.8  # of its score that a question keeps when the query is one
FLOOR: Final = (
    1.0  # standard deviations above the mean below which a passage without the words is no hit
)
NAME_WEIGHT: Final = 0.3  # of a title's words beside the passage's own
HALF_LIFE_DAYS: Final = 30  # in which what recency adds halves


@dataclass(frozen=True, slots=True)
class Candidate:
    """One passage with every score known of it; cosine is None while it has no vector."""

    id: UUID
    item_id: UUID
    is_message: bool
    text_hash: bytes
    bm25: float
    name: float  # idf of the query's words that stand in the title
    cosine: float | None
    centre: float  # of its language: q . mu
    lang: str = ""
    asks: bool | None = None  # whether a message ends as a question
    seq: int = 0  # its place in its conversation or file
    age_days: float = 0.0  # at the beginning of this day, UTC


@dataclass(frozen=True, slots=True)
class Listed:
    """A hit before it is read: `same` are the passages with the same text that it stands for, best first."""

    id: UUID
    score: float
    match: tuple[Match, ...]
    same: tuple[UUID, ...] = ()
    borrowed: float = 0.0  # the part of the score that the passages around it lend
    recent: float = 0.0  # the part that it has for being new


@dataclass(frozen=True, slots=True)
class Blend:
    """How much each leg counts; made by blend()."""

    lexical: float
    semantic: float  # per unit of cosine
    floor: float  # centred cosine below which a passage is not near, however few are nearer
    recency: float = 0.0  # of what was made today; 0 is no prior
    asks: bool = False  # whether the query is a question
    foreign: frozenset[str] = frozenset()  # languages that are not the query's
    abroad: float = 1.0  # times that the meaning of passages in those counts

    def of(self, candidate: Candidate) -> tuple[float, float]:
        """Return what words and a unit of cosine count for this passage."""
        kept = QUESTION if self.asks and candidate.asks else 1.0
        times = self.abroad if candidate.lang in self.foreign else 1.0
        return kept * self.lexical, kept * times * self.semantic


LEXICAL_ALONE: Final = Blend(1.0, 0.0, inf)


def blend(
    *, sigma: float, characters_per_piece: float, semantic_ratio: float, spoken: str = ""
) -> Blend:
    """Return the weights of a query; a ratio of 0.5 is the measured rule, 0 and 1 are one leg alone."""
    trust = min(1.0, characters_per_piece / FLUENT) ** (1 if spoken == OWN else DISTRUST)
    semantic = 2 * semantic_ratio * WEIGHT * trust / sigma
    floor = (
        FLOOR * sigma if semantic_ratio < 1 else -inf
    )  # who asks for meaning alone gets the nearest there is
    return Blend(2 * (1 - semantic_ratio), semantic, floor)


def across(
    weights: Blend, candidates: Sequence[Candidate], *, foreign: frozenset[str], most: float
) -> Blend:
    """Weigh meaning in the languages that are not the query's, the more the less of its words its own passages hold.

    `most` is the BM25 of a passage that holds nothing else than the query.
    """
    if not foreign or weights.lexical <= 0 or most <= 0:
        return weights
    best = max((c.bm25 for c in candidates if c.lang not in foreign), default=0.0)
    missing = 1 - min(1.0, best / most)
    return replace(weights, foreign=foreign, abroad=1 + ABROAD * missing**2)


def fuse(
    candidates: Sequence[Candidate], weights: Blend, *, near: Collection[UUID]
) -> list[tuple[Candidate, Listed]]:
    """Return the candidates best first, equal scores by id; `near` are the nearest of the semantic leg."""
    matched = [(c, _match(c, weights, c.id in near)) for c in candidates]
    found = [(c, _score(c, weights), match) for c, match in matched if match]
    gains = borrowed(
        [Place(c.item_id, c.seq, score, c.is_message) for c, score, _ in found],
        lending=AROUND_ANSWERS if weights.asks else AROUND_FINDS,
    )
    ranked = [
        (c, _listed(c, weights, score=score, match=match, gain=gain))
        for (c, score, match), gain in zip(found, gains, strict=True)
    ]
    return sorted(ranked, key=lambda pair: (-pair[1].score, pair[1].id))


def collapse(
    ranked: Sequence[tuple[Candidate, Listed]],
    *,
    group_by: Grouping,
    group_limit: int = 1,
    by_text: bool = True,
) -> list[Listed]:
    """Keep the best of equal texts (`by_text`), and the best `group_limit` of each group where asked; order stays."""
    kept: dict[bytes, Listed] = {}
    same: dict[bytes, list[UUID]] = {}
    groups = Counter[UUID]()
    for candidate, listed in ranked:
        text = candidate.text_hash if by_text else candidate.id.bytes
        if text in kept:
            same[text].append(listed.id)
        elif not is_grouped(candidate, group_by) or groups[candidate.item_id] < group_limit:
            kept[text], same[text] = listed, []
            groups[candidate.item_id] += 1
    return [replace(listed, same=tuple(same[text])) for text, listed in kept.items()]


def is_grouped(candidate: Candidate, group_by: Grouping) -> bool:
    """Say whether the passage counts towards the hits of its item."""
    return group_by == ("conversation" if candidate.is_message else "file")


def _listed(
    c: Candidate, weights: Blend, *, score: float, match: tuple[Match, ...], gain: float
) -> Listed:
    recent = weights.recency * 2 ** (-max(c.age_days, 0.0) / HALF_LIFE_DAYS)
    return Listed(c.id, score + gain + recent, match, borrowed=gain, recent=recent)


def _score(candidate: Candidate, weights: Blend) -> float:
    of_words, of_meaning = weights.of(candidate)
    lexical = of_words * (candidate.bm25 + NAME_WEIGHT * candidate.name)
    if candidate.cosine is None:  # not embedded yet: neither near nor far
        return lexical
    return lexical + of_meaning * (candidate.cosine - candidate.centre)


def _match(candidate: Candidate, weights: Blend, near: bool) -> tuple[Match, ...]:
    found: list[Match] = []
    if candidate.bm25 > 0 and weights.lexical > 0:
        found.append("lexical")
    if (
        near
        and candidate.cosine is not None
        and candidate.cosine - candidate.centre >= weights.floor
    ):
        found.append("semantic")
    if candidate.name > 0 and weights.lexical > 0:
        found.append("name")
    return tuple(found)
