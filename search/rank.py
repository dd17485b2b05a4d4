"""One ranked list for one query: both legs side by side, both scores of every candidate, one fusion.

Only the search pool is used here, whose connections read the narrow index: what a hit shows is search/hydrate.py.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final
from uuid import UUID

from core.errors import Unavailable
from core.scope import Scope
from search.answer import ExplainedLeg, Match, Recall, SearchRequest
from search.corrections import find_suggestions, rare_among
from search.embed import QueryVector
from search.explain import Places, Reasons, reasons
from search.filters import Constraints
from search.fuse import LEXICAL_ALONE, Blend, Candidate, Listed, across, blend, collapse, fuse
from search.legs import depth_of, embed, lexical_leg, likely_model, semantic_leg
from search.lexical import (
    NO_WORDS,
    DatedQuestion,
    Words,
    all_terms,
    find_dated,
    scoring_values,
    title_words,
)
from search.pages import Frozen
from search.query import Query
from search.question import Question, understand
from search.searcher import Search, Searcher, Watch, ms_since
from search.semantic import NOT_NEAR, Nearest
from search.widen import LOOKS, is_short, look_further
from sql import fetch, read

LONGEST: Final = 200  # of a list by date


@dataclass(frozen=True, slots=True)
class Ranking:
    """A list, as its further pages will have it, and what making it took."""

    frozen: Frozen
    watch: Watch

    @property
    def listed(self) -> list[Listed]:
        return self.frozen.listed


@dataclass(frozen=True, slots=True)
class _Found:
    words: Words
    near: Nearest

    def plus(self, more: "_Found") -> "_Found":
        """Return both, what was found first before the rest."""
        scored = [*self.words.scored, *more.words.scored]
        named = list(dict.fromkeys((*self.words.named, *more.words.named)))
        near, exact = self.near, self.near.recall == "exact"
        nearest = Nearest((*near.ids, *more.near.ids), more.near.recall if exact else near.recall)
        return _Found(Words(scored, named, self.words.matches), nearest)

    def is_cut(self, depth: int) -> bool:
        """Say whether there may be more than this: a leg gave as many as it was asked for."""
        return max(len(self.words.scored), len(self.near.ids)) >= depth

    def known(self) -> dict[UUID, float | None]:
        """Return every id with its BM25 where the lexical leg told it."""
        scored = {entry.id: entry.bm25 for entry in self.words.scored}
        return dict.fromkeys((*self.words.named, *self.near.ids)) | scored

    def places(self) -> Places:
        scored = [entry.id for entry in self.words.scored]
        return Places(scored, self.near.ids, self.words.named)


@dataclass(frozen=True, slots=True)
class _Fused:
    """What was found, with both scores, in its order, and the list that it makes."""

    found: _Found
    scored: Sequence[Candidate]
    weights: Blend
    ranked: Sequence[tuple[Candidate, Listed]]
    listed: list[Listed]

    def is_short(self, search: Search) -> bool:
        return is_short(search.request, self.ranked, self.listed)

    def texts(self) -> set[bytes]:
        return {candidate.text_hash for candidate in self.scored}


_score_candidates = read("search.sql", "score_candidates", Candidate)


async def rank(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, query: Query, within: Constraints
) -> Ranking:
    """Return the list that answers `query` within the constraints, best first; raises Unavailable when no leg answers."""
    return await rank_search(Search(searcher, scope, request, query, within))


async def rank_search(search: Search) -> Ranking:
    """Return the list of a search, as long as its depth makes it; raises Unavailable when no leg answers."""
    if search.query.is_browse() or search.request.sort != "relevance":
        return await _by_date(search)
    return await _by_relevance(search)


async def _by_date(search: Search) -> Ranking:
    """List what holds every word, newest or oldest first; without words whatever passes the filters."""
    question = await understand(search)
    is_browse = search.query.is_browse()
    asked = DatedQuestion(
        candidates=all_terms(question.weighed, question.condition),
        openings=is_browse and not search.within.is_of_passages,
        oldest=search.request.sort == "oldest",
        depth=search.depth or LONGEST,
    )
    match: tuple[Match, ...] = () if is_browse else ("lexical",)
    dated: list[tuple[Candidate, Listed]] = []
    listed: list[Listed] = []
    look = search
    for _ in range(LOOKS):
        ids = await _dated_ids(look, asked)
        fresh = dict.fromkeys(id_ for id_ in ids if id_ not in {hit.id for _, hit in dated})
        known = {c.id: c for c in await score(look, question, fresh, vector=None)}
        dated += [(known[id_], Listed(id_, 0.0, match)) for id_ in fresh if id_ in known]
        listed = _collapsed(search, dated, by_text=False)
        if len(ids) < asked.depth or not is_short(search.request, dated, listed):
            break
        look = look_further(look, dated, listed)
    question = await _with_suggestions(search, question, found=len(listed))
    return _ranking(search, question, listed, recall="exact")


async def _dated_ids(search: Search, asked: DatedQuestion) -> list[UUID]:
    async with search.searcher.search_pool.autocommit() as conn:
        return await find_dated(conn, search.scope, asked, constraints=search.within)


async def _by_relevance(search: Search) -> Ranking:
    """Run both legs side by side and fuse them; then for what else there is, where few are left of many."""
    model = likely_model(search)
    first = embedding = asyncio.ensure_future(embed(search, query=search.query, model=model))
    try:
        question = await understand(search)
        if (actual := question.basis.model) is not None and actual != model:
            search.searcher.models[search.scope.workspace_id] = actual
        if question.corrections or actual not in (None, model):
            # The first goes on: its vector is kept, and asked again the query costs none.
            right = embed(search, query=question.query, model=actual)
            embedding = asyncio.ensure_future(right)
        words, nearest = await asyncio.gather(
            lexical_leg(search, question), semantic_leg(search, question, embedding)
        )
    finally:
        first.cancel()
        embedding.cancel()
    if words is None and nearest is None:
        raise Unavailable("Search did not answer in time.", retry_after_s=1)
    if words is not None and search.request.mode != "semantic":
        question = await _with_suggestions(search, question, found=len(words.scored))
    vector = embedding.result() if nearest is not None else None
    found = _Found(words or NO_WORDS, nearest or NOT_NEAR)
    fused = await _fused(search, question, vector, found)
    fused = await _widened(search, question, vector, fused=fused)
    legs = None
    if search.request.explain:
        places, spread = fused.found.places(), question.basis.spread
        legs = reasons(fused.ranked, fused.weights, sigma=spread, places=places)
    ranking = _ranking(search, question, fused.listed, recall=fused.found.near.recall, legs=legs)
    if search.request.group_by != "none":
        return ranking
    return replace(ranking, frozen=replace(ranking.frozen, matches=fused.found.words.matches))


async def _with_suggestions(search: Search, question: Question, *, found: int) -> Question:
    """Ask about rare words where the words found less than a page; who asks a model is not asked back."""
    if found >= search.request.limit or search.request.asking:
        return question
    unknown = {term.word for term in question.unknown}
    known = [entry for entry in question.weighed if entry.term.word not in unknown]
    rare = rare_among(known, passage_count=question.basis.passage_count)
    more = await find_suggestions(search, rare, lang=question.langs[0])
    return replace(question, corrections=(*question.corrections, *more))


async def _widened(
    search: Search, question: Question, vector: QueryVector | None, *, fused: _Fused
) -> _Fused:
    """Ask the legs again for what else there is, where little is left of what they gave."""
    embedding = asyncio.get_running_loop().create_future()
    embedding.set_result(vector)
    look, is_cut = search, fused.found.is_cut(depth_of(search))
    for _ in range(LOOKS - 1):
        if not is_cut or search.watch.degraded or not fused.is_short(search):
            break
        look = look_further(look, fused.ranked, fused.listed, texts=fused.texts())
        words, nearest = await asyncio.gather(
            lexical_leg(look, question), semantic_leg(look, question, embedding)
        )
        more = _Found(words or NO_WORDS, nearest or NOT_NEAR)
        is_cut = more.is_cut(depth_of(look))
        fused = await _fused(search, question, vector, fused.found.plus(more), before=fused.scored)
    return fused


async def _fused(
    search: Search,
    question: Question,
    vector: QueryVector | None,
    found: _Found,
    *,
    before: Sequence[Candidate] = (),
) -> _Fused:
    """Score what was found, but for what was before, and rank all of it."""
    started = perf_counter()
    known = found.known()
    for candidate in before:
        known.pop(candidate.id, None)
    scored = [*before, *await score(search, question, known, vector=vector)]
    weights = blend_of(search, question, vector, scored)
    ranked = fuse(scored, weights, near=set(found.near.ids))
    search.watch.fuse += ms_since(started)
    return _Fused(found, scored, weights, ranked, _collapsed(search, ranked))


async def score(
    search: Search,
    question: Question,
    known: Mapping[UUID, float | None],
    *,
    vector: QueryVector | None,
) -> list[Candidate]:
    """Return every id with both scores; order is undefined. The legs have found each readable, some with its BM25."""
    if not known:
        return []
    async with search.searcher.search_pool.autocommit() as conn:
        return await fetch(
            conn, _score_candidates, workspace_id=search.scope.workspace_id,
            ids=list(known), bm25s=list(known.values()),
            **scoring_values(question.weighed, lengths=question.lengths),
            words=title_words(question.weighed), generation=question.basis.generation_id,
            vector=None if vector is None else vector.vector,
        )  # fmt: skip


def blend_of(
    search: Search,
    question: Question,
    vector: QueryVector | None,
    scored: Sequence[Candidate],
) -> Blend:
    """Return what each score counts for in this search."""
    request = search.request
    if vector is None:
        return replace(LEXICAL_ALONE, recency=request.recency, asks=question.asks)
    weights = blend(
        sigma=question.basis.spread,
        characters_per_piece=vector.characters_per_piece,
        semantic_ratio=1.0 if request.mode == "semantic" else request.semantic_ratio,
        spoken=question.spoken,
    )
    weights = replace(weights, recency=request.recency, asks=question.asks)
    most = sum(entry.idf for entry in question.weighed)
    return across(weights, scored, foreign=question.foreign, most=most)


def _collapsed(
    search: Search, ranked: Sequence[tuple[Candidate, Listed]], *, by_text: bool = True
) -> list[Listed]:
    asked = search.request
    return collapse(ranked, group_by=asked.group_by, group_limit=asked.group_limit, by_text=by_text)


def _ranking(
    search: Search,
    question: Question,
    listed: list[Listed],
    *,
    recall: Recall,
    legs: dict[UUID, tuple[ExplainedLeg, ...]] | None = None,
) -> Ranking:
    request, basis = search.request, question.basis
    frozen = Frozen(
        listed=listed,
        index_seq=basis.index_seq,
        recall=recall,
        langs=question.langs,
        corrections=question.corrections,
    )
    if request.explain:
        shown = {
            str(id_): (legs or {}).get(hit.id, ())
            for hit in frozen.listed
            for id_ in (hit.id, *hit.same)
        }
        why = Reasons(shown, question.weighed, question.lengths)
        frozen = replace(frozen, reasons=why)
    return Ranking(frozen, search.watch)
