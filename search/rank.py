"""One ranked list for one query: both legs side by side, both scores of every candidate, one fusion.

Each leg has its deadline; one that is late or down is named in `degraded` and the other ranks alone. Only the search pool
is used here, whose connections read the narrow index: what a hit shows is search/hydrate.py.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, TypeVar
from uuid import UUID

import structlog
from redis.asyncio import Redis

from core.errors import NotFound, Unavailable
from core.scope import Scope
from search.answer import Match, Recall, SearchRequest
from search.embed import Embedder, QueryVector
from search.filters import Constraints
from search.fuse import LEXICAL_ALONE, Blend, Candidate, Listed, blend, collapse, fuse
from search.lexical import (
    DatedQuestion,
    LexicalQuestion,
    Weighed,
    all_terms,
    candidates,
    conditions,
    find_dated,
    find_lexical,
    find_named,
    has_positive_condition,
    query_terms,
    scoring_values,
    title_words,
    weigh,
)
from search.pages import Frozen
from search.query import Query
from search.semantic import EXACT_UP_TO, Nearest, SemanticQuestion, VectorCache, find_nearest
from search.statistics import DEFAULT_SIGMA, Basis, read_basis
from search.terms import FALLBACK, detect
from sql import fetch, read
from sql.pool import Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LEAST_DEPTH: Final = (
    60  # per leg; 50 ranks as well as 200 once every candidate has both scores (docs/adr)
)
MOST_DEPTH: Final = 100
LONGEST: Final = 200  # of a list by date
LANGUAGES: Final = 3  # in which a query is stemmed
SEQ_WAIT_S: Final = 1.0
SEQ_POLL_S: Final = 0.02
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Searcher:
    """What a search works with; made once by app/resources.py."""

    search_pool: Pool  # reads the narrow index
    read_pool: Pool  # the application role: what leaves is read under row-level security
    embedder: Embedder | None
    redis: Redis | None
    cursor_key: bytes
    semantic_timeout_s: float = 0.15
    lexical_timeout_s: float = 0.3
    vectors: VectorCache = field(default_factory=VectorCache)
    languages: dict[UUID, tuple[str, ...]] = field(default_factory=dict[UUID, tuple[str, ...]])


@dataclass(slots=True)
class Watch:
    """Milliseconds of each stage, and what did not answer."""

    embed: float = 0.0
    lexical: float = 0.0
    semantic: float = 0.0
    fuse: float = 0.0
    degraded: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Ranking:
    listed: list[Listed]
    index_seq: int
    recall: Recall
    langs: tuple[str, ...]
    watch: Watch

    def frozen(self) -> Frozen:
        return Frozen(self.listed, self.index_seq, self.recall, self.langs)


@dataclass(frozen=True, slots=True)
class _Question:
    """A query as this workspace's index understands it."""

    basis: Basis
    langs: tuple[str, ...]
    weighed: tuple[Weighed, ...]
    condition: str | None


_score_candidates = read("search.sql", "score_candidates", Candidate)


async def rank(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, query: Query, within: Constraints
) -> Ranking:
    """Return the list that answers `query` within the constraints, best first; raises Unavailable when no leg answers."""
    search = _Search(searcher, scope, request, query, within)
    if query.is_browse() or request.sort != "relevance":
        return await search.by_date()
    return await search.by_relevance()


@dataclass(slots=True)
class _Search:
    """One search under way."""

    searcher: Searcher
    scope: Scope
    request: SearchRequest
    query: Query
    within: Constraints
    watch: Watch = field(default_factory=Watch)

    async def by_date(self) -> Ranking:
        """List what holds every word, newest or oldest first; without words whatever passes the filters."""
        question = await self._understand()
        asked = DatedQuestion(
            candidates=all_terms(question.weighed, question.condition),
            openings=self.query.is_browse(),
            oldest=self.request.sort == "oldest",
            depth=LONGEST,
        )
        async with self.searcher.search_pool.autocommit() as conn:
            ids = await find_dated(conn, self.scope, asked, constraints=self.within)
        known = {c.id: c for c in await self._score(question, ids, vector=None)}
        match: tuple[Match, ...] = () if self.query.is_browse() else ("lexical",)
        dated = [(known[id_], Listed(id_, 0.0, match)) for id_ in ids if id_ in known]
        return self._ranking(question, self._collapsed(dated), "exact")

    async def by_relevance(self) -> Ranking:
        """Run both legs side by side and fuse them."""
        embedding = asyncio.ensure_future(self._embed())
        try:
            question = await self._understand()
            scored, nearest = await asyncio.gather(
                self._lexical(question), self._semantic(question, embedding)
            )
        finally:
            embedding.cancel()
        if scored is None and nearest is None:
            raise Unavailable("Search did not answer in time.", retry_after_s=1)
        near = nearest.ids if nearest is not None else ()
        vector = embedding.result() if nearest is not None else None
        started = perf_counter()
        found = await self._score(
            question, list(dict.fromkeys((*(scored or ()), *near))), vector=vector
        )
        weights = self._blend(question, vector)
        listed = self._collapsed(fuse(found, weights, near=set(near)))
        self.watch.fuse = _ms_since(started)
        return self._ranking(question, listed, nearest.recall if nearest is not None else "exact")

    async def _understand(self) -> _Question:
        """Read the query in the languages of the workspace, which the same statement tells: asked again if they are new."""
        known = self.searcher.languages.get(self.scope.workspace_id, ())
        question = await self._read(known)
        told = tuple(question.basis.langs)
        if told != known:
            self.searcher.languages[self.scope.workspace_id] = told
            if set(told) - set(question.langs):
                question = await self._read(told)
        await self._await_seq(question.basis.index_seq)
        return question

    async def _read(self, known: Sequence[str]) -> _Question:
        langs = _languages(self.query, self.request.lang, known)
        terms = query_terms(self.query, langs)
        lexemes = list(dict.fromkeys(lexeme for term in terms for lexeme in term.lexemes))
        basis = await self._basis(lexemes)
        counts = dict(zip(lexemes, basis.ndocs, strict=True))
        weighed = weigh(terms, counts, passage_count=basis.passage_count)
        return _Question(basis, langs, weighed, conditions(self.query, langs))

    async def _basis(self, lexemes: Sequence[str]) -> Basis:
        async with self.searcher.search_pool.autocommit() as conn:
            basis = await read_basis(conn, self.scope.workspace_id, lexemes=lexemes)
        if basis is None:
            raise NotFound("No such workspace.")
        return basis

    async def _await_seq(self, index_seq: int) -> None:
        """Wait until the index has seen min_seq; on one database it has, on a replica it comes soon."""
        wanted = self.request.min_seq or 0
        until = perf_counter() + SEQ_WAIT_S
        while index_seq < wanted:
            if perf_counter() > until:
                self.watch.degraded.append("min_seq")
                return
            await asyncio.sleep(SEQ_POLL_S)
            index_seq = (await self._basis([])).index_seq

    async def _embed(self) -> QueryVector | None:
        """Return the query's vector within the semantic leg's time, or None where none is wanted or to be had."""
        embedder = self.searcher.embedder
        if self.request.mode == "lexical" or embedder is None:
            return None
        started = perf_counter()
        try:
            async with asyncio.timeout(self.searcher.semantic_timeout_s):
                return await self.searcher.vectors.embed(embedder, self.query.meaning())
        except (Unavailable, TimeoutError) as error:
            log.warning("query not embedded", error=str(error) or "timed out")
            return None
        finally:
            self.watch.embed = _ms_since(started)

    async def _lexical(self, question: _Question) -> tuple[UUID, ...] | None:
        """Return the ids of the lexical and the name leg; None when they were late."""
        if self.request.mode == "semantic":
            return ()
        started = perf_counter()
        found = await self._in_time(
            "lexical", self.searcher.lexical_timeout_s, self._find_words(question)
        )
        self.watch.lexical = _ms_since(started)
        return found

    async def _find_words(self, question: _Question) -> tuple[UUID, ...]:
        tsquery = candidates(
            self.query,
            question.weighed,
            passage_count=question.basis.passage_count,
            condition=question.condition,
        )
        if tsquery is None:
            return ()
        asked = LexicalQuestion(
            tsquery, question.weighed, question.basis.average_length, self._depth()
        )
        async with self.searcher.search_pool.autocommit() as conn:
            scored = await find_lexical(conn, self.scope, asked, constraints=self.within)
            named = await find_named(
                conn,
                self.scope,
                question.weighed,
                condition=question.condition,
                constraints=self.within,
            )
        return (*(entry.id for entry in scored), *named)

    async def _semantic(
        self, question: _Question, embedding: Awaitable[QueryVector | None]
    ) -> Nearest | None:
        """Return the nearest passages; None when they were late, or there is nothing to compare with."""
        if self.request.mode == "lexical":
            return None
        vector, started = await embedding, perf_counter()
        basis, embedder = question.basis, self.searcher.embedder
        if basis.generation_id is None and vector is not None:
            return Nearest((), "exact")  # nothing has been embedded here yet
        if (
            vector is None
            or embedder is None
            or basis.generation_id is None
            or basis.model != embedder.model
        ):
            self.watch.degraded.append("semantic")
            return None
        asked = SemanticQuestion(
            vector.vector,
            basis.generation_id,
            question.condition,
            self._is_exact(basis),
            self._depth(),
        )
        left = self.searcher.semantic_timeout_s - self.watch.embed / 1000
        found = await self._in_time("semantic", left, self._find_near(asked))
        self.watch.semantic = _ms_since(started)
        return found

    async def _find_near(self, asked: SemanticQuestion) -> Nearest:
        async with self.searcher.search_pool.autocommit() as conn:
            return await find_nearest(conn, self.scope, asked, constraints=self.within)

    def _depth(self) -> int:
        """Return how many candidates each leg gives: enough for some pages of the size asked for."""
        return min(MOST_DEPTH, max(LEAST_DEPTH, 3 * self.request.limit))

    def _is_exact(self, basis: Basis) -> bool:
        few = basis.passage_count <= EXACT_UP_TO or has_positive_condition(self.query)
        return few or self.request.recall == "exact"

    async def _in_time(self, leg: str, seconds: float, answer: Awaitable[Answer]) -> Answer | None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                return await answer
        except (Unavailable, TimeoutError) as error:
            log.warning("leg did not answer", leg=leg, error=str(error) or "timed out")
            self.watch.degraded.append(leg)
            return None

    async def _score(
        self, question: _Question, ids: Sequence[UUID], *, vector: QueryVector | None
    ) -> list[Candidate]:
        """Return every id with both scores; order is undefined. The legs have found each readable."""
        if not ids:
            return []
        async with self.searcher.search_pool.autocommit() as conn:
            return await fetch(
                conn, _score_candidates, workspace_id=self.scope.workspace_id, ids=list(ids),
                **scoring_values(question.weighed, average_length=question.basis.average_length),
                words=title_words(question.weighed), generation=question.basis.generation_id,
                vector=None if vector is None else vector.vector,
            )  # fmt: skip

    def _collapsed(self, ranked: Sequence[tuple[Candidate, Listed]]) -> list[Listed]:
        return collapse(
            ranked, group_by=self.request.group_by, group_limit=self.request.group_limit
        )

    def _blend(self, question: _Question, vector: QueryVector | None) -> Blend:
        if vector is None:
            return LEXICAL_ALONE
        return blend(
            sigma=question.basis.sigma or DEFAULT_SIGMA,
            characters_per_piece=vector.characters_per_piece,
            semantic_ratio=1.0 if self.request.mode == "semantic" else self.request.semantic_ratio,
        )

    def _ranking(self, question: _Question, listed: list[Listed], recall: Recall) -> Ranking:
        return Ranking(listed, question.basis.index_seq, recall, question.langs, self.watch)


def _languages(query: Query, chosen: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the languages to stem a query in: the one chosen or spoken first, then the workspace's."""
    spoken = chosen or detect(" ".join(query.words()))
    first = [spoken] if spoken and (chosen or spoken in known or not known) else []
    last = [spoken, FALLBACK] if spoken else [FALLBACK]
    return tuple(dict.fromkeys([*first, *known, *last]))[:LANGUAGES]


def _ms_since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 2)
