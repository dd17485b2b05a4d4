import asyncio
from functools import partial

import pytest

from core.events import announce, nudge
from llm.chat import ChatMessage, Delta, Finish, Usage
from llm.generate import STOP_LOOK_S, Task, generate, stop_topic, storable
from llm.openai import OpenAIChat
from llm.run_log import RunLog
from tests.llm.make_source import make_source
from tests.llm.replying import events_of, fenced, make_run, text_of, until
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope

TASK = Task([ChatMessage("user", "why?")], [make_source("The river is long.")], 100)


class Fast:
    """A model without a vendor: says what it is given."""

    name = "fast"

    def __init__(self, *events):
        self.events = events

    async def stream(self, messages, *, max_tokens):
        for event in self.events:
            yield event


@pytest.fixture
async def run(resources, owner_connection):
    return await make_run(owner_connection, resources, await make_scope(owner_connection), facts=[])


async def answer(resources, run, model):
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=partial(announce, resources.redis))
        return await generate(model, TASK, log=log, feed=resources.feed)


async def test_usage_and_the_way_it_ended_are_kept(resources, owner_connection, run):
    ending = await answer(resources, run, Fast(Delta("Long."), Usage(3, 4), Finish("stop")))
    assert (ending.state, ending.usage) == ("complete", Usage(3, 4))
    ending_states = []
    for reason in ("length", "refused", "abstained"):
        await owner_connection.execute(
            "UPDATE job SET state = 'queued' WHERE subject_id = $1", run.id
        )
        await owner_connection.execute("UPDATE run SET last_seq = 0")
        await owner_connection.execute("DELETE FROM run_event")
        ending_states.append(
            (await answer(resources, run, Fast(Delta("No."), Finish(reason)))).state
        )
    assert ending_states == ["complete", "failed", "abstained"]


async def test_text_that_the_database_cannot_hold_is_mended(resources, owner_connection, run):
    assert storable("a\0b\ud800c") == "ab?c"
    await answer(resources, run, Fast(Delta("a\0b\ud800c"), Finish("stop")))
    assert text_of(await events_of(owner_connection, run)) == "ab?c"


async def test_a_long_delta_becomes_events_of_bounded_size(resources, owner_connection, run):
    await answer(resources, run, Fast(Delta("ß" * 30_000), Finish("stop")))
    events = await events_of(owner_connection, run)
    assert text_of(events) == "ß" * 30_000
    assert max(len(str(event.data["text"])) for event in events) <= 8_000


async def test_a_bug_in_a_model_is_not_taken_for_its_answer(resources, run):
    with pytest.raises(AttributeError):
        await answer(resources, run, Fast(Delta(None)))  # pyright: ignore[reportArgumentType]


async def shown(owner, run):
    return len(text_of(await events_of(owner, run))) > 0


def test_a_stop_whose_nudge_was_lost_is_seen_within_the_second_that_a_stop_may_take():
    assert STOP_LOOK_S < 1


@pytest.mark.parametrize("heard", [True, False], ids=["nudged", "nudge lost"])
async def test_a_stop_closes_the_vendors_stream_and_keeps_the_text(
    resources, owner_connection, run, heard, monkeypatch
):
    monkeypatch.setattr("llm.generate.STOP_LOOK_S", 600 if heard else 0.2)
    async with vendor_server(
        Reply(words=("Half ", "an "), fault="stall", before_fault=2)
    ) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        task = asyncio.create_task(answer(resources, run, model))
        await until(lambda: shown(owner_connection, run))
        await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
        if heard:
            await nudge(resources.redis, stop_topic(run.id))
        ending = await task
        await asyncio.wait_for(vendor.client_left.wait(), 30)
        await model.aclose()
    assert ending.state == "stopped"
    assert text_of(await events_of(owner_connection, run)) == "Half an "


async def test_a_stop_is_seen_at_the_next_save(resources, owner_connection, run, monkeypatch):
    monkeypatch.setattr("llm.generate.STOP_LOOK_S", 600)
    words = tuple(f"w{n} " for n in range(4_000))
    async with vendor_server(Reply(words=words, pause_s=0.005)) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        task = asyncio.create_task(answer(resources, run, model))
        await until(lambda: shown(owner_connection, run))
        await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
        assert (await task).state == "stopped"
        await model.aclose()
