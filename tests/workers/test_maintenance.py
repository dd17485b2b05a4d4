import asyncio
from types import SimpleNamespace

import pytest

from app.doctor import examine
from core.errors import LeaseLost, Unavailable
from sql.fence import Fence
from tests.ingest.test_pipeline import NOTES
from tests.workers.made import (
    file_row,
    index_of,
    ingest_next,
    job_row,
    make_conversation,
    make_file,
    make_message,
    make_version,
    text_of,
)
from workers import maintenance
from workers.ledger import claim
from workers.queue import retry_ingest


async def nobody(_run_id: object, _events: object) -> None:
    """Announce to nobody."""


@pytest.fixture
def reaper(resources) -> maintenance.Reaper:
    return maintenance.Reaper(resources.worker, nobody, lease_s=0.1)


@pytest.fixture
async def made(resources, owner_connection, scope):
    return await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")


async def vanish(resources):
    """Claim and never come back."""
    taken = await claim(resources.worker, "ingest_file", lease_s=0.01)
    assert taken is not None
    await asyncio.sleep(0.02)
    return taken


async def test_a_job_whose_worker_vanished_is_done_by_another_and_the_stale_one_changes_nothing(
    resources, owner_connection, made, work, reaper
):
    stale = await vanish(resources)
    assert await reaper.round() == 1
    assert await job_row(owner_connection, made.job_id) == {
        "state": "retry_wait",
        "reason": "worker_crash",
        "attempts": 1,
        "crashes": 1,
    }
    await ingest_next(resources, work.tools)
    before = await index_of(owner_connection, made.file_id)
    with pytest.raises(LeaseLost):
        async with Fence(resources.worker, stale.workspace_id, stale.job_ids, stale.token).last_tx(
            "failed"
        ):
            pass
    assert (await job_row(owner_connection, made.job_id))["state"] == "done"
    assert await index_of(owner_connection, made.file_id) == before


async def test_a_job_that_ended_three_workers_is_dead_and_its_file_says_so(
    resources, owner_connection, made, reaper
):
    for _ in range(3):
        await vanish(resources)
        await reaper.round()
    assert await job_row(owner_connection, made.job_id) == {
        "state": "dead",
        "reason": "worker_crash",
        "attempts": 3,
        "crashes": 3,
    }
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == ("failed", "worker_crash")


@pytest.mark.parametrize("column", ["segments_done", "passages_embedded"])
async def test_a_job_whose_file_gets_further_between_crashes_is_tried_again(
    resources, owner_connection, made, reaper, column
):
    for _ in range(4):
        await vanish(resources)
        await owner_connection.execute(f"UPDATE file SET {column} = {column} + 1")
        await reaper.round()
    job = await job_row(owner_connection, made.job_id)
    assert (job["state"], job["attempts"], job["crashes"]) == ("retry_wait", 4, 1)


async def test_a_lease_that_is_held_is_left_alone(resources, owner_connection, made, reaper):
    assert await claim(resources.worker, "ingest_file") is not None
    assert await reaper.round() == 0


async def test_a_cancelled_job_of_a_dead_worker_ends_cancelled(
    resources, owner_connection, made, reaper
):
    await vanish(resources)
    await owner_connection.execute("UPDATE job SET cancel_requested = true")
    await reaper.round()
    assert (await job_row(owner_connection, made.job_id))["state"] == "cancelled"
    assert (await file_row(owner_connection, made.file_id))["state"] == "cancelled"


async def test_what_was_not_done_in_its_time_is_closed(resources, owner_connection, made, reaper):
    await owner_connection.execute("UPDATE job SET schedule_to_close_at = now() - interval '1 s'")
    await reaper.round()
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == ("failed", "too_late")


async def test_after_an_outage_of_the_database_leases_get_their_time(resources, made, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(maintenance, "time", SimpleNamespace(monotonic=lambda: now[0]))

    class AwayOnce:
        def __init__(self) -> None:
            self.pool = None

        def write_tx(self):
            if self.pool is None:
                raise Unavailable("no database")
            return self.pool.write_tx()

        def tenant_tx(self, workspace_id):
            return resources.worker.tenant_tx(workspace_id)

    pool = AwayOnce()
    reaper = maintenance.Reaper(pool, nobody, lease_s=30)  # pyright: ignore[reportArgumentType]
    await vanish(resources)
    with pytest.raises(Unavailable):
        await reaper.round()
    pool.pool = resources.worker
    now[0] += 29
    assert await reaper.round() == 0
    now[0] += 2
    assert await reaper.round() == 1


async def test_a_file_that_waits_for_a_job_which_is_over_is_told(resources, owner_connection, made):
    await owner_connection.execute("UPDATE job SET state = 'dead', reason = 'worker_crash'")
    await maintenance.reconcile(resources.worker, resources.redis, nobody)
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == ("failed", "worker_crash")


async def test_a_lost_bell_is_rung_again(resources, owner_connection, made):
    await resources.redis.flushdb()
    await maintenance.reconcile(resources.worker, resources.redis, nobody)
    assert await resources.redis.zcard("recollect:bells") == 1


async def test_only_one_worker_reconciles_at_a_time(resources, owner_connection, made):
    async with owner_connection.transaction():
        await owner_connection.execute("SELECT pg_advisory_xact_lock(45120102)")
        await maintenance.reconcile(resources.worker, resources.redis, nobody)
    assert await resources.redis.zcard("recollect:bells") == 0


async def test_the_rows_of_a_retired_build_go(resources, owner_connection, made, work):
    await ingest_next(resources, work.tools)
    async with resources.app.write_tx(made.scope) as conn:
        await retry_ingest(conn, made.scope, version_id=made.version_id)
    await ingest_next(resources, work.tools)
    before = await index_of(owner_connection, made.file_id)
    assert await owner_connection.fetchval("SELECT count(*) FROM passage") == 120
    assert await maintenance.remove_retired_builds(resources.worker) == 1
    assert await index_of(owner_connection, made.file_id) == before
    counts = await owner_connection.fetchrow(
        "SELECT (SELECT count(*) FROM passage), (SELECT count(*) FROM embedding), (SELECT count(*) FROM build),"
        " (SELECT count(DISTINCT build_id) FROM text_segment), (SELECT passage_count FROM corpus_stat)"
    )
    assert tuple(counts) == (60, 60, 1, 1, 60)


async def test_an_older_version_keeps_its_text_and_nothing_else(
    resources, owner_connection, made, work
):
    await ingest_next(resources, work.tools)
    before = await text_of(owner_connection, made.file_id)
    for _ in range(2):
        async with resources.app.write_tx(made.scope) as conn:
            await retry_ingest(conn, made.scope, version_id=made.version_id)
        await ingest_next(resources, work.tools)
    await make_version(owner_connection, resources, made, b"All is new.\n")
    await ingest_next(resources, work.tools)
    assert await maintenance.remove_retired_builds(resources.worker) == 3
    assert await maintenance.remove_retired_builds(resources.worker) == 0
    assert await text_of(owner_connection, made.file_id) == "All is new.\n"
    [old] = await owner_connection.fetch(
        "SELECT id FROM build WHERE version_id = $1", made.version_id
    )
    kept = await owner_connection.fetch(
        "SELECT content FROM text_segment WHERE build_id = $1 ORDER BY ordinal", old["id"]
    )
    assert "".join(row["content"] for row in kept) == before
    assert await owner_connection.fetchval("SELECT count(*) FROM passage") == 1
    broken = (await examine(resources)).findings
    assert [each for each in broken if each.invariant != "operation"] == []


async def test_statistics_are_counted_where_much_changed(resources, owner_connection, made, work):
    await ingest_next(resources, work.tools)
    assert await maintenance.refresh_statistics(resources.worker) == 1
    ndoc = await owner_connection.fetchval(
        "SELECT ndoc FROM lexeme_stat WHERE workspace_id = $1 AND lexeme = 'harbour'",
        made.scope.workspace_id,
    )
    assert ndoc == 60
    assert await maintenance.refresh_statistics(resources.worker) == 0


async def test_new_lexemes_are_counted_where_little_changed(
    resources, owner_connection, made, work
):
    await ingest_next(resources, work.tools)
    await maintenance.refresh_statistics(resources.worker)
    talk = await make_conversation(owner_connection, made.scope)
    await make_message(owner_connection, resources, made.scope, "A kumquat", conversation_id=talk)
    older = "UPDATE passage SET id = overlay(id::text PLACING '00000000' FROM 1)::uuid WHERE message_id IS NOT NULL"
    assert (await owner_connection.execute(older)) == "UPDATE 1"
    since = "UPDATE corpus_stat SET counted_until = '00000000-0000-7000-8000-000000000000'"
    await owner_connection.execute(since)
    assert await maintenance.refresh_statistics(resources.worker) == 1
    asked = "SELECT ndoc FROM lexeme_stat WHERE workspace_id = $1 AND lexeme = 'kumquat'"
    assert await owner_connection.fetchval(asked, made.scope.workspace_id) == 1


async def test_old_feedback_is_removed_and_the_rest_stays(resources, owner_connection, scope, made):
    await owner_connection.execute(
        "INSERT INTO search_feedback (workspace_id, account_id, query, target_id, item_id, given_at) "
        "SELECT $1, $2, 'q' || days, $3, $3, now() - days * interval '1 day' FROM unnest(ARRAY[179, 181]) AS days",
        scope.workspace_id, scope.account_id, made.file_id,
    )  # fmt: skip
    assert await maintenance.remove_old_feedback(resources.worker) == 1
    assert await owner_connection.fetchval("SELECT query FROM search_feedback") == "q179"


async def test_old_queries_are_removed_and_the_rest_stays(resources, owner_connection, scope):
    await owner_connection.execute(
        "INSERT INTO recent_query (workspace_id, account_id, query, asked_at) "
        "SELECT $1, $2, 'q' || days, now() - days * interval '1 day' FROM unnest(ARRAY[89, 91]) AS days",
        scope.workspace_id, scope.account_id,
    )  # fmt: skip
    assert await maintenance.remove_old_queries(resources.worker) == 1
    assert await owner_connection.fetchval("SELECT query FROM recent_query") == "q89"


async def test_a_password_whose_job_never_ended_is_forgotten_in_time(
    resources, owner_connection, scope, made
):
    other = await make_file(owner_connection, resources, scope, b"Other bytes.")
    for version_id, age_days in ((made.version_id, 9), (other.version_id, 7)):
        await owner_connection.execute(
            "INSERT INTO file_password (workspace_id, version_id, sealed, created_at)"
            " VALUES ($1, $2, '', now() - make_interval(days => $3))",
            scope.workspace_id, version_id, age_days,
        )  # fmt: skip
    await maintenance.forget_old_passwords(resources.worker)
    left = await owner_connection.fetch("SELECT version_id FROM file_password")
    assert [row["version_id"] for row in left] == [other.version_id]
