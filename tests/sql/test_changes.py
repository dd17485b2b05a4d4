import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from core.changes import CHANGE_KINDS, ChangeKind
from core.ids import new_id
from sql.changes import note_change
from tests.make import make_conversation, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def note(
    conn, scope, talk, *, kind: ChangeKind = "message.created", subject_id=None, data=None
):
    return await note_change(
        conn,
        workspace_id=scope.workspace_id,
        conversation_id=talk,
        kind=kind,
        subject_id=subject_id,
        actor_id=scope.account_id,
        data=data,
    )


async def test_changes_are_counted_in_each_conversation(resources, owner_connection, scope):
    talks = [await make_conversation(owner_connection, scope) for _ in range(2)]
    async with resources.app.write_tx(scope) as conn:
        assert [await note(conn, scope, talk) for talk in (*talks, *talks)] == [1, 1, 2, 2]


async def test_a_change_says_what_when_and_whose_doing(resources, owner_connection, scope):
    talk, message = await make_conversation(owner_connection, scope), new_id()
    async with resources.app.write_tx(scope) as conn:
        await note(conn, scope, talk, kind="reaction.changed", subject_id=message, data={"n": 1})
    row = await owner_connection.fetchrow(
        "SELECT seq, kind, subject_id, actor_id, data::text FROM change WHERE conversation_id = $1",
        talk,
    )
    assert tuple(row) == (1, "reaction.changed", message, scope.account_id, '{"n": 1}')


async def test_long_words_do_not_fit_into_a_change_and_what_is_rolled_back_leaves_no_gap(
    resources, owner_connection, scope
):
    talk = await make_conversation(owner_connection, scope)

    async def once(*, long=False):
        async with resources.app.write_tx(scope) as conn:
            seq = await note(conn, scope, talk)
            await note(conn, scope, talk, data={"text": "x" * 3000 if long else ""})
            return seq

    first = await once()
    with pytest.raises(asyncpg.CheckViolationError):
        await once(long=True)
    assert [first, await once()] == [1, 3]


async def test_writers_at_the_same_time_get_seqs_without_gaps_in_the_order_of_their_commits(
    resources, owner_connection, scope
):
    talk = await make_conversation(owner_connection, scope)
    committed = []

    async def once():
        async with resources.app.write_tx(scope) as conn:
            seq = await note(conn, scope, talk)
            committed.append(seq)  # still under the lock: nobody else can have the next one

    await asyncio.gather(*(once() for _ in range(8)))
    assert committed == list(range(1, 9))


async def test_a_conversation_of_another_workspace_is_not_there(resources, owner_connection, scope):
    other = await make_scope(owner_connection, "eve")
    talk = await make_conversation(owner_connection, scope)
    async with resources.app.write_tx(other) as conn:
        with pytest.raises(LookupError):
            await note(conn, other, talk)


def test_the_table_knows_the_same_kinds_as_the_code():
    text = Path("sql/schema.sql").read_text()
    [listed] = re.findall(r"CONSTRAINT change_kind_check CHECK (.*)", text)
    assert tuple(re.findall(r"'([a-z.]+)'", listed)) == CHANGE_KINDS
