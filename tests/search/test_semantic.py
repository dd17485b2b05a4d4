from dataclasses import replace

import pytest

from search.embed import FakeEmbedder, unit_length
from search.filters import Constraints
from search.legs import MOST_DEPTH, enough
from search.narrowing import NOTHING
from search.semantic import CrowdCache, SemanticQuestion, VectorCache, find_nearest
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_crowd, make_message


class Counting(FakeEmbedder):
    def __init__(self):
        self.asked: list[str] = []

    async def embed_query(self, text):
        self.asked.append(text)
        return await super().embed_query(text)


async def test_a_repeated_query_never_asks_the_model():
    cache, embedder = VectorCache(size=2), Counting()
    for text in ("a", "b", "a", "c", "a", "b"):
        await cache.embed(embedder, text)
    assert embedder.asked == ["a", "b", "c", "b"]


@pytest.fixture
async def fruit(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    ids = []
    for content in ("red apples", "green pears", "blue plums"):
        message_id = await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
        ids.append(
            await owner_connection.fetchval(
                "SELECT id FROM passage WHERE message_id = $1", message_id
            )
        )
    generation_id = await embed_all(resources, owner_connection, scope)
    return scope, generation_id, ids


def few_are_many(least: int) -> CrowdCache:
    return CrowdCache(least=least, per_root=0.0)


async def nearest(
    resources,
    scope,
    generation_id,
    *,
    exact=True,
    depth=2,
    condition=None,
    crowds=None,
    enough=20,
):
    vector = (await FakeEmbedder().embed_query("green pears apples")).vector
    question = SemanticQuestion(vector, generation_id, condition, exact, depth, enough)
    async with resources.search.autocommit() as conn:
        return await find_nearest(
            conn, scope, question, constraints=Constraints(), crowds=crowds or CrowdCache()
        )


async def test_exact_gives_the_nearest_first(resources, fruit):
    scope, generation_id, ids = fruit
    found = await nearest(resources, scope, generation_id)
    assert (found.ids, found.recall) == ((ids[1], ids[0]), "exact")


async def test_few_visible_passages_are_searched_exactly(resources, fruit):
    scope, generation_id, _ = fruit
    assert (await nearest(resources, scope, generation_id, exact=False)).recall == "exact"


async def test_conditions_hold_for_meaning_too(resources, fruit):
    scope, generation_id, ids = fruit
    assert (await nearest(resources, scope, generation_id, condition="!'pear'")).ids == (
        ids[0],
        ids[2],
    )


async def test_nothing_of_another_workspace_is_near(resources, owner_connection, fruit):
    stranger = await make_scope(owner_connection, "eve")
    assert (await nearest(resources, stranger, fruit[1])).ids == ()


async def test_hnsw_finds_what_exact_finds_where_many_may_be_seen(resources, owner_connection):
    scope, generation_id = await make_crowd(owner_connection, passages=600)
    approximate = await nearest(
        resources, scope, generation_id, exact=False, depth=30, crowds=few_are_many(500)
    )
    exact = await nearest(resources, scope, generation_id, depth=30)
    assert (approximate.recall, exact.recall) == ("approximate", "exact")
    assert len(set(approximate.ids) & set(exact.ids)) >= 27


async def test_who_sees_many_passages_is_counted_once_a_minute(resources, fruit):
    scope, _, _ = fruit
    crowds, none, nothing = few_are_many(2), Constraints(), Constraints((NOTHING,))
    async with resources.search.autocommit() as conn:
        assert await crowds.has_many(conn, scope, none)
        assert not await few_are_many(3).has_many(conn, scope, none)
        assert not await crowds.has_many(conn, scope, nothing)
    ((caller, (until, many)),) = crowds.known.items()
    assert (caller, many) == ((scope.workspace_id, scope.account_id), True)
    crowds.known[caller] = (until, False)
    async with resources.search.autocommit() as conn:
        assert not await crowds.has_many(conn, scope, none)


async def test_the_larger_the_graph_the_more_is_compared_exactly(
    resources, owner_connection, fruit
):
    scope, _, _ = fruit
    await owner_connection.execute("ANALYZE embedding")
    async with resources.search.autocommit() as conn:
        assert await CrowdCache(least=2, per_root=0.0).has_many(conn, scope, Constraints())
        assert not await CrowdCache(least=2, per_root=3.0).has_many(conn, scope, Constraints())


async def test_hnsw_that_finds_too_few_is_followed_by_exact(resources, owner_connection):
    scope, generation_id = await make_crowd(owner_connection, passages=600)
    found = await nearest(
        resources,
        scope,
        generation_id,
        exact=False,
        depth=30,
        crowds=few_are_many(500),
        condition="'w7'",
    )
    assert (found.recall, len(found.ids)) == ("exact", 6)


async def test_hnsw_that_does_not_fill_the_page_asked_for_is_followed_by_exact(
    resources, owner_connection
):
    """Twenty were enough, for a page of a hundred too."""
    scope, generation_id = await make_crowd(owner_connection, passages=600)
    found = await nearest(
        resources,
        scope,
        generation_id,
        exact=False,
        depth=60,
        condition="'w7' | 'w8' | 'w9' | 'w10' | 'w11'",
        crowds=few_are_many(500),
        enough=enough(40),
    )
    assert (found.recall, len(found.ids)) == ("exact", 30)


def test_what_fills_a_page_has_room_for_some_that_collapse_and_is_no_more_than_is_asked_for():
    assert [enough(limit) for limit in (1, 10, 20, 100)] == [20, 20, 30, MOST_DEPTH]


class Narrow(FakeEmbedder):
    """The same words in 16 dimensions."""

    model, dimension = "narrow", 16

    async def embed_query(self, text):
        made = await super().embed_query(text)
        return replace(made, vector=unit_length(made.vector[:16]))

    async def embed_documents(self, texts):
        return unit_length((await super().embed_documents(texts))[:, :16])


async def test_vectors_of_another_dimension_are_compared_exactly_however_many(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    contents = ["red apples", "green pears", "blue plums"]
    ids = [
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
        for content in contents
    ]
    generation_id = await embed_all(resources, owner_connection, scope, embedder=Narrow())
    vector = (await Narrow().embed_query("green pears")).vector
    question = SemanticQuestion(vector, generation_id, None, exact=False, depth=2, enough=20)
    async with resources.search.autocommit() as conn:
        found = await find_nearest(
            conn, scope, question, constraints=Constraints(), crowds=CrowdCache()
        )
    message_id = await owner_connection.fetchval(
        "SELECT message_id FROM passage WHERE id = $1", found.ids[0]
    )
    assert (message_id, found.recall) == (ids[1], "exact")
