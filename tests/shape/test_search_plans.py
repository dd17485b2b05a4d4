"""Every shape of search, run twelve times on one connection, is planned anew for its own words and planned alike each time.

Protects against the generic plan that takes over after five runs of a prepared statement (dnotitia/akb#626: 0.8 -> 1,500 ms).
"""

from collections.abc import AsyncGenerator
from datetime import UTC

import pytest

from search.answer import SearchRequest
from search.embed import FakeEmbedder
from search.facets import month_starts
from search.filters import Constraints
from search.retrieve import retrieve
from sql import REGISTRY
from sql.pool import Pool, open_pool
from tests.search.make import make_crowd, make_searcher

RUNS = 12
SHAPES = (
    SearchRequest(q="w7 v5", facets=("type", "in", "month")),
    SearchRequest(q="w7 v5", mode="lexical"),
    SearchRequest(q="w7 v5", mode="semantic"),
    SearchRequest(q='"w7" after:2020 lang:en', recall="exact"),
    SearchRequest(q="w7 crowd", group_by="conversation"),
    SearchRequest(q="w7", sort="newest"),
    SearchRequest(q="type:message"),
)


@pytest.fixture
async def one(database_url) -> AsyncGenerator[Pool]:
    """The search pool, as the product opens it, with one connection: what it prepares is seen by the next statement."""
    pool = await open_pool(
        database_url,
        purpose="search",
        role="recollect_search",
        size=1,
        statement_timeout_ms=20_000,
        acquire_timeout_s=30,
    )
    yield pool
    await pool.close()


async def counts(pool: Pool) -> dict[str, tuple[int, int]]:
    """Return how often each prepared statement of search was planned: (for any values, for its own values)."""
    names = {query.text: name for name, query in REGISTRY.items()}
    async with pool.autocommit() as conn:
        rows = await conn.raw.fetch(
            "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"
        )
    return {
        names[row["statement"]]: (row["generic_plans"], row["custom_plans"])
        for row in rows
        if row["statement"] in names
    }


async def test_no_shape_of_search_is_ever_planned_for_values_unknown(
    resources, owner_connection, one
):
    scope, _ = await make_crowd(owner_connection, passages=1_500)
    searcher = make_searcher(resources, search_pool=one, redis=None)
    for _ in range(RUNS):
        for request in SHAPES:
            assert (await retrieve(searcher, scope, request)).degraded == ()
    planned = await counts(one)
    assert {
        "search.sql:read_basis", "search.sql:find_words", "search.sql:find_near_exact", "search.sql:find_dated",
        "search.sql:score_candidates", "facets.sql:count_facets",
    } <= set(planned)  # fmt: skip
    assert {name: times for name, times in planned.items() if times[0] or times[1] < RUNS} == {}


async def test_the_same_question_is_planned_alike_each_time(resources, owner_connection, one):
    scope, generation_id = await make_crowd(owner_connection, passages=1_500)
    vector = (await FakeEmbedder().embed_query("x")).vector
    values = {
        **scope.ids, **Constraints().values(), "wholes": ["'w7'"], "a": ["'w7'"], "b": [None], "c": [None], "d": [None], "idfs": [1.0], "candidates": "'w7'",
        "flat": 0.3, "steep": 0.45, "cap": 20_000, "depth": 60, "condition": None, "vector": vector, "generation": generation_id,
        "openings": False, "oldest": False, "words": "'w7'", "listed": [], "listed_only": False, "look": 10_000, "blocks": 500,
        "facets": ["type", "month"], "months": list(month_starts(UTC, 2026)), "most": 50,
        "named_from": 0.6, "named_depth": 10, "apart": [],
    }  # fmt: skip
    by_name = {"search.sql:find_words": {"words": ["w7"], "rare": ["%w7%"]}}
    for name in ("search.sql:find_words", "search.sql:find_dated", "search.sql:find_near_exact", "search.sql:find_near_hnsw",
                 "facets.sql:count_facets"):  # fmt: skip
        query = REGISTRY[name]
        plans = set[str]()
        async with one.autocommit() as conn:
            for _ in range(RUNS):
                arguments = [(values | by_name.get(name, {}))[p] for p in query.parameters]
                await conn.raw.fetch(query.text, *arguments)
                rows = await conn.raw.fetch(f"EXPLAIN (COSTS OFF) {query.text}", *arguments)
                plans.add("\n".join(row[0] for row in rows))
        assert len(plans) == 1, name
