from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from core.errors import ProviderAway, Unavailable
from core.ids import new_id
from core.rest import Rest
from ingest.vectors import Asking, Pending, reuse_vectors
from search.embed import FakeEmbedder, Matrix, RefusedText
from search.generations import live_generation
from search.index import store_embeddings
from tests.make import make_scope
from tests.workers.made import make_conversation, make_message


class Embedder(FakeEmbedder):
    """Remembers what it was asked; refuses texts with an x; raises `error` while it has one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[list[str]] = []
        self.error = error

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        self.asked.append(list(texts))
        if self.error is not None:
            raise self.error
        if any("x" in text for text in texts):
            raise RefusedText("no")
        return await super().embed_documents(texts)


def pending(*texts: str) -> list[Pending]:
    return [Pending(new_id(), n, text) for n, text in enumerate(texts)]


async def test_equal_texts_are_asked_once_and_all_get_the_vector():
    embedder = Embedder()
    asked = pending("tide", "dawn", "tide")
    embedded = await Asking(embedder).embed(asked)
    assert embedder.asked == [["tide", "dawn"]]
    assert (embedded.done, embedded.refused) == (tuple(asked), ())
    expected = await FakeEmbedder().embed_documents(["tide", "dawn", "tide"])
    assert np.array_equal(embedded.vectors, expected)


async def test_a_refused_text_is_found_by_halving_and_costs_the_others_nothing():
    embedder = Embedder()
    asked = pending("a", "b", "x", "d")
    embedded = await Asking(embedder).embed(asked)
    assert [p.text for p in embedded.done] == ["a", "b", "d"]
    assert [p.text for p in embedded.refused] == ["x"]
    assert embedded.vectors.shape == (3, FakeEmbedder.dimension)
    assert embedder.asked == [["a", "b", "x", "d"], ["a", "b"], ["x", "d"], ["x"], ["d"]]


async def test_when_all_are_refused_there_are_no_rows():
    embedded = await Asking(Embedder()).embed(pending("x", "xx"))
    assert embedded.done == ()
    assert embedded.vectors.shape == (0, FakeEmbedder.dimension)


async def test_an_absent_provider_is_not_asked_again_before_its_time():
    embedder = Embedder(Unavailable("no answer", retry_after_s=0.01))
    asking = Asking(embedder, open_s=60)
    with pytest.raises(ProviderAway, match="no answer") as raised:
        await asking.embed(pending("tide"))
    assert raised.value.retry_after_s == 60
    with pytest.raises(ProviderAway, match="is away") as raised:
        await asking.embed(pending("tide"))
    assert 50 < (raised.value.retry_after_s or 0) <= 60
    assert len(embedder.asked) == 1


async def test_a_provider_that_another_process_found_away_is_not_asked(resources):
    asked = [Embedder(Unavailable("no answer")), Embedder()]
    one, other = (Asking(e, rest_of=partial(Rest, redis=resources.redis)) for e in asked)
    with pytest.raises(ProviderAway, match="no answer"):
        await one.embed(pending("tide"))
    with pytest.raises(ProviderAway, match="is away"):
        await other.embed(pending("tide"))
    assert asked[1].asked == []


async def test_a_provider_that_came_back_is_asked():
    embedder = Embedder(Unavailable("no answer"))
    asking = Asking(embedder, open_s=0)
    with pytest.raises(ProviderAway):
        await asking.embed(pending("tide"))
    embedder.error = None
    assert len((await asking.embed(pending("tide"))).done) == 1


async def test_a_providers_longer_wait_is_kept():
    asking = Asking(Embedder(Unavailable("slow down", retry_after_s=300)), open_s=1)
    with pytest.raises(ProviderAway) as raised:
        await asking.embed(pending("tide"))
    assert raised.value.retry_after_s == 300


@pytest.mark.parametrize("asked_s", [86_400.0, float("inf")])
async def test_a_provider_that_asks_for_a_day_is_asked_again_within_the_hour(asked_s):
    asking = Asking(Embedder(Unavailable("no", retry_after_s=asked_s)))
    with pytest.raises(ProviderAway) as away:
        await asking.embed(pending("a"))
    assert away.value.retry_after_s == 900


async def test_a_generations_own_model_is_asked_whatever_the_settings_name():
    class Second(FakeEmbedder):
        model = "second"

    second = Second()
    asking = Asking(FakeEmbedder(), others={"second": second}.get)
    assert asking.of(FakeEmbedder.model) is asking
    assert asking.of("second").model == "second"
    assert asking.of("second") is asking.of("second")
    with pytest.raises(ProviderAway, match="third cannot be asked with these settings"):
        asking.of("third")


async def test_a_question_has_a_vector_too_or_its_model_is_away():
    class Away(FakeEmbedder):
        async def embed_query(self, text):
            raise Unavailable("no socket")

    [row] = await FakeEmbedder().embed_documents(["tide"])
    assert np.array_equal(await Asking(FakeEmbedder()).embed_query("tide"), row)
    with pytest.raises(ProviderAway, match="no socket"):
        await Asking(Away()).embed_query("tide")


async def test_vectors_are_reused_within_a_workspace_and_never_across(
    resources, owner_connection, scope
):
    other = await make_scope(owner_connection, "grace")
    vector = await FakeEmbedder().embed_documents(["tide"])
    passages = {}
    for who in (scope, scope, other):
        talk = await make_conversation(owner_connection, who)
        message = await make_message(
            owner_connection, resources, who, "The same words.", conversation_id=talk
        )
        passages.setdefault(who, []).append(
            await owner_connection.fetchval("SELECT id FROM passage WHERE message_id = $1", message)
        )
    reused = {}
    for who in (scope, other):
        ws = who.workspace_id
        async with resources.worker.tenant_tx(ws) as conn:
            generation_id = (await live_generation(conn, ws, model="one", dimension=384)).id
            if who == scope:
                await store_embeddings(
                    conn,
                    ws,
                    generation_id=generation_id,
                    passage_ids=passages[who][:1],
                    vectors=vector,
                )
            reused[who] = await reuse_vectors(
                conn, ws, generation_id=generation_id, passage_ids=passages[who][-1:]
            )
    assert reused == {scope: {passages[scope][1]}, other: set()}
