import asyncio
from dataclasses import replace

import pytest

from core.errors import LeaseLost
from core.events import END, Event
from llm.chat import Delta, Finish, Usage
from llm.citations import Citation, Grounding, TextOut
from llm.reply import reply
from llm.run_log import Ending, Entry, RunLog, end_run
from tests.llm.make_source import make_source
from tests.llm.replying import Fixed, deps, events_of, fenced, make_run, text_of
from tests.llm.test_fallback import Model
from tests.make import make_scope
from workers.queue import enqueue_embed_message


class Readers:
    """Who is shown what, in the order of commits."""

    def __init__(self):
        self.shown = []

    async def __call__(self, run_id, events):
        self.shown += events


@pytest.fixture
async def run(resources, owner_connection):
    return await make_run(owner_connection, resources, await make_scope(owner_connection), facts=[])


def citation():
    source = make_source("The river is long.")
    return Citation(1, source, 0, 18, 0, 10, "The river is long.", "verbatim", 1.0)


async def test_events_are_numbered_without_gaps_and_shown_after_the_commit(
    resources, owner_connection, run
):
    readers = Readers()
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=readers)
        await log.append([Entry("run.started", "{}")])
        await log.append_pieces([TextOut("Long "), TextOut("[1]"), citation()])
        await log.append_pieces([])
        await log.end(
            Ending("complete", Usage(1, 2), Grounding(1, 1, 0)), embed_later=enqueue_embed_message
        )
    rows = await owner_connection.fetch("SELECT seq, kind, data FROM run_event ORDER BY seq")
    assert readers.shown == [Event(row["seq"], row["kind"], row["data"]) for row in rows]
    assert [event.kind for event in readers.shown] == ["run.started", "delta", "citation", END]


async def test_events_appended_at_the_same_time_keep_the_order_of_the_calls(
    resources, owner_connection, run
):
    readers = Readers()
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=readers)
        await asyncio.gather(*(log.append([Entry("delta", str(n))]) for n in range(5)))
    assert [event.data for event in readers.shown] == [*"01234"]
    rows = await owner_connection.fetch("SELECT data FROM run_event ORDER BY seq")
    assert [row["data"] for row in rows] == [*"01234"]


async def test_no_word_is_kept_of_a_source_that_was_erased_meanwhile(
    resources, owner_connection, run
):
    there = citation()
    there = replace(there, ref=2, source=replace(there.source, item_id=run.conversation_id))
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=Readers())
        await log.append_pieces([citation(), there])
    rows = await owner_connection.fetch(
        "SELECT ref, title, headings, quote FROM citation ORDER BY ref"
    )
    assert [tuple(row) for row in rows] == [
        (1, "", [], ""),
        (2, "notes.md", ["Rivers"], "The river is long."),
    ]


async def test_a_commit_whose_answer_was_lost_is_not_repeated(resources, owner_connection, run):
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=Readers())
        await log.append([Entry("delta", '{"text": "once"}')])
        log.last_seq = 0  # as if the first call had not heard of its commit
        await log.append([Entry("delta", '{"text": "once"}')])
    assert text_of(await events_of(owner_connection, run)) == "once"


async def test_a_second_writer_is_turned_away(resources, owner_connection, run):
    async with fenced(resources) as fence:
        ours = RunLog(fence, run.id, last_seq=0, announce=Readers())
        theirs = RunLog(fence, run.id, last_seq=0, announce=Readers())
        await ours.append([Entry("delta", '{"text": "a"}'), Entry("delta", '{"text": "b"}')])
        with pytest.raises(LeaseLost):
            await theirs.append([Entry("delta", '{"text": "c"}')])
    assert text_of(await events_of(owner_connection, run)) == "ab"


async def test_the_first_end_wins(resources, owner_connection, run):
    async with fenced(resources) as fence:
        readers = Readers()
        log = RunLog(fence, run.id, last_seq=0, announce=readers)
        async with resources.worker.tenant_tx(run.scope.workspace_id) as conn:
            await end_run(
                conn,
                run.scope.workspace_id,
                run_id=run.id,
                ending=Ending("interrupted"),
                embed_later=enqueue_embed_message,
            )
        await log.end(Ending("complete"), embed_later=enqueue_embed_message)
    assert readers.shown == []
    row = await owner_connection.fetchrow("SELECT state, reply_message_id FROM run")
    assert tuple(row.values()) == ("interrupted", None)


async def test_the_last_event_says_how_it_ended(resources, owner_connection, run):
    async with fenced(resources) as fence:
        log = RunLog(fence, run.id, last_seq=0, announce=Readers())
        await log.append([Entry("delta", '{"text": "Half"}')])
        await log.end(
            Ending("failed", None, None, "model_unavailable", "It stalled.", True),
            embed_later=enqueue_embed_message,
        )
    last = (await events_of(owner_connection, run))[-1].data
    message_id = await owner_connection.fetchval("SELECT id FROM message WHERE role = 'assistant'")
    assert last == {
        "state": "failed", "model": None, "usage": None, "cost_usd": 0.0, "grounding": None, "message_id": str(message_id),
        "error": {"code": "model_unavailable", "message": "It stalled."}, "retryable": True,
    }  # fmt: skip


@pytest.mark.parametrize("default", ["openai:m", "extractive"])
async def test_what_an_end_has_made_is_woken_and_who_asked_is_told(resources, run, default):
    readers, woken = Readers(), []

    async def wake(kind):
        woken.append(kind)

    models = Fixed(Model([Delta("At the door."), Finish("stop")]), default)
    tools = replace(deps(resources), models=models, announce=readers, wake=wake)
    async with fenced(resources) as fence:
        await reply(tools, fence, run_id=run.id)
    topics = (f"conversation:{run.conversation_id}", f"notices:{run.scope.account_id}")
    assert [event.nudges for event in readers.shown if event.nudges] == [topics]
    assert woken == ["embed_message", *([] if default == "extractive" else ["title"])]
