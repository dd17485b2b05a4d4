import pytest

from core.errors import InvalidInput
from core.scope import Scope
from search.recent import MOST, forget, going_on, is_kept, list_recent, record, remove_old, switch
from tests.make import make_colleague, make_membership, make_scope


@pytest.fixture
async def scope(owner_connection, resources):
    return await make_scope(owner_connection)


async def ask(resources, scope, *queries) -> list[bool]:
    kept = []
    for q in queries:
        async with resources.app.write_tx(scope) as conn:
            kept.append(await record(conn, scope, q))
    return kept


async def asked(resources, scope) -> list[str]:
    async with resources.app.read_tx(scope) as conn:
        return [row.query for row in await list_recent(conn, scope)]


async def test_what_was_asked_last_comes_first_each_once(resources, scope):
    assert await ask(resources, scope, "pension", "  the   lease ", "pension") == [True] * 3
    assert await asked(resources, scope) == ["pension", "the lease"]


async def test_the_oldest_make_room(resources, scope):
    queries = [f"query {n}" for n in range(MOST + 3)]
    await ask(resources, scope, *queries, queries[-2])
    newest = [queries[-2], queries[-1], *reversed(queries[3:-2])]
    assert await asked(resources, scope) == newest


async def test_blanks_are_no_query(resources, scope):
    for q in ("", " ", "\x1c"):
        with pytest.raises(InvalidInput):
            await ask(resources, scope, q)


async def test_queries_are_their_authors_alone_in_their_workspace(
    resources, owner_connection, scope
):
    bob = await make_colleague(owner_connection, scope)
    other = await make_scope(owner_connection, "Other")
    there = Scope(scope.account_id, other.workspace_id, "member")
    elsewhere = await make_membership(owner_connection, there)
    await ask(resources, scope, "mine")
    await ask(resources, bob, "his")
    assert await asked(resources, scope) == ["mine"]
    assert await asked(resources, bob) == ["his"]
    assert await asked(resources, elsewhere) == []
    async with resources.app.read_tx(bob) as conn:
        assert await list_recent(conn, scope) == []  # row-level security, whatever the arguments


async def test_one_is_forgotten_or_all_are(resources, scope):
    await ask(resources, scope, "a", "b", "c")
    async with resources.app.write_tx(scope) as conn:
        await forget(conn, scope, " b ")
    assert await asked(resources, scope) == ["c", "a"]
    async with resources.app.write_tx(scope) as conn:
        await forget(conn, scope)
    assert await asked(resources, scope) == []


async def test_switched_off_nothing_is_kept_and_what_was_is_gone(resources, scope):
    await ask(resources, scope, "a")
    async with resources.app.write_tx(scope) as conn:
        await switch(conn, scope, on=False)
        assert not await is_kept(conn, scope)
    assert await ask(resources, scope, "b") == [False]
    assert await asked(resources, scope) == []
    async with resources.app.write_tx(scope) as conn:
        await switch(conn, scope, on=True)
    assert await ask(resources, scope, "c") == [True]


async def test_queries_go_with_the_membership_and_with_time(resources, owner_connection, scope):
    bob = await make_colleague(owner_connection, scope)
    await ask(resources, bob, "his")
    await owner_connection.execute("DELETE FROM membership WHERE account_id = $1", bob.account_id)
    await ask(resources, scope, "old", "new")
    await owner_connection.execute(
        "UPDATE recent_query SET asked_at = now() - interval '91 days' WHERE query = 'old'"
    )
    async with resources.worker.write_tx() as conn:
        assert await remove_old(conn) == 1
    assert await owner_connection.fetchval("SELECT array_agg(query) FROM recent_query") == ["new"]


@pytest.mark.parametrize(
    ("typed", "start", "found"),
    [
        ("", 0, ["Büro lease", "büro plan", "x"]),
        ("BURO", 0, ["Büro lease", "büro plan"]),
        ("Büro l", 5, ["Büro lease"]),
        ("BÜRO l", 5, []),
        ("büro plan", 5, []),
        ("y", 0, []),
    ],
)
def test_what_goes_on_from_what_is_typed(typed, start, found):
    assert going_on(["Büro lease", "büro plan", "x"], typed, start=start) == found
