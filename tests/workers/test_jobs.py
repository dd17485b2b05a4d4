"""Each job run twice leaves the database equal; a subject hears that its job is over."""

import pytest

from core.ids import new_id
from tests.ingest.test_pipeline import NOTES
from tests.workers.made import (
    again,
    file_row,
    index_of,
    job_row,
    make_conversation,
    make_file,
    make_message,
)
from workers.jobs import KINDS, Ended, bury
from workers.ledger import claim, leased


async def do_next(resources, work, kind) -> None:
    taken = await claim(resources.worker, kind, most=KINDS[kind].most)
    assert taken is not None
    async with leased(resources.worker, taken) as fence:
        await KINDS[kind].body(work, fence, taken)


async def test_a_file_read_twice_is_the_same_file(resources, owner_connection, scope, work):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await do_next(resources, work, "ingest_file")
    once = (
        await index_of(owner_connection, made.file_id),
        await file_row(owner_connection, made.file_id),
    )
    await again(owner_connection, made.job_id)
    await do_next(resources, work, "ingest_file")
    twice = (
        await index_of(owner_connection, made.file_id),
        await file_row(owner_connection, made.file_id),
    )
    assert twice == once


async def test_a_message_embedded_twice_has_one_vector(resources, owner_connection, scope, work):
    conversation_id = await make_conversation(owner_connection, scope)
    await make_message(owner_connection, resources, scope, "Hello", conversation_id=conversation_id)
    for _ in range(2):
        await do_next(resources, work, "embed_message")
        await owner_connection.execute("UPDATE job SET state = 'queued'")
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 1


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("cancelled", "", ("cancelled", "")),
        ("dead", "worker_crash", ("failed", "worker_crash")),
        ("dead", "too_late", ("failed", "too_late")),
        ("failed", "division by zero", ("failed", "error")),
    ],
)
async def test_a_file_hears_how_its_job_ended(
    resources, owner_connection, scope, state, reason, told
):
    made = await make_file(owner_connection, resources, scope, b"text")
    ws = scope.workspace_id
    ended = Ended(ws, made.job_id, "ingest_file", made.version_id, state, reason)
    async with resources.worker.tenant_tx(ws) as conn:
        assert await bury(conn, ended) is None
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == told
    assert await owner_connection.fetchval("SELECT reason FROM file") != "division by zero"
    notices = await owner_connection.fetch("SELECT kind, account_id FROM notification")
    failed = [("file.failed", scope.account_id)] if told[0] == "failed" else []
    assert [tuple(row) for row in notices] == failed


async def test_the_run_of_a_dead_reply_is_interrupted(resources, owner_connection, scope):
    conversation_id = await make_conversation(owner_connection, scope)
    prompt_id = await make_message(
        owner_connection, resources, scope, "When?", conversation_id=conversation_id
    )
    run_id, ws = new_id(), scope.workspace_id
    await owner_connection.execute(
        "INSERT INTO run (workspace_id, id, conversation_id, prompt_message_id, account_id, model, request, state)"
        " VALUES ($1, $2, $3, $4, $5, 'extractive', '{}', 'running')",
        ws, run_id, conversation_id, prompt_id, scope.account_id,
    )  # fmt: skip
    ended = Ended(ws, new_id(), "reply", run_id, "dead", "worker_crash")
    async with resources.worker.tenant_tx(ws) as conn:
        event = await bury(conn, ended)
    assert event is not None
    assert event.kind == "run.done"
    assert await owner_connection.fetchval("SELECT state FROM run") == "interrupted"
    async with resources.worker.tenant_tx(ws) as conn:
        assert await bury(conn, ended) is None


async def test_a_dead_job_of_a_title_keeps_nothing_set_aside(resources, owner_connection, scope):
    conversation_id, ws = await make_conversation(owner_connection, scope), scope.workspace_id
    await owner_connection.execute(
        "INSERT INTO title_call (workspace_id, conversation_id, account_id, model, held_tokens, held_micros)"
        " VALUES ($1, $2, $3, 'openai:m', 1300, 9)", ws, conversation_id, scope.account_id,
    )  # fmt: skip
    ended = Ended(ws, new_id(), "title", conversation_id, "dead", "worker_crash")
    async with resources.worker.tenant_tx(ws) as conn:
        assert await bury(conn, ended) is None
    row = await owner_connection.fetchrow("SELECT held_tokens, held_micros FROM title_call")
    assert tuple(row) == (0, 0)


async def test_a_message_needs_no_telling(resources, owner_connection, scope):
    ended = Ended(scope.workspace_id, new_id(), "embed_message", new_id(), "dead", "too_often")
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        assert await bury(conn, ended) is None


async def test_the_jobs_row_is_what_the_pipeline_ended(resources, owner_connection, scope, work):
    made = await make_file(owner_connection, resources, scope, b"")
    await do_next(resources, work, "ingest_file")
    assert await job_row(owner_connection, made.job_id) == {
        "state": "failed",
        "reason": "empty_file",
        "attempts": 1,
        "crashes": 0,
    }
