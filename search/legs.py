"""The two legs of one search, each with its deadline: a leg that is late or down is named in `degraded`.

Only the search pool is used here, whose connections read the narrow index.
"""

import asyncio
from collections.abc import Awaitable
from time import perf_counter
from typing import Final, TypeVar

import structlog

from core.errors import Unavailable
from search.candidates import candidates
from search.embed import QueryVector
from search.lexical import NO_WORDS, LexicalQuestion, Words, find_words
from search.query import Query
from search.question import Question
from search.searcher import Search, ms_since
from search.semantic import NOT_NEAR, Nearest, SemanticQuestion, find_nearest

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LEAST_DEPTH: Final = (
    60  # per leg; 50 ranks as well as 200 once every candidate has both scores (docs/adr)
)
MOST_DEPTH: Final = 150
LEAST_ENOUGH: Final = (
    20  # of a leg's candidates; fewer mean that it has passed by what it could find
)
Answer = TypeVar("Answer")


def likely_model(search: Search) -> str | None:
    """Return the model of the workspace's vectors when it was last asked: the query is embedded before it is known."""
    searcher = search.searcher
    first = None if searcher.embedder is None else searcher.embedder.model
    return searcher.models.get(search.scope.workspace_id, first)


async def embed(search: Search, *, query: Query, model: str | None) -> QueryVector | None:
    """Return the query's vector by `model` (None: the settings' own), within the semantic leg's time.

    None where none is wanted or to be had.
    """
    searcher = search.searcher
    embedder = searcher.embedder_of(model)
    if search.request.mode == "lexical" or embedder is None:
        return None
    started = perf_counter()
    try:
        async with asyncio.timeout(searcher.semantic_timeout_s):
            return await searcher.vectors.embed(embedder, query.meaning())
    except (Unavailable, TimeoutError) as error:
        log.warning("query not embedded", error=str(error) or "timed out")
        return None
    finally:
        search.watch.embed = ms_since(started)


async def lexical_leg(search: Search, question: Question) -> Words | None:
    """Return what the lexical and the name leg found; None when they were late.

    Asked once more where the rarest words led to too little; what they led to stays where that is late.
    """
    if search.request.mode == "semantic":
        return NO_WORDS
    started, limit_s = perf_counter(), search.searcher.lexical_timeout_s
    chosen = candidates(
        question.query,
        question.weighed,
        passage_count=question.basis.passage_count,
        condition=question.condition,
    )
    first = _find_words(search, question, chosen.first)
    found = await _in_time(search, "lexical", first, limit_s=limit_s)
    if found is not None and chosen.further and len(found.scored) < enough(search.request.limit):
        further = _find_words(search, question, chosen.further)
        left_s = limit_s - (perf_counter() - started)
        found = await _in_time(search, "lexical", further, limit_s=left_s) or found
    search.watch.lexical += ms_since(started)
    return found


async def semantic_leg(
    search: Search, question: Question, embedding: Awaitable[QueryVector | None]
) -> Nearest | None:
    """Return the nearest passages; None when they were late, or there is nothing to compare with.

    The embedding is by the model of the question's generation.
    """
    if search.request.mode == "lexical":
        return None
    vector, started = await embedding, perf_counter()
    basis = question.basis
    if basis.generation_id is None and vector is not None:
        return NOT_NEAR  # nothing has been embedded here yet
    if vector is None or basis.generation_id is None:
        search.watch.degraded.append("semantic")
        return None
    asked = SemanticQuestion(
        vector=vector.vector,
        generation_id=basis.generation_id,
        condition=question.condition,
        exact=question.is_exact,
        depth=depth_of(search),
        enough=enough(search.request.limit),
        apart=search.apart,
    )
    left_s = search.searcher.semantic_timeout_s - search.watch.embed / 1000
    found = await _in_time(search, "semantic", _find_near(search, asked), limit_s=left_s)
    search.watch.semantic += ms_since(started)
    return found


async def _find_words(search: Search, question: Question, tsquery: str | None) -> Words:
    if tsquery is None:
        return NO_WORDS
    asked = LexicalQuestion(
        tsquery,
        question.condition,
        question.weighed,
        question.lengths,
        depth_of(search),
        search.apart,
    )
    async with search.searcher.search_pool.autocommit() as conn:
        return await find_words(conn, search.scope, asked, constraints=search.within)


async def _find_near(search: Search, asked: SemanticQuestion) -> Nearest:
    async with search.searcher.search_pool.autocommit() as conn:
        return await find_nearest(
            conn, search.scope, asked, constraints=search.within, crowds=search.searcher.crowds
        )


def enough(limit: int) -> int:
    """Return how many candidates fill a page of that size, some of them collapsing into others."""
    return max(LEAST_ENOUGH, limit + limit // 2)


def depth_of(search: Search) -> int:
    """Return how many candidates each leg gives: enough for some pages of the size asked for."""
    return search.depth or min(MOST_DEPTH, max(LEAST_DEPTH, 3 * search.request.limit))


async def _in_time(
    search: Search, leg: str, answer: Awaitable[Answer], *, limit_s: float
) -> Answer | None:
    try:
        async with asyncio.timeout(max(limit_s, 0.001)):
            return await answer
    except (Unavailable, TimeoutError) as error:
        log.warning("leg did not answer", leg=leg, error=str(error) or "timed out")
        search.watch.degraded.append(leg)
        return None
