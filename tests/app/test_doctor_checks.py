"""Each rule, broken by hand in an otherwise sound workspace, is the one finding; what is only under way is none."""

import asyncpg
import numpy as np
import pytest

from app.doctor_checks import CHECKS, GRACE_S, LEASE_S
from core.ids import new_id
from core.scope import Scope
from sql import fetch_one
from tests.make import make_scope
from workers import ledger

UNIT = np.eye(1, 384, dtype=np.float32)[0]
# name of the check: statements that break it, with $1 the workspace
BREAK = {
    "stuck_jobs": "UPDATE job SET state = 'leased', lease_until = now() - interval '61 s', finished_at = NULL WHERE workspace_id = $1",
    "stuck_files": "UPDATE file SET state = 'processing' WHERE workspace_id = $1",
    "stuck_runs": "INSERT INTO run (workspace_id, id, conversation_id, prompt_message_id, account_id, model, request, state)"
    " SELECT $1, gen_random_uuid(), conversation_id, id, author_id, 'm', '{}', 'running' FROM message WHERE workspace_id = $1",
    "silent_failures": "UPDATE file SET state = 'failed' WHERE workspace_id = $1",
    "empty_files": "DELETE FROM text_segment WHERE workspace_id = $1",
    "dead_passages": "INSERT INTO passage SELECT workspace_id, gen_random_uuid(), item_id, gen_random_uuid(), message_id, ordinal,"
    " span_start, span_end, page_first, page_last, headings, lang, author_id, created_at, text_hash, lexeme_count, tsv"
    " FROM passage WHERE workspace_id = $1 AND message_id IS NULL",
    "missing_vectors": "DELETE FROM embedding WHERE workspace_id = $1",
    "vector_lengths": "UPDATE embedding SET vector = array_fill(0, ARRAY[384])::halfvec WHERE workspace_id = $1",
    "unindexed_messages": "DELETE FROM passage WHERE workspace_id = $1 AND message_id IS NOT NULL",
    "ghost_messages": "UPDATE message SET deleted_at = now() WHERE workspace_id = $1",
    "builds": "INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version, finished_at)"
    " SELECT workspace_id, gen_random_uuid(), file_id, version_id, 2, now() FROM build WHERE workspace_id = $1",
    "double_passages": "UPDATE passage SET ordinal = 0 WHERE workspace_id = $1",
    "sequences": "UPDATE conversation SET last_seq = 2 WHERE workspace_id = $1",
}


async def make_sound(owner: asyncpg.Connection) -> Scope:
    """Make a workspace with a message and a file of two passages, all indexed, and the file's finished job."""
    scope = await make_scope(owner)
    talk, message, file, version, build, generation = (new_id() for _ in range(6))
    rows = (
        ("INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'conversation', $3, 'talk')", talk, scope.account_id),
        ("INSERT INTO conversation (workspace_id, id, last_seq) VALUES ($1, $2, 1)", talk),
        ("INSERT INTO message (workspace_id, id, conversation_id, seq, role, author_id, content) VALUES ($1, $2, $3, 1, 'user', $4, 'hello')",
            message, talk, scope.account_id),
        ("INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, '\\x01', 1, $2)", f"{scope.workspace_id}/00/a"),
        ("INSERT INTO item (workspace_id, id, kind, owner_id, title, active_build_id) VALUES ($1, $2, 'file', $3, 'f', $4)",
            file, scope.account_id, build),
        ("INSERT INTO file (workspace_id, id, state) VALUES ($1, $2, 'ready')", file),
        ("INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name) VALUES ($1, $2, $3, 1, '\\x01', 1, 'f')",
            version, file),
        ("INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version, finished_at) VALUES ($1, $2, $3, $4, 1, now())",
            build, file, version),
        ("INSERT INTO text_segment (workspace_id, build_id, ordinal, span_start, content) VALUES ($1, $2, 0, 0, 'x')", build),
        ("INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, 'm', 'active')", generation),
        (("INSERT INTO job (workspace_id, id, kind, subject_id, content_hash, pipeline_version, account_id, state, fair_key,"
         " schedule_to_close_at, finished_at) VALUES ($1, $2, 'ingest_file', $3, '', 1, $4, 'done', 0, now(), now() - interval '1 h')"),
            new_id(), version, scope.account_id),
    )  # fmt: skip
    for statement, *values in rows:
        await owner.execute(statement, scope.workspace_id, *values)
    for ordinal, item, made, said in (
        (0, file, build, None),
        (1, file, build, None),
        (0, talk, talk, message),
    ):
        passage = new_id()
        await owner.execute(
            "INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at,"
            " text_hash, lexeme_count, tsv) VALUES ($1, $2, $3, $4, $5, $6, 0, 1, now(), '', 1, '')",
            scope.workspace_id, passage, item, made, said, ordinal,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO embedding (workspace_id, passage_id, generation_id, vector) VALUES ($1, $2, $3, $4::text::halfvec)",
            scope.workspace_id, passage, generation, str(UNIT.tolist()),
        )  # fmt: skip
    return scope


async def broken(resources, scope: Scope) -> list[str]:
    """Return the names of the checks that find something in the workspace."""
    names: list[str] = []
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        for check in CHECKS:
            count = await fetch_one(
                conn, check.query, workspace_id=scope.workspace_id, **check.times()
            )
            assert bool(count.found) == bool(count.example)
            names += [check.name] * bool(count.found)
    return names


async def test_a_sound_workspace_has_nothing(resources, owner_connection):
    assert await broken(resources, await make_sound(owner_connection)) == []


@pytest.mark.parametrize("name", BREAK)
async def test_a_broken_rule_is_found_alone_and_only_in_its_workspace(
    name, resources, owner_connection
):
    scope = await make_sound(owner_connection)
    other = await make_sound(owner_connection)
    await owner_connection.execute(BREAK[name], scope.workspace_id)
    assert await broken(resources, scope) == [name]
    assert await broken(resources, other) == []


def test_every_check_is_broken_above_but_the_one_that_a_foreign_key_rules_out():
    assert {check.name for check in CHECKS} - set(BREAK) == {"lost_vectors"}


UNDER_WAY = {
    "a job with a lease": "UPDATE job SET state = 'leased', lease_until = now() - interval '30 s', finished_at = NULL WHERE workspace_id = $1",
    "a job that waits for its time": "UPDATE job SET state = 'retry_wait', run_at = now() + interval '1 h', finished_at = NULL WHERE workspace_id = $1",
    "a deleted file": "UPDATE item SET deleted_at = now() WHERE workspace_id = $1 AND kind = 'file'",
    "a build beside the active one": "INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version)"
    " SELECT workspace_id, gen_random_uuid(), file_id, version_id, 2 FROM build WHERE workspace_id = $1",
    "a build just retired": "UPDATE build SET retired_at = now() - interval '30 s' WHERE workspace_id = $1;"
    "UPDATE item SET active_build_id = NULL WHERE workspace_id = $1; UPDATE file SET state = 'failed', reason = 'broken' WHERE workspace_id = $1",
}


@pytest.mark.parametrize("name", UNDER_WAY)
async def test_what_is_under_way_is_no_finding(name, resources, owner_connection):
    scope = await make_sound(owner_connection)
    for statement in UNDER_WAY[name].split(";"):
        await owner_connection.execute(statement, scope.workspace_id)
    assert await broken(resources, scope) == []


async def test_a_queue_that_moves_is_no_finding_and_one_that_stands_is(resources, owner_connection):
    scope = await make_sound(owner_connection)
    other = await make_sound(owner_connection)
    waits = "UPDATE job SET state = 'queued', run_at = now() - interval '1 h', finished_at = NULL WHERE workspace_id = $1"
    works = "UPDATE job SET state = 'leased', lease_until = now() + interval '9 s', finished_at = NULL WHERE workspace_id = $1"
    await owner_connection.execute(waits, scope.workspace_id)
    assert await broken(resources, scope) == ["stuck_jobs"]
    await owner_connection.execute(works, other.workspace_id)
    assert await broken(resources, scope) == []


def test_the_times_are_those_of_the_worker():
    assert (LEASE_S, GRACE_S) == (ledger.LEASE_S, 60.0)
