"""A workspace loses a tenth, then nine tenths of its passages: what search shows, what the rebuild takes away, whom it keeps waiting."""

import asyncio

import pytest

from search.embed import FakeEmbedder, unit_length
from search.filters import Constraints
from search.semantic import CrowdCache, SemanticQuestion, find_nearest
from sql import REGISTRY
from sql.pool import open_pool
from tests.search.make import make_conversation, make_crowd, make_message
from workers.index_care import care_for_indexes

PASSAGES = 1_200
DEPTH = 40


@pytest.fixture(autouse=True)
async def counters(resources, owner_connection, monkeypatch):
    """PostgreSQL's counters as they are before anything is deleted."""
    monkeypatch.setattr("sql.index_care.AT_LEAST", PASSAGES // 20)
    # From now on what is deleted counts; what earlier tests deleted may still come in, of other partitions.
    assert await care_for_indexes(resources.worker, "never asked") == []


@pytest.fixture
async def searching(database_url):
    """The search pool with time enough for a busy machine; who waits for a lock still fails after a second."""
    pool = await open_pool(
        database_url, purpose="search", role="recollect_search", size=2, statement_timeout_ms=20_000
    )
    yield pool
    await pool.close()


async def delete(owner, scope, *, tenths: int) -> None:
    await owner.execute(
        "DELETE FROM passage WHERE workspace_id = $1 AND get_byte(text_hash, 0) % 10 < $2",
        scope.workspace_id, tenths,
    )  # fmt: skip
    await owner.execute("SELECT pg_stat_force_next_flush()")
    await owner.execute("SELECT 1")  # the counters go with the end of a statement


async def nearest(pool, scope, generation_id, *, exact):
    vector = unit_length((await FakeEmbedder().embed_query("any words at all")).vector)
    question = SemanticQuestion(vector, generation_id, None, exact, DEPTH, enough=20)
    async with pool.autocommit() as conn:
        return await find_nearest(
            conn,
            scope,
            question,
            constraints=Constraints(),
            crowds=CrowdCache(least=0, per_root=0.0),
        )


async def words(pool, scope):
    """Return how many passages hold w7, as the lexical leg finds them."""
    query = REGISTRY["search.sql:find_words"]
    values = {
        **scope.ids, **Constraints().values(), "wholes": ["'w7'"], "a": ["'w7'"], "b": [None], "c": [None], "d": [None], "idfs": [1.0],
        "candidates": "'w7'", "flat": 0.3, "steep": 0.45, "cap": PASSAGES, "depth": PASSAGES, "condition": None,
        "words": ["w7"], "rare": ["%w7%"], "named_from": 0.6, "named_depth": 10, "apart": [],
    }  # fmt: skip
    async with pool.autocommit() as conn:
        rows = await conn.raw.fetch(query.text, *(values[p] for p in query.parameters))
    return sum(row["bm25"] is not None for row in rows)


async def check_results(pool, owner, scope, generation_id):
    """Nothing deleted is found, everything left is, and the index finds what comparing all vectors does."""
    left = {
        row["id"]: row["w7"]
        for row in await owner.fetch(
            "SELECT id, tsv @@ 'w7' AS w7 FROM passage WHERE workspace_id = $1", scope.workspace_id
        )
    }
    assert await words(pool, scope) == sum(left.values())
    by_index = await nearest(pool, scope, generation_id, exact=False)
    by_all = await nearest(pool, scope, generation_id, exact=True)
    assert len(by_index.ids) == len(by_all.ids) == DEPTH
    assert set(by_index.ids) <= set(left)
    assert len(set(by_index.ids) & set(by_all.ids)) >= 0.8 * DEPTH


async def index_sizes(owner, partition) -> dict[str, int]:
    rows = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_relation_size(indexrelid) AS bytes FROM pg_index "
        "WHERE indrelid = $1::text::regclass", partition,
    )  # fmt: skip
    return {row["name"]: row["bytes"] for row in rows}


@pytest.mark.parametrize(("tenths", "also_passages"), [(1, False), (9, True)])
async def test_what_is_deleted_is_not_found_and_then_reclaimed(
    resources, owner_connection, database_url, searching, tenths, also_passages
):
    scope, generation_id = await make_crowd(owner_connection, passages=PASSAGES)
    place, home = [
        await owner_connection.fetchval(
            f"SELECT tableoid::regclass::text FROM {table} WHERE workspace_id = $1 LIMIT 1",
            scope.workspace_id,
        )
        for table in ("embedding", "passage")
    ]
    before = await index_sizes(owner_connection, place)
    await delete(owner_connection, scope, tenths=tenths)
    await check_results(searching, owner_connection, scope, generation_id)

    rebuilt = await care_for_indexes(resources.worker, database_url)

    assert (place in rebuilt, home in rebuilt) == (True, also_passages)
    after = await index_sizes(owner_connection, place)
    assert set(after) == set(before)
    graph = f"{place}_vector_idx"
    assert after[graph] < (1 - 0.08 * tenths) * before[graph]
    dead = await owner_connection.fetchval(
        "SELECT pg_stat_get_dead_tuples($1::text::regclass)", place
    )
    assert dead == 0
    await check_results(searching, owner_connection, scope, generation_id)
    assert not {place, home} & set(await care_for_indexes(resources.worker, database_url))


async def test_a_rebuild_keeps_nobody_waiting(resources, owner_connection, database_url, searching):
    """Searches and messages go on: one that waited for a lock would fail after the pools' lock_timeout."""
    scope, generation_id = await make_crowd(owner_connection, passages=PASSAGES)
    await delete(owner_connection, scope, tenths=5)
    talk = await make_conversation(owner_connection, scope)
    rebuilding = asyncio.ensure_future(care_for_indexes(resources.worker, database_url))
    rounds = 0
    while not rebuilding.done() or rounds == 0:
        rounds += 1
        await make_message(
            resources,
            owner_connection,
            scope,
            conversation_id=talk,
            content=f"w7 in round {rounds}",
        )
        await check_results(searching, owner_connection, scope, generation_id)
    assert {name.partition("_")[0] for name in await rebuilding} == {"embedding", "passage"}
