"""Deadlines: what a search does when a leg is slow or away."""

import asyncio

import pytest

from core.errors import Unavailable
from search.embed import FakeEmbedder
from tests.search.make import make_searcher, ranked


class Slow(FakeEmbedder):
    async def embed_query(self, text):
        await asyncio.sleep(30)
        return await super().embed_query(text)


class Away(FakeEmbedder):
    async def embed_query(self, text):
        raise Unavailable("the embedder does not answer")


class Other(FakeEmbedder):
    model = "another-model"


@pytest.mark.parametrize("embedder", [Slow(), Away(), Other(), None])
async def test_without_a_vector_in_time_the_words_answer(resources, fruit, embedder):
    searcher = make_searcher(resources, embedder=embedder, semantic_timeout_s=0.05)
    ranking = await ranked(searcher, fruit, "apples")
    assert [hit.match for hit in ranking.listed] == [("lexical",)]
    assert ranking.watch.degraded == ["semantic"]


async def test_a_late_lexical_leg_leaves_the_meaning(resources, fruit):
    searcher = make_searcher(resources, lexical_timeout_s=0.0)
    ranking = await ranked(searcher, fruit, "apples")
    assert "semantic" in ranking.listed[0].match
    assert ranking.watch.degraded == ["lexical"]


async def test_nothing_embedded_yet_is_no_degradation(resources, owner_connection, fruit):
    await owner_connection.execute(
        "DELETE FROM generation WHERE workspace_id = $1", fruit.workspace_id
    )
    ranking = await ranked(make_searcher(resources), fruit, "apples")
    assert (len(ranking.listed), ranking.watch.degraded) == (1, [])
