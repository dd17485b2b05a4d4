"""Filling a generation under a job's lease; turns, crashes and promotions are tried in tests/workers/test_generations.py."""

import pytest

from core.ids import new_id
from ingest import generations
from ingest.generations import fill, measure
from ingest.vectors import Asking
from search.embed import FakeEmbedder, RefusedText
from search.generations import begin, drop, find_generation
from tests.workers.made import make_conversation, make_message


class Picky(FakeEmbedder):
    """Refuses texts with an x."""

    model = "picky"

    async def embed_documents(self, texts):
        if any("x" in text for text in texts):
            raise RefusedText("no x")
        return await super().embed_documents(texts)


@pytest.fixture
async def generation_id(resources, owner_connection, scope, fence):
    talk = await make_conversation(owner_connection, scope)
    for content in ("The tide.", "At dawn.", "x", "The tide."):
        await make_message(owner_connection, resources, scope, content, conversation_id=talk)
    async with fence.tx() as conn:
        return await begin(
            conn, scope.workspace_id, model="picky", dimension=384, is_automatic=False
        )


async def stored(owner) -> int:
    return await owner.fetchval("SELECT count(*) FROM embedding")


async def test_each_passage_gets_its_vector_whatever_the_window(
    fence, generation_id, owner_connection, monkeypatch
):
    monkeypatch.setattr(generations, "WINDOW", 3)
    asking = Asking(Picky())
    assert await fill(asking, fence, generation_id=generation_id) == "complete"
    assert await stored(owner_connection) == 3
    async with fence.tx() as conn:
        found = await find_generation(conn, fence.workspace_id, generation_id)
    assert (found.state, found.embedded, found.refused) == ("building", 3, 1)


async def test_a_second_scan_counts_no_refusal_twice(fence, generation_id, owner_connection):
    for _ in range(2):
        assert await fill(Asking(Picky()), fence, generation_id=generation_id) == "complete"
    refused = await owner_connection.fetchval("SELECT refused FROM generation")
    assert (refused, await stored(owner_connection)) == (1, 3)


async def test_nothing_is_made_for_one_that_is_gone_or_given_up(
    fence, generation_id, owner_connection
):
    assert await fill(Asking(Picky()), fence, generation_id=new_id()) == "stopped"
    async with fence.tx() as conn:
        await drop(conn, fence.workspace_id, generation_id)
    assert await fill(Asking(Picky()), fence, generation_id=generation_id) == "stopped"
    assert await stored(owner_connection) == 0


async def test_few_passages_measure_nothing(fence, generation_id, owner_connection):
    asking = Asking(Picky())
    await fill(asking, fence, generation_id=generation_id)
    assert await measure(asking, fence, generation_id=generation_id) is None
    assert await owner_connection.fetchval("SELECT self_recall FROM generation") is None
