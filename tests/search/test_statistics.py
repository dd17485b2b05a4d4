import asyncio

import numpy as np
import pytest

from search.embed import FakeEmbedder
from search.statistics import (
    MIN_SIGMA,
    count_new,
    list_grown,
    list_stale,
    measure,
    read_basis,
    refresh,
)
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message


@pytest.fixture
async def talk(resources, owner_connection):
    scope = await make_scope(owner_connection)
    conversation_id = await make_conversation(owner_connection, scope)
    for content in ("red apples", "red pears", "green apples"):
        await make_message(
            resources, owner_connection, scope, conversation_id=conversation_id, content=content
        )
    return scope


async def basis_of(resources, scope, *lexemes):
    async with resources.search.autocommit() as conn:
        basis = await read_basis(conn, scope.workspace_id, lexemes=lexemes)
    assert basis is not None
    return basis


async def test_passages_are_counted_as_they_come_and_lexemes_at_a_refresh(resources, talk):
    before = await basis_of(resources, talk, "red", "apples", "blue")
    assert (before.passage_count, before.lexeme_total, before.ndocs) == (3, 6, [0, 0, 0])
    async with resources.worker.tenant_tx(talk.workspace_id) as conn:
        await refresh(conn, talk.workspace_id)
    after = await basis_of(resources, talk, "red", "apples", "blue")
    assert (after.passage_count, after.average_length, after.ndocs) == (3, 2.0, [2, 2, 0])


async def test_words_of_deleted_passages_are_forgotten_at_a_refresh(
    resources, owner_connection, talk
):
    for message in ("red apples", "red pears"):
        async with resources.worker.tenant_tx(talk.workspace_id) as conn:
            await refresh(conn, talk.workspace_id)
        await owner_connection.execute(
            "DELETE FROM passage p USING message m WHERE m.id = p.message_id AND m.content = $1",
            message,
        )
    async with resources.worker.tenant_tx(talk.workspace_id) as conn:
        await refresh(conn, talk.workspace_id)
    kept = await owner_connection.fetch(
        "SELECT lexeme, ndoc FROM lexeme_stat WHERE workspace_id = $1 ORDER BY lexeme",
        talk.workspace_id,
    )
    assert [tuple(row) for row in kept] == [("appl", 1), ("apples", 1), ("green", 1)]


async def test_a_workspace_that_grew_by_a_tenth_is_stale_until_refreshed(resources, talk):
    async with resources.worker.autocommit() as conn:
        assert await list_stale(conn) == [talk.workspace_id]
    async with resources.worker.tenant_tx(talk.workspace_id) as conn:
        await refresh(conn, talk.workspace_id)
    async with resources.worker.autocommit() as conn:
        assert await list_stale(conn) == []


async def say(resources, owner, scope, content):
    talk = await owner.fetchval("SELECT id FROM item WHERE workspace_id = $1", scope.workspace_id)
    await make_message(resources, owner, scope, conversation_id=talk, content=content)


async def counted(resources, scope, *, settled_s):
    await asyncio.sleep(0.002)  # ids tell milliseconds
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await count_new(conn, scope.workspace_id, settled_s=settled_s)
    async with resources.worker.autocommit() as conn:
        return await list_stale(conn), await list_grown(conn)


async def test_words_of_new_passages_are_counted_before_all_are(resources, owner_connection, talk):
    """A new word that is in many texts was as good as unique, until the workspace had grown by a tenth."""
    for n in range(30):
        await say(resources, owner_connection, talk, f"old words {n}")
    async with resources.worker.tenant_tx(talk.workspace_id) as conn:
        await refresh(conn, talk.workspace_id)
    for content in ("red kumquats", "more kumquats"):
        await say(resources, owner_connection, talk, content)
    assert (await basis_of(resources, talk, "kumquat")).ndocs == [0]
    ws = [talk.workspace_id]
    assert await counted(resources, talk, settled_s=60) == ([], ws), "too young to be sure of all"
    assert (await basis_of(resources, talk, "kumquat")).ndocs == [0]
    for _ in range(2):  # each counts once
        assert await counted(resources, talk, settled_s=0) == ([], [])
        assert (await basis_of(resources, talk, "kumquat", "red", "words")).ndocs == [2, 3, 30]
    for content in ("kumquats", "and kumquats"):
        await say(resources, owner_connection, talk, content)
    assert await counted(resources, talk, settled_s=0) == (ws, []), "a tenth is new: all are due"
    assert (await basis_of(resources, talk, "kumquat")).ndocs == [4]


async def test_a_workspace_rewritten_is_stale_though_it_did_not_grow(
    resources, owner_connection, talk
):
    async with resources.worker.tenant_tx(talk.workspace_id) as conn:
        await refresh(conn, talk.workspace_id)
    await owner_connection.execute(
        "UPDATE corpus_stat SET counted_since = 1 WHERE workspace_id = $1", talk.workspace_id
    )
    async with resources.worker.autocommit() as conn:
        assert await list_stale(conn) == [talk.workspace_id]


async def test_spread_and_languages_are_stored_with_the_generation(resources, owner_connection):
    scope = await make_scope(owner_connection)
    conversation_id = await make_conversation(owner_connection, scope)
    for n in range(25):
        content = f"The report number {n} is about the budget of the year {n * 7}."
        await make_message(
            resources, owner_connection, scope, conversation_id=conversation_id, content=content
        )
    generation_id = await embed_all(resources, owner_connection, scope)
    basis = await basis_of(resources, scope)
    assert (basis.generation_id, basis.model, basis.langs) == (
        generation_id,
        FakeEmbedder.model,
        ["en"],
    )
    assert basis.sigma is not None
    assert 0.01 < basis.sigma < 0.2


async def test_an_unknown_workspace_has_no_basis(resources, owner_connection):
    scope = await make_scope(owner_connection)
    await owner_connection.execute(
        "DELETE FROM membership WHERE workspace_id = $1", scope.workspace_id
    )
    await owner_connection.execute("DELETE FROM workspace WHERE id = $1", scope.workspace_id)
    async with resources.search.autocommit() as conn:
        assert await read_basis(conn, scope.workspace_id, lexemes=[]) is None


def test_the_spread_is_that_of_random_pairs():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(400, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    spread = measure(vectors, ["en"] * 380 + ["de"] * 9 + [""] * 11)
    assert spread.sigma == pytest.approx(384**-0.5, rel=0.05)
    assert spread.counts == {"en": 380}
    assert np.allclose(spread.means["en"], vectors[:380].mean(axis=0), atol=1e-6)


def test_equal_vectors_have_a_least_spread():
    assert measure(np.ones((30, 384), np.float32) / 384**0.5, [""] * 30).sigma == MIN_SIGMA


def test_vectors_on_one_side_have_a_mean_also_where_no_language_is_known():
    rng = np.random.default_rng(1)
    vectors = np.hstack([np.ones((3, 1)), rng.normal(size=(3, 15)) / 10]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    spread = measure(vectors, ["en", "", "de"])
    assert spread.counts == {"": 3}
    assert np.allclose(spread.means[""], vectors.mean(axis=0), atol=1e-6)
    assert measure(vectors[:1], ["en"]).counts == {}


async def test_an_unmeasured_generation_spreads_as_its_model_mostly_does(
    resources, owner_connection, talk
):
    generation_id = await embed_all(resources, owner_connection, talk)
    for model, spread in (("multilingual-e5-small", 0.024), ("all-MiniLM-L6-v2", 0.14)):
        await owner_connection.execute(
            "UPDATE generation SET model = $1 WHERE id = $2", model, generation_id
        )
        basis = await basis_of(resources, talk)
        assert (basis.sigma, basis.spread) == (None, spread)


def test_what_parts_the_languages_is_no_spread():
    rng = np.random.default_rng(1)
    texts = rng.normal(size=(400, 384)).astype(np.float32) / 384**0.5
    tongue = np.repeat(np.eye(2, 384, dtype=np.float32), 200, axis=0)
    vectors = (texts + tongue) / 2**0.5
    spread = measure(vectors, ["en"] * 200 + ["de"] * 200)
    assert spread.sigma < 0.05
    assert measure(vectors, ["en"] * 400).sigma > 0.25
