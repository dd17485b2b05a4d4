import asyncio

import pytest

from llm.interrupted import interrupt_run
from llm.packing import CHARACTERS_A_TOKEN
from tests.llm.replying import events_of, make_run, state_of, took, until, work
from tests.llm.test_reply import has_text, vendor_model
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from workers.queue import enqueue_embed_message


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def interrupt(resources, run):
    async with resources.worker.tenant_tx(run.scope.workspace_id) as conn:
        return await interrupt_run(
            conn,
            run.scope.workspace_id,
            run_id=run.id,
            reason="gone",
            embed_later=enqueue_embed_message,
        )


async def test_a_run_nobody_will_finish_is_interrupted_once(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    assert await interrupt(resources, run) is not None
    assert await interrupt(resources, run) is None
    await work(resources, run)
    assert [event.kind for event in await events_of(owner_connection, run)] == ["run.done"]
    assert await took(owner_connection, run) == (0, 0, 0)


WORDS = "word " * 40


async def cut_off(resources, owner, run):
    """Have a worker die while a model writes."""
    async with vendor_server(Reply(words=(WORDS,), fault="stall", before_fault=1)) as vendor:
        task = asyncio.create_task(work(resources, run, vendor_model(vendor.base_url)))
        await until(lambda: has_text(owner, run))
        await until(lambda: has_trace(owner, run))
        task.cancel()
        await asyncio.wait([task])


async def has_trace(owner, run):
    return bool(await owner.fetchval("SELECT trace FROM run WHERE id = $1", run.id))


@pytest.mark.parametrize("by", ["the reaper", "the next worker"])
async def test_what_an_interrupted_reply_took_is_estimated(resources, owner_connection, scope, by):
    run = await make_run(owner_connection, resources, scope, model="openai:m")
    await cut_off(resources, owner_connection, run)
    if by == "the reaper":
        await interrupt(resources, run)
    else:
        await owner_connection.execute("UPDATE job SET state = 'queued', lease_token = NULL WHERE subject_id = $1", run.id)  # fmt: skip
        await work(resources, run)
    assert (await state_of(owner_connection, run))[0] == "interrupted"
    given, made, micros = await took(owner_connection, run)
    assert given > 50
    assert made == -(-len(WORDS.rstrip()) // CHARACTERS_A_TOKEN)
    assert micros == given + 10 * made
