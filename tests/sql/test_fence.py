import asyncio

import pytest

from core.errors import LeaseLost
from core.ids import new_id
from sql.fence import Fence
from tests.make import make_scope
from workers.ledger import claim
from workers.queue import enqueue_reply


@pytest.fixture
async def fence(resources, owner_connection) -> Fence:
    scope = await make_scope(owner_connection)
    async with resources.app.write_tx(scope) as conn:
        await enqueue_reply(conn, scope, run_id=new_id())
    taken = await claim(resources.worker, "reply")
    assert taken is not None
    return Fence(resources.worker, taken.workspace_id, taken.job_ids, taken.token)


async def test_the_holder_writes_and_ends_the_job(fence, owner_connection):
    async with fence.tx() as conn:
        assert await conn.raw.fetchval("SELECT current_setting('app.ws')") == str(
            fence.workspace_id
        )
    async with fence.last_tx("failed", reason="because"):
        pass
    row = await owner_connection.fetchrow("SELECT state, reason, lease_token FROM job")
    assert tuple(row) == ("failed", "because", None)


async def test_a_stale_holder_changes_nothing(fence, owner_connection):
    await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
    before = await owner_connection.fetchrow("SELECT * FROM job")
    with pytest.raises(LeaseLost):
        async with fence.tx():
            raise AssertionError("the block was entered")
    with pytest.raises(LeaseLost):
        async with fence.last_tx():
            raise AssertionError("the block was entered")
    assert await owner_connection.fetchrow("SELECT * FROM job") == before


async def test_an_error_in_the_last_transaction_leaves_the_job_ours(fence, owner_connection):
    with pytest.raises(ZeroDivisionError):
        async with fence.last_tx():
            raise ZeroDivisionError
    assert await owner_connection.fetchval("SELECT state FROM job") == "leased"


async def test_nobody_takes_the_job_while_its_holder_writes(fence, owner_connection):
    async with fence.tx():
        skipped = await owner_connection.fetch("SELECT id FROM job FOR UPDATE SKIP LOCKED")
        assert skipped == []
    assert len(await owner_connection.fetch("SELECT id FROM job FOR UPDATE SKIP LOCKED")) == 1


async def test_two_transactions_of_one_job_run_side_by_side(fence):
    async with asyncio.timeout(60), fence.tx(), fence.tx():
        pass


async def test_no_transaction_begins_while_the_lease_is_renewed(fence):
    async def write() -> None:
        async with fence.tx():
            pass

    async with asyncio.timeout(60), fence.tx():  # one that was begun before goes on
        async with fence.renewal:
            writing = asyncio.create_task(write())
            await asyncio.sleep(0.2)
            assert not writing.done()
        await writing
