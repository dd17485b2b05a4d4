from datetime import UTC, datetime

import pytest

from core.errors import Conflict, NotFound
from core.ids import new_id
from search.generations import (
    Standing,
    become_ready,
    begin,
    drop,
    find_generation,
    give_up,
    list_generations,
    live_generation,
    pause,
    promote,
    resume,
    roll_back,
    standing,
)
from search.statistics import read_basis
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message


@pytest.fixture
async def scope(owner_connection, resources):
    scope = await make_scope(owner_connection)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await live_generation(conn, scope.workspace_id, model="one", dimension=384)
    return scope


async def begun(conn, scope, model="two"):
    return await begin(conn, scope.workspace_id, model=model, dimension=16, is_automatic=False)


async def made_ready(conn, scope, model="two"):
    generation_id = await begun(conn, scope, model)
    await become_ready(conn, scope.workspace_id, generation_id, reason="")
    return generation_id


async def states(conn, scope):
    return {g.model: g.state for g in await list_generations(conn, scope.workspace_id)}


async def test_the_first_is_active_at_once_and_stays_the_one(resources, scope):
    ws = scope.workspace_id
    async with resources.worker.tenant_tx(ws) as conn:
        first = await live_generation(conn, ws, model="two", dimension=16)
        found = await find_generation(conn, ws, first.id)
    assert first.model == "one"
    assert (found.state, found.dimension, found.embedded, found.passages) == ("active", 384, 0, 0)


async def test_another_models_is_built_beside_it_once(resources, scope):
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        generation_id = await begun(conn, scope)
        assert (await find_generation(conn, scope.workspace_id, generation_id)).dimension == 16
        assert await states(conn, scope) == {"one": "active", "two": "building"}
        for model in ("one", "two"):
            with pytest.raises(Conflict, match=f"There is a generation of {model} already"):
                await begun(conn, scope, model)


async def test_it_is_paused_resumed_given_up_and_dropped(resources, scope):
    ws = scope.workspace_id
    async with resources.worker.tenant_tx(ws) as conn:
        generation_id = await begun(conn, scope)
        for move, state in (
            (pause, "paused"), (resume, "building"), (give_up, "failed"), (resume, "building"), (drop, "dropping"),
        ):  # fmt: skip
            more = {"reason": "no room"} if move is give_up else {}
            await move(conn, ws, generation_id, **more)
            found = await find_generation(conn, ws, generation_id)
            assert (found.state, found.reason) == (state, more.get("reason", ""))
        with pytest.raises(Conflict, match="The generation is dropping"):
            await resume(conn, ws, generation_id)
        with pytest.raises(NotFound):
            await pause(conn, ws, new_id())


async def test_the_active_one_can_be_neither_paused_nor_dropped(resources, scope):
    ws = scope.workspace_id
    async with resources.worker.tenant_tx(ws) as conn:
        live = await live_generation(conn, ws, model="one", dimension=384)
        for move in (pause, resume, drop, promote):
            with pytest.raises(Conflict, match="The generation is active"):
                await move(conn, ws, live.id)


async def test_promoting_and_rolling_back_change_which_one_search_reads(resources, scope):
    ws = scope.workspace_id
    async with resources.worker.tenant_tx(ws) as conn:
        two = await made_ready(conn, scope)
        before = await read_basis(conn, ws, lexemes=[])
        await promote(conn, ws, two)
        after = await read_basis(conn, ws, lexemes=[])
        assert await states(conn, scope) == {"one": "retired", "two": "active"}
        back = await roll_back(conn, ws)
        again = await read_basis(conn, ws, lexemes=[])
        assert await states(conn, scope) == {"one": "active", "two": "retired"}
        given_up = await find_generation(conn, ws, two)
    assert [b and (b.model, b.generation_id) for b in (before, after, again)] == [
        ("one", back), ("two", two), ("one", back),
    ]  # fmt: skip
    seqs = [basis.index_seq for basis in (before, after, again) if basis is not None]
    assert seqs == sorted(set(seqs))
    assert given_up.rolled_back_at is not None


async def test_there_may_be_nothing_to_go_back_to(resources, scope):
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        with pytest.raises(Conflict, match="no generation to go back to"):
            await roll_back(conn, scope.workspace_id)


async def test_one_that_lacks_vectors_is_promoted_only_on_demand(resources, owner_connection):
    scope = await make_scope(owner_connection)
    ws = scope.workspace_id
    talk = await make_conversation(owner_connection, scope)
    await make_message(resources, owner_connection, scope, conversation_id=talk, content="tide")
    await embed_all(resources, owner_connection, scope)
    async with resources.worker.tenant_tx(ws) as conn:
        two = await made_ready(conn, scope)
        with pytest.raises(Conflict, match="1 passages wait for their vectors"):
            await promote(conn, ws, two)
        await promote(conn, ws, two, allow_gaps=True)
        with pytest.raises(NotFound):
            await promote(conn, ws, new_id())


async def test_a_retired_one_is_brought_up_to_date_instead_of_made_anew(resources, scope):
    ws = scope.workspace_id
    async with resources.worker.tenant_tx(ws) as conn:
        live = await live_generation(conn, ws, model="one", dimension=384)
        await promote(conn, ws, await made_ready(conn, scope))
        assert await begun(conn, scope, "one") == live.id
        assert await states(conn, scope) == {"one": "building", "two": "active"}
        assert await standing(conn, ws, new_id()) is None


def test_a_scan_goes_on_well_before_where_the_last_one_began():
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    whole = Standing("m", "building", False, 0, None, at)
    later = Standing("m", "ready", False, 0, at, at)
    assert whole.scan_from.int == 0
    assert later.scan_from.int >> 80 == (int(at.timestamp()) - 600) * 1000
