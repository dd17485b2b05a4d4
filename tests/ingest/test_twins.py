"""Equal bytes are read once, and the copy is what reading would have made."""

from dataclasses import replace

import pytest

from app.doctor import examine
from ingest import twins
from ingest.sandbox import Limits
from ingest.vectors import Asking
from tests.ingest.test_pipeline import NOTES, Embedder, fails_at
from tests.make import make_scope
from tests.workers.made import (
    again,
    file_row,
    index_of,
    ingest_next,
    job_row,
    make_file,
    make_version,
    text_of,
)
from workers.queue import retry_ingest

NO_CHILD = Limits(characters=0)  # whoever reads a file fails


@pytest.fixture
async def twin(resources, owner_connection, scope, tools):
    """A file that was read."""
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    return made


@pytest.fixture
def idle(tools):
    """Tools that can neither read nor embed."""
    return replace(tools, limits=NO_CHILD, asking=Asking(Embedder(away=True)))


async def test_equal_bytes_are_neither_read_nor_embedded_again(
    resources, owner_connection, scope, twin, idle
):
    await owner_connection.execute("UPDATE file_version SET title = 'Tides', author = 'Ada'")
    copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="Copy.MD")
    await ingest_next(resources, idle)
    assert (await job_row(owner_connection, copy.job_id))["state"] == "done"
    assert await file_row(owner_connection, copy.file_id) == await file_row(
        owner_connection, twin.file_id
    )
    assert await text_of(owner_connection, copy.file_id) == NOTES + "\n"
    assert await index_of(owner_connection, copy.file_id) == await index_of(
        owner_connection, twin.file_id
    )
    assert await owner_connection.fetchval("SELECT count(*) FROM blob") == 1
    told = await owner_connection.fetch(
        "SELECT v.title, v.author, i.about FROM file_version v JOIN item i ON i.id = v.file_id WHERE v.file_id = $1",
        copy.file_id,
    )
    assert [tuple(row) for row in told] == [("Tides", "Ada", "Tides Ada")]
    corpus = await owner_connection.fetchrow("SELECT passage_count, lexeme_total FROM corpus_stat")
    counted = await owner_connection.fetchrow("SELECT count(*), sum(lexeme_count) FROM passage")
    assert tuple(corpus) == tuple(counted)
    assert [f for f in (await examine(resources)).findings if f.invariant != "operation"] == []


async def test_a_copy_belongs_to_its_own_file(resources, owner_connection, scope, twin, idle):
    other = await make_file(owner_connection, resources, scope, b"Other bytes.", name="notes.md")
    made = await make_version(owner_connection, resources, other, NOTES.encode(), name="notes.md")
    await owner_connection.execute("UPDATE job SET state = 'cancelled' WHERE id = $1", other.job_id)
    await ingest_next(resources, idle)
    rows = await owner_connection.fetch(
        "SELECT DISTINCT p.author_id = i.owner_id, p.created_at = i.created_at, p.traits FROM passage p"
        " JOIN item i ON i.id = p.item_id WHERE i.id = $1",
        made.file_id,
    )
    assert [tuple(row) for row in rows] == [(True, True, ["edited"])]


async def test_a_long_copy_goes_in_several_transactions(
    resources, owner_connection, scope, twin, idle, monkeypatch
):
    monkeypatch.setattr(twins, "BATCH", 7)
    copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, idle)
    assert await index_of(owner_connection, copy.file_id) == await index_of(
        owner_connection, twin.file_id
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE item SET deleted_at = now() WHERE id = $1",
        "UPDATE file SET state = 'partial' WHERE id = $1",
        "UPDATE build SET pipeline_version = 0 WHERE file_id = $1",
        "UPDATE build SET finished_at = NULL WHERE file_id = $1",
        "DELETE FROM embedding WHERE passage_id = (SELECT p.id FROM passage p WHERE p.item_id = $1 LIMIT 1)",
        "UPDATE file_version SET name = 'notes.txt' WHERE file_id = $1",
    ],
    ids=["deleted", "partial", "older", "unfinished", "incomplete", "other kind"],
)
async def test_only_a_file_that_was_read_whole_is_copied(
    resources, owner_connection, scope, twin, tools, change
):
    await owner_connection.execute(change, twin.file_id)
    copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, replace(tools, limits=NO_CHILD))
    assert (await file_row(owner_connection, copy.file_id))["reason_code"] == "too_much_text"


async def test_nothing_is_copied_from_another_workspace(resources, owner_connection, twin, tools):
    other = await make_scope(owner_connection, "bob")
    copy = await make_file(owner_connection, resources, other, NOTES.encode(), name="notes.md")
    await ingest_next(resources, replace(tools, limits=NO_CHILD))
    assert (await file_row(owner_connection, copy.file_id))["reason_code"] == "too_much_text"


async def test_reading_again_reads(resources, owner_connection, scope, twin, tools, idle):
    copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, idle)
    async with resources.app.write_tx(scope) as conn:
        await retry_ingest(conn, scope, version_id=copy.version_id)
    await ingest_next(resources, replace(tools, limits=NO_CHILD))
    assert (await file_row(owner_connection, copy.file_id))["reason_code"] == "too_much_text"


async def test_a_copy_that_was_interrupted_is_ended_by_reading(
    resources, owner_connection, scope, twin, tools, monkeypatch
):
    monkeypatch.setattr(twins, "BATCH", 7)
    for n in (2, 4, 10):
        copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
        assert await fails_at(resources, tools, n)
        await again(owner_connection, copy.job_id)
        await ingest_next(resources, tools)
        assert await index_of(owner_connection, copy.file_id) == await index_of(
            owner_connection, twin.file_id
        )
        row = await file_row(owner_connection, copy.file_id)
        assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("ready", 60, 60)


async def test_a_twin_that_goes_away_leaves_the_rest_to_reading(
    resources, owner_connection, scope, twin, tools, monkeypatch
):
    monkeypatch.setattr(twins, "BATCH", 7)
    await owner_connection.execute("UPDATE file SET passages_total = 99")
    copy = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    assert (await file_row(owner_connection, copy.file_id))["passages_total"] == 60
    assert len(await index_of(owner_connection, copy.file_id)) == 60
