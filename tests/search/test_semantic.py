from collections import OrderedDict
from dataclasses import replace

import pytest

from search.embed import FakeEmbedder, unit_length
from search.filters import Constraints
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


async def nearest(
    resources, scope, generation_id, *, exact=True, depth=2, condition=None, exact_up_to=20_000
):
    vector = (await FakeEmbedder().embed_query("green pears apples")).vector
    question = SemanticQuestion(vector, generation_id, condition, exact, depth, exact_up_to)
    async with resources.search.autocommit() as conn:
        return await find_nearest(
            conn, scope, question, constraints=Constraints(), crowds=CrowdCache()
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
        resources, scope, generation_id, exact=False, depth=30, exact_up_to=500
    )
    exact = await nearest(resources, scope, generation_id, depth=30)
    assert (approximate.recall, exact.recall) == ("approximate", "exact")
    assert len(set(approximate.ids) & set(exact.ids)) >= 27


async def test_who_sees_many_passages_is_counted_once_a_minute(resources, fruit):
    scope, _, _ = fruit
    crowds, none = CrowdCache(), Constraints()
    async with resources.search.autocommit() as conn:
        assert await crowds.has_many(conn, scope, none, than=2)
        assert not await crowds.has_many(conn, scope, none, than=3)
    assert set(crowds.known) == {(scope.workspace_id, scope.account_id, than) for than in (2, 3)}
    crowds.known = OrderedDict(
        (key, (until, not many)) for key, (until, many) in crowds.known.items()
    )
    async with resources.search.autocommit() as conn:
        assert await crowds.has_many(conn, scope, none, than=3)
        assert not await crowds.has_many(conn, scope, Constraints((NOTHING,)), than=3)


async def test_hnsw_that_finds_too_few_is_followed_by_exact(resources, owner_connection):
    scope, generation_id = await make_crowd(owner_connection, passages=600)
    found = await nearest(
        resources, scope, generation_id, exact=False, depth=30, exact_up_to=500, condition="'w7'"
    )
    assert (found.recall, len(found.ids)) == ("exact", 6)


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
    question = SemanticQuestion(vector, generation_id, None, exact=False, depth=2, exact_up_to=1)
    async with resources.search.autocommit() as conn:
        found = await find_nearest(
            conn, scope, question, constraints=Constraints(), crowds=CrowdCache()
        )
    message_id = await owner_connection.fetchval(
        "SELECT message_id FROM passage WHERE id = $1", found.ids[0]
    )
    assert (message_id, found.recall) == (ids[1], "exact")
