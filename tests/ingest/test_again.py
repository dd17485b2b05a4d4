"""Reading again from the text or the passages: what is not touched, and what a crash leaves."""

from dataclasses import replace

import pytest

from core.errors import ProviderAway
from ingest.sandbox import Limits
from ingest.vectors import Asking
from search.embed import FakeEmbedder
from tests.ingest.test_pipeline import NOTES, Embedder
from tests.workers.made import again, file_row, index_of, ingest_next, make_file, text_of
from workers.queue import retry_ingest

NO_CHILD = Limits(characters=0)  # whoever reads a file fails


class Turned(Embedder):
    """Gives each text the opposite vector."""

    async def embed_documents(self, texts):
        return -await super().embed_documents(texts)


@pytest.fixture
async def made(resources, owner_connection, scope, tools):
    """A file that was read."""
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    return made


async def ask(resources, scope, made, first_step):
    async with resources.app.write_tx(scope) as conn:
        job_id = await retry_ingest(conn, scope, version_id=made.version_id, first_step=first_step)
        assert job_id == made.job_id


async def builds(owner):
    rows = await owner.fetch(
        "SELECT id, retired_at IS NOT NULL AS gone, text_of FROM build ORDER BY created_at, id"
    )
    return [tuple(row) for row in rows]


async def test_cutting_again_takes_the_text_that_was_read(
    resources, owner_connection, scope, tools, made
):
    before = await index_of(owner_connection, made.file_id)
    await owner_connection.execute(
        "INSERT INTO file_problem (workspace_id, build_id, ordinal, code, message, remedy)"
        " SELECT workspace_id, id, 2, 'page_unreadable', 'm', 'r' FROM build"
    )
    await ask(resources, scope, made, "chunk")
    embedder = Embedder()
    await ingest_next(resources, replace(tools, limits=NO_CHILD, asking=Asking(embedder)))
    assert await index_of(owner_connection, made.file_id) == before
    assert await text_of(owner_connection, made.file_id) == NOTES + "\n"
    assert embedder.asked == []
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["segments_done"], row["passages_total"]) == ("partial", 3, 60)
    first, second = await builds(owner_connection)
    assert (first[1:], second[1:]) == ((True, None), (False, first[0]))
    assert await owner_connection.fetchval("SELECT count(*) FROM file_problem") == 2


async def test_embedding_again_exchanges_the_vectors_alone(
    resources, owner_connection, scope, tools, made
):
    async def vectors():
        return await owner_connection.fetch(
            "SELECT passage_id, vector::text FROM embedding ORDER BY passage_id"
        )

    async def words():
        index = await index_of(owner_connection, made.file_id)
        return [(*row[:-2], row[-1]) for row in index]  # the last but one is of the vectors

    before, rows = await words(), await vectors()
    await ask(resources, scope, made, "embed")
    turned = Turned()
    await ingest_next(resources, replace(tools, limits=NO_CHILD, asking=Asking(turned)))
    assert sum(turned.asked) == 60
    assert await words() == before
    after = await vectors()
    assert [row["passage_id"] for row in after] == [row["passage_id"] for row in rows]
    assert all(new["vector"] != old["vector"] for new, old in zip(after, rows, strict=True))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["stage"], row["passages_embedded"]) == ("ready", "", 60)
    assert len(await builds(owner_connection)) == 1


async def test_while_the_model_is_away_the_old_vectors_stay(
    resources, owner_connection, scope, tools, made
):
    await ask(resources, scope, made, "embed")
    with pytest.raises(ProviderAway):
        await ingest_next(resources, replace(tools, asking=Asking(Embedder(away=True))))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["stage"], row["passages_embedded"]) == ("processing", "embedding", 0)
    assert {row[-1] for row in await index_of(owner_connection, made.file_id)} == {1}
    await again(owner_connection, made.job_id)
    await ingest_next(resources, replace(tools, asking=Asking(FakeEmbedder())))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["passages_embedded"]) == ("ready", 60)


async def test_what_the_model_refused_is_asked_again(
    resources, owner_connection, scope, tools, made
):
    picky = Asking(Embedder(refuses="of part 17 opens"))
    for asking, state in ((picky, "partial"), (Asking(FakeEmbedder()), "ready")):
        await ask(resources, scope, made, "embed")
        await ingest_next(resources, replace(tools, asking=asking))
        assert (await file_row(owner_connection, made.file_id))["state"] == state


async def test_a_file_that_was_never_read_whole_is_read_from_its_bytes(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, b"A tide table.\n")
    for step in ("chunk", "embed"):
        await owner_connection.execute("UPDATE job SET state = 'failed'")
        await owner_connection.execute("UPDATE build SET finished_at = NULL, retired_at = now()")
        await ask(resources, scope, made, step)
        await ingest_next(resources, tools)
        assert await text_of(owner_connection, made.file_id) == "A tide table.\n"
