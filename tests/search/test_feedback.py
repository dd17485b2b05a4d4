import pytest

from core.errors import Forbidden, NotFound
from search.feedback import (
    Feedback,
    Judgement,
    Switches,
    forget,
    list_judgements,
    record,
    remove_old,
    switch_own,
    switch_workspace,
    switches,
)
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_file, make_message


@pytest.fixture
async def scope(owner_connection, resources):
    return await make_scope(owner_connection)


@pytest.fixture
async def file_id(resources, owner_connection, scope):
    return await make_file(
        resources, owner_connection, scope, name="plan.pdf", passages=["The pension plan."]
    )


async def say(resources, scope, kind, query="pension", **ids) -> bool:
    async with resources.app.write_tx(scope) as conn:
        return await record(conn, scope, Feedback(query=query, kind=kind, **ids))


async def said(resources, scope) -> list[Judgement]:
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        return await list_judgements(conn, scope.workspace_id)


async def test_clicks_are_counted_and_the_last_thumb_holds(resources, scope, file_id):
    for kind in ("click", "up", "click", "down"):
        assert await say(resources, scope, kind, query=" the  pension ", file_id=file_id, rank=3)
    assert await said(resources, scope) == [
        Judgement(scope.account_id, "owner", "the pension", file_id, 2, "down")
    ]
    assert await say(resources, scope, "none", query="the pension", file_id=file_id)
    assert await said(resources, scope) == []


async def test_a_passage_stands_for_its_file_or_message(
    resources, owner_connection, scope, file_id
):
    talk = await make_conversation(owner_connection, scope)
    message_id = await make_message(
        resources, owner_connection, scope, conversation_id=talk, content="A pension?"
    )
    passages = await owner_connection.fetch("SELECT id FROM passage ORDER BY id")
    for row in passages:
        await say(resources, scope, "click", passage_id=row["id"])
    await say(resources, scope, "up", message_id=message_id)
    found = {(j.target_id, j.clicks, j.thumb) for j in await said(resources, scope)}
    assert found == {(file_id, 1, None), (message_id, 1, "up")}


async def test_what_one_may_not_read_is_as_if_it_were_not_there(
    resources, owner_connection, scope, file_id
):
    colleague = await make_colleague(owner_connection, scope)
    with pytest.raises(NotFound, match="No such hit"):
        await say(resources, colleague, "click", file_id=file_id)
    (passage,) = await owner_connection.fetch("SELECT id FROM passage")
    with pytest.raises(NotFound, match="No such hit"):
        await say(resources, colleague, "click", passage_id=passage["id"])
    assert await said(resources, scope) == []


async def test_nobody_reads_or_removes_what_a_colleague_said(
    resources, owner_connection, scope, file_id
):
    colleague = await make_colleague(owner_connection, scope)
    await say(resources, scope, "up", file_id=file_id)
    async with resources.app.write_tx(colleague) as conn:
        assert await conn.raw.fetch("SELECT query FROM search_feedback") == []
        await forget(conn, colleague)
    assert len(await said(resources, scope)) == 1


async def test_who_switches_it_off_is_forgotten_and_not_recorded(resources, scope, file_id):
    await say(resources, scope, "up", file_id=file_id)
    async with resources.app.write_tx(scope) as conn:
        await switch_own(conn, scope, on=False)
        assert await switches(conn, scope) == Switches(True, False, 0)
    assert not await say(resources, scope, "up", file_id=file_id)
    async with resources.app.write_tx(scope) as conn:
        await switch_own(conn, scope, on=True)
    assert await say(resources, scope, "up", file_id=file_id)


async def test_a_workspace_switches_it_off_for_all_and_the_worker_removes_what_was_kept(
    resources, owner_connection, scope, file_id
):
    await say(resources, scope, "up", file_id=file_id)
    colleague = await make_colleague(owner_connection, scope)
    async with resources.app.write_tx(colleague) as conn:
        with pytest.raises(Forbidden):
            await switch_workspace(conn, colleague, on=False)
    async with resources.app.write_tx(scope) as conn:
        await switch_workspace(conn, scope, on=False)
    assert not await say(resources, scope, "up", file_id=file_id)
    async with resources.worker.write_tx() as conn:
        assert (await remove_old(conn), await remove_old(conn)) == (1, 0)


async def test_old_judgements_and_those_beyond_a_persons_newest_are_removed(
    resources, owner_connection, scope, file_id
):
    await owner_connection.execute(
        "INSERT INTO search_feedback (workspace_id, account_id, query, target_id, item_id, given_at) "
        "SELECT $1, $2, 'q' || n, $3, $3, now() - CASE WHEN n > 10002 THEN interval '181 days' ELSE n * interval '1 s' END "
        "FROM generate_series(1, 10004) n", scope.workspace_id, scope.account_id, file_id,
    )  # fmt: skip
    async with resources.worker.write_tx() as conn:
        assert await remove_old(conn) == 4
    oldest = await owner_connection.fetchval(
        "SELECT query FROM search_feedback ORDER BY given_at LIMIT 1"
    )
    assert oldest == "q10000"


async def test_who_leaves_the_workspace_takes_the_queries_along(
    resources, owner_connection, scope, file_id
):
    await say(resources, scope, "up", file_id=file_id)
    await owner_connection.execute("DELETE FROM membership WHERE account_id = $1", scope.account_id)
    assert await owner_connection.fetchval("SELECT count(*) FROM search_feedback") == 0
