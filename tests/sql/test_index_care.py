import asyncpg
import pytest

from core.errors import Unavailable
from sql.index_care import list_bloated, note_deleted, note_rebuilt, rebuild_indexes
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message


@pytest.fixture(autouse=True)
async def counters(resources, owner_connection):
    """PostgreSQL's counters as they are before anything is deleted."""
    async with resources.worker.write_tx() as conn:
        await note_deleted(conn)


async def lose(owner, partition, *, rows) -> None:
    await owner.execute("UPDATE index_care SET deleted = $2 WHERE partition = $1", partition, rows)


async def bloated(resources) -> list[str]:
    async with resources.worker.write_tx() as conn:
        await note_deleted(conn)
        return [found.partition for found in await list_bloated(conn)]


async def test_a_partition_is_due_when_it_lost_many_rows(resources, owner_connection):
    assert await bloated(resources) == []
    await lose(owner_connection, "embedding_0", rows=999)
    assert await bloated(resources) == []
    await lose(owner_connection, "embedding_0", rows=100_000_000)
    assert await bloated(resources) == ["embedding_0"]


async def test_what_was_deleted_while_a_rebuild_ran_is_left_for_the_next(
    resources, owner_connection
):
    await lose(owner_connection, "passage_1", rows=100_000_000)
    async with resources.worker.write_tx() as conn:
        [found] = await list_bloated(conn)
        await owner_connection.execute(
            "UPDATE index_care SET deleted = deleted + 7 WHERE partition = 'passage_1'"
        )
        await note_rebuilt(conn, found)
    row = await owner_connection.fetchrow(
        "SELECT deleted, rebuilt_at IS NOT NULL AS told FROM index_care WHERE partition = 'passage_1'"
    )
    assert tuple(row) == (7, True)


async def test_what_was_counted_before_a_crash_still_counts(resources, owner_connection):
    """PostgreSQL begins to count anew; a counter that is smaller than it was counts what came since."""
    await owner_connection.execute(
        "UPDATE index_care SET counter = counter + 1000000, deleted = 5 WHERE partition = 'embedding_0'"
    )
    await bloated(resources)
    assert await owner_connection.fetchval(
        "SELECT deleted = 5 + counter FROM index_care WHERE partition = 'embedding_0'"
    )


async def indexes(owner, partition) -> set[str]:
    rows = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = $1::text::regclass",
        partition,
    )  # fmt: skip
    return {row["name"] for row in rows}


async def test_what_a_rebuild_that_was_cut_off_left_behind_goes(
    resources, owner_connection, database_url
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    for content in ("one", "two"):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
    generation_id = await embed_all(resources, owner_connection, scope)
    place = await owner_connection.fetchval(
        "SELECT tableoid::regclass::text FROM embedding WHERE generation_id = $1", generation_id
    )
    before = await indexes(owner_connection, place)
    left = f"{place}_vector_idx_ccnew"
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner_connection.execute(
            f"CREATE UNIQUE INDEX CONCURRENTLY {left} ON {place} (workspace_id)"
        )
    assert await indexes(owner_connection, place) == {*before, left}
    assert await rebuild_indexes(database_url, place)
    assert await indexes(owner_connection, place) == before


async def test_one_process_rebuilds_at_a_time(owner_connection, database_url):
    await owner_connection.execute("SELECT pg_advisory_lock(45120002)")
    try:
        assert not await rebuild_indexes(database_url, "embedding_0")
    finally:
        await owner_connection.execute("SELECT pg_advisory_unlock(45120002)")
    assert await rebuild_indexes(database_url, "embedding_0")


async def test_what_postgresql_refuses_is_unavailable(database_url):
    with pytest.raises(Unavailable, match="no_such_partition"):
        await rebuild_indexes(database_url, "no_such_partition")
