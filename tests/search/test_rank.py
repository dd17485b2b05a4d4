"""One list from both legs: what is left when both fail, the order, and that the indexes are used."""

import pytest

from core.errors import Unavailable
from search.answer import SearchRequest
from search.embed import FakeEmbedder
from search.filters import Constraints
from search.legs import lexical_leg
from search.query import parse
from search.question import understand
from search.rank import score
from search.searcher import Search
from sql import REGISTRY
from tests.search.make import make_crowd, make_searcher, ranked


async def test_both_legs_late_is_unavailable(resources, fruit):
    searcher = make_searcher(resources, lexical_timeout_s=0.0, embedder=None)
    with pytest.raises(Unavailable):
        await ranked(searcher, fruit, "apples")


async def test_the_same_search_is_the_same_twelve_times(resources, fruit):
    searcher = make_searcher(resources)
    lists = [(await ranked(searcher, fruit, "red pears")).listed for _ in range(12)]
    assert all(listed == lists[0] for listed in lists)


async def test_a_score_that_the_leg_told_is_the_one_that_would_be_computed(resources, fruit):
    asked, query = SearchRequest(q="red apples"), parse("red apples")
    search = Search(make_searcher(resources), fruit, asked, query, Constraints())
    question = await understand(search)
    words = await lexical_leg(search, question)
    assert words is not None
    told = {entry.id: entry.bm25 for entry in words.scored}
    reused = await score(search, question, told, vector=None)
    computed = await score(search, question, dict.fromkeys(told), vector=None)
    assert {c.id: c.bm25 for c in reused} == told
    assert {c.id: c.bm25 for c in computed} == pytest.approx(told)


async def plan_of(resources, name, values, *, off):
    """EXPLAIN a leg as the search role, with the given planner methods off: the row counts of a test are small."""
    query = REGISTRY[f"search.sql:{name}"]
    async with resources.search.autocommit() as conn, conn.raw.transaction():
        for method in off:
            await conn.raw.execute(f"SET LOCAL enable_{method} = off")
        assert await conn.raw.fetchval("SELECT current_user") == "recollect_search"
        rows = await conn.raw.fetch(f"EXPLAIN {query.text}", *(values[p] for p in query.parameters))
    return "\n".join(row[0] for row in rows)


async def test_the_legs_use_their_indexes_under_row_level_security(resources, owner_connection):
    scope, generation_id = await make_crowd(owner_connection, passages=3_000)
    vector = (await FakeEmbedder().embed_query("x")).vector
    values = {
        **scope.ids, **Constraints().values(), "wholes": ["'w7'"], "a": ["'w7'"], "b": [None], "c": [None], "d": [None], "idfs": [1.0],
        "candidates": "'w7'", "flat": 0.3, "steep": 0.45, "cap": 100, "depth": 10, "condition": None,
        "vector": vector, "generation": generation_id, "words": ["w7"], "rare": ["%w7%"], "named_from": 0.6, "named_depth": 10, "apart": [],
    }  # fmt: skip
    lexical = await plan_of(resources, "find_words", values, off=())
    assert "Bitmap Index Scan on passage_" in lexical
    assert "_workspace_id_tsv_idx" in lexical
    assert "Index Cond: ((workspace_id = " in lexical
    assert "(tsv @@ '''w7'''::tsquery))" in lexical
    hnsw = await plan_of(
        resources, "find_near_hnsw", values, off=("sort", "hashjoin", "mergejoin", "seqscan")
    )
    assert "_vector_idx" in hnsw
    assert "Order By: ((vector)::halfvec(384) <#> " in hnsw
    assert "_vector_idx" not in await plan_of(resources, "find_near_exact", values, off=())
