"""Legs, deadlines and plans: what a search does when parts of it are slow or away, and that its indexes are used."""

import asyncio

import pytest

from core.errors import NotFound, Unavailable
from core.scope import Scope
from search.answer import SearchRequest
from search.embed import FakeEmbedder
from search.filters import Constraints
from search.query import parse
from search.rank import rank
from sql import REGISTRY
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_crowd, make_message, make_searcher


class Slow(FakeEmbedder):
    async def embed_query(self, text):
        await asyncio.sleep(30)
        return await super().embed_query(text)


class Away(FakeEmbedder):
    async def embed_query(self, text):
        raise Unavailable("the embedder does not answer")


class Other(FakeEmbedder):
    model = "another-model"


@pytest.fixture
async def scope(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    for content in ("red apples", "green pears"):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
    await embed_all(resources, owner_connection, scope)
    return scope


async def ranked(searcher, scope, q, **given):
    return await rank(
        searcher, scope, SearchRequest(q=q, **given), query=parse(q), within=Constraints()
    )


@pytest.mark.parametrize("embedder", [Slow(), Away(), Other(), None])
async def test_without_a_vector_in_time_the_words_answer(resources, scope, embedder):
    searcher = make_searcher(resources, embedder=embedder, semantic_timeout_s=0.05)
    ranking = await ranked(searcher, scope, "apples")
    assert [hit.match for hit in ranking.listed] == [("lexical",)]
    assert ranking.watch.degraded == ["semantic"]


async def test_a_late_lexical_leg_leaves_the_meaning(resources, scope):
    searcher = make_searcher(resources, lexical_timeout_s=0.0)
    ranking = await ranked(searcher, scope, "apples")
    assert "semantic" in ranking.listed[0].match
    assert ranking.watch.degraded == ["lexical"]


async def test_both_legs_late_is_unavailable(resources, scope):
    searcher = make_searcher(resources, lexical_timeout_s=0.0, embedder=Away())
    with pytest.raises(Unavailable):
        await ranked(searcher, scope, "apples")


async def test_nothing_embedded_yet_is_no_degradation(resources, owner_connection, scope):
    await owner_connection.execute(
        "DELETE FROM generation WHERE workspace_id = $1", scope.workspace_id
    )
    ranking = await ranked(make_searcher(resources), scope, "apples")
    assert (len(ranking.listed), ranking.watch.degraded) == (1, [])


async def test_an_index_that_is_behind_is_waited_for_and_then_named(resources, scope, monkeypatch):
    ranking = await ranked(make_searcher(resources), scope, "apples", min_seq=2)
    assert ranking.watch.degraded == []
    ranking = await ranked(make_searcher(resources), scope, "apples", min_seq=10_000)
    assert ranking.watch.degraded == ["min_seq"]


async def test_a_workspace_that_is_gone_is_not_found(resources, scope):
    with pytest.raises(NotFound):
        await ranked(
            make_searcher(resources), Scope(scope.account_id, scope.account_id, "owner"), "x"
        )


async def test_the_same_search_is_the_same_twelve_times(resources, scope):
    searcher = make_searcher(resources)
    lists = [(await ranked(searcher, scope, "red pears")).listed for _ in range(12)]
    assert all(listed == lists[0] for listed in lists)


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
        **scope.ids, **Constraints().values(), "a": ["'w7'"], "b": [None], "c": [None], "d": [None], "idfs": [1.0],
        "candidates": "'w7'", "average_length": 2.0, "cap": 100, "depth": 10, "condition": None,
        "vector": vector, "generation": generation_id,
    }  # fmt: skip
    lexical = await plan_of(resources, "find_lexical", values, off=())
    assert "Bitmap Index Scan on passage_" in lexical
    assert "_workspace_id_tsv_idx" in lexical
    assert "Index Cond: ((workspace_id = " in lexical
    assert "(tsv @@ '''w7'''::tsquery))" in lexical
    hnsw = await plan_of(
        resources, "find_near_hnsw", values, off=("sort", "hashjoin", "mergejoin", "seqscan")
    )
    assert "_vector_idx" in hnsw
    assert "Order By: (vector <#> " in hnsw
    assert "_vector_idx" not in await plan_of(resources, "find_near_exact", values, off=())
