import asyncio
from dataclasses import replace

import pytest

from api.conversations.posting import NewMessage, NewRun, branch, post
from api.conversations.reading import find_message
from core.errors import Unavailable
from core.events import nudge
from llm.anthropic import AnthropicChat
from llm.generate import stop_topic
from llm.openai import OpenAIChat
from llm.prompt import ABSTENTION
from llm.reply import LIST_TURNS, MOST_TURNS, reply
from sql import fetch
from tests.llm.replying import (
    FACT,
    QUESTION,
    deps,
    events_of,
    fenced,
    make_run,
    state_of,
    text_of,
    took,
    until,
    work,
)
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_colleague, make_scope

CITED = ("The spare key", " hangs behind", " the blue door", " [1]", ".")


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


def vendor_model(base_url):
    return OpenAIChat("fake", api_key="none", base_url=f"{base_url}/v1")


async def has_text(owner, run):
    return bool(text_of(await events_of(owner, run)))


async def was_asked(vendor):
    return bool(vendor.requests)


async def test_an_extractive_reply_quotes_the_source_and_ends_complete(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    events = await events_of(owner_connection, run)
    assert [event.kind for event in events][:3] == ["run.started", "retrieval.done", "delta"]
    assert events[-1].kind == "run.done"
    assert FACT in text_of(events)
    assert await state_of(owner_connection, run) == ("complete", "", False, "done")


async def test_the_reply_is_a_message_of_the_conversation_with_the_text_that_was_shown(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    row = await owner_connection.fetchrow(
        "SELECT m.content, m.parent_id, m.seq, m.role, m.author_id, r.content = m.content AS same,"
        " EXISTS (SELECT 1 FROM passage p WHERE p.message_id = m.id) AS indexed"
        " FROM run r JOIN message m ON m.id = r.reply_message_id WHERE r.id = $1", run.id,
    )  # fmt: skip
    shown = text_of(await events_of(owner_connection, run))
    assert dict(row) == {
        "content": shown, "parent_id": run.message_id, "seq": 2, "role": "assistant", "author_id": None,
        "same": True, "indexed": True,
    }  # fmt: skip


async def test_a_citation_names_the_words_of_the_source_in_code_points(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope, facts=[f"🔑 {FACT}"])
    async with vendor_server(Reply(words=CITED)) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
    row = await owner_connection.fetchrow(
        "SELECT c.quote, c.source_start, c.source_end, c.answer_start, c.answer_end, m.content, r.content AS answer"
        " FROM citation c JOIN message m ON m.id = c.message_id JOIN run r ON r.id = c.run_id"
    )
    assert row["content"][row["source_start"] : row["source_end"]] == row["quote"]
    assert row["answer"][row["answer_start"] : row["answer_end"]].endswith("[1]")
    events = await events_of(owner_connection, run)
    assert [event.kind for event in events if event.kind == "citation"] == ["citation"]


async def test_the_first_words_are_shown_at_once_and_later_ones_together(
    resources, owner_connection, scope, monkeypatch
):
    monkeypatch.setattr("llm.generate.FLUSH_AFTER_S", 60)
    run = await make_run(owner_connection, resources, scope)
    words = tuple(f"word{n} " for n in range(30))
    async with vendor_server(Reply(words=words)) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
    deltas = [e.data["text"] for e in await events_of(owner_connection, run) if e.kind == "delta"]
    assert deltas[0] == words[0].rstrip()  # the space waits for what may be a marker
    assert len(deltas) <= 8


FAULTS = ("eof", "cut", "error_inside", "malformed", "wrong_shape", "duplicate_start", "huge_event", "bad_utf8", "deep_nesting")  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_provider_that_breaks_off_ends_the_run_as_failed_with_the_text_kept(
    resources, owner_connection, scope, fault
):
    run = await make_run(owner_connection, resources, scope)
    async with vendor_server(
        Reply(words=("Half ", "an ", "answer"), fault=fault, before_fault=2)
    ) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
        assert len(vendor.requests) == 1
    assert text_of(await events_of(owner_connection, run)).startswith("Half")
    assert await state_of(owner_connection, run) == ("failed", "model_unavailable", True, "done")


async def test_a_refused_request_is_not_worth_trying_again(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    async with vendor_server(Reply(fault="unauthorised")) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
    assert await state_of(owner_connection, run) == ("failed", "model_refused", False, "done")


async def test_without_sources_the_reply_abstains_and_no_model_is_asked(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope, question="?!", facts=[])
    async with vendor_server(Reply()) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
        assert vendor.requests == []
    assert text_of(await events_of(owner_connection, run)) == ABSTENTION
    assert await state_of(owner_connection, run) == ("abstained", "", False, "done")


async def test_a_claim_without_a_citation_is_told_by_its_place(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    bare = "Owls have always guarded the doors."
    async with vendor_server(Reply(words=(*CITED, f" {bare}"))) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
    events = await events_of(owner_connection, run)
    start = text_of(events).index(bare)
    grounding = events[-1].data["grounding"]
    assert isinstance(grounding, dict)
    assert (grounding["share"], grounding["unsupported"]) == (
        0.5,
        [{"start": start, "end": start + len(bare)}],
    )


async def test_what_anthropic_cites_by_itself_is_a_checked_citation(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    cites = ((0, "behind the blue door"), (0, "behind the red door"), (3, "behind"))
    async with vendor_server(Reply(words=("It hangs behind the door.",), cites=cites)) as vendor:
        model = AnthropicChat("fake", api_key="none", base_url=vendor.base_url)
        await work(resources, run, model)
        await model.aclose()
    rows = await owner_connection.fetch("SELECT quote, verdict, answer_end FROM citation")
    assert [tuple(row) for row in rows] == [("behind the blue door", "paraphrase", 29)]
    assert text_of(await events_of(owner_connection, run)) == "It hangs behind the door. [1]"


async def test_a_run_stopped_before_it_began_asks_no_model(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
    await work(resources, run)
    assert [event.kind for event in await events_of(owner_connection, run)] == ["run.done"]
    assert (await state_of(owner_connection, run))[0] == "stopped"


async def test_who_lost_the_conversation_gets_no_reply(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    await owner_connection.execute(
        "DELETE FROM access_grant WHERE item_id = $1", run.conversation_id
    )
    await work(resources, run)
    assert await state_of(owner_connection, run) == ("failed", "no_access", False, "done")


async def test_what_the_asker_may_not_read_is_no_source(resources, owner_connection, scope):
    bob = await make_colleague(owner_connection, scope)
    await make_run(owner_connection, resources, scope)  # the fact is the first one's own
    await owner_connection.execute("DELETE FROM job WHERE kind = 'reply'")
    run = await make_run(owner_connection, resources, bob, facts=[])
    await work(resources, run)
    assert (await state_of(owner_connection, run))[0] == "abstained"


async def test_text_of_a_worker_that_died_is_kept_and_not_written_again(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    async with vendor_server(
        Reply(words=("Half ", "an "), fault="stall", before_fault=2)
    ) as vendor:
        task = asyncio.create_task(work(resources, run, vendor_model(vendor.base_url)))
        await until(lambda: has_text(owner_connection, run))
        task.cancel()
        await asyncio.wait([task])
        await asyncio.wait_for(vendor.client_left.wait(), 30)
    await owner_connection.execute(
        "UPDATE job SET state = 'queued', lease_token = NULL WHERE subject_id = $1", run.id
    )
    await work(resources, run)
    assert text_of(await events_of(owner_connection, run)) == "Half"
    assert await state_of(owner_connection, run) == ("interrupted", "worker_lost", True, "done")


async def test_a_run_that_showed_nothing_starts_over_after_a_crash(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    async with vendor_server(Reply(fault="no_first_token")) as vendor:
        task = asyncio.create_task(work(resources, run, vendor_model(vendor.base_url)))
        await until(lambda: was_asked(vendor))
        task.cancel()
        await asyncio.wait([task])
    await owner_connection.execute(
        "UPDATE job SET state = 'queued', lease_token = NULL WHERE subject_id = $1", run.id
    )
    await work(resources, run)
    assert (await state_of(owner_connection, run))[0] == "complete"


async def test_the_same_job_done_twice_writes_one_reply(resources, owner_connection, scope):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    before = await events_of(owner_connection, run)
    await owner_connection.execute("UPDATE job SET state = 'queued' WHERE subject_id = $1", run.id)
    await work(resources, run)
    assert await events_of(owner_connection, run) == before
    assert (
        await owner_connection.fetchval("SELECT count(*) FROM message WHERE role = 'assistant'")
        == 1
    )


async def test_a_search_that_is_away_puts_the_reply_off_and_shows_nothing(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope)
    full = replace(resources.app, seats=asyncio.Semaphore(0), acquire_timeout_s=0.01)
    async with fenced(resources) as fence:
        with pytest.raises(Unavailable):
            await reply(deps(replace(resources, app=full)), fence, run_id=run.id)
    assert [event.kind for event in await events_of(owner_connection, run)] == ["run.started"]


async def say(resources, run, content, *, model=None):
    """Post a message at the end of a run's conversation, with a model to be answered; return that run."""
    async with resources.app.write_tx(run.scope) as conn:
        new = NewMessage(content, None, None, ())
        asking = None if model is None else NewRun(model, "{}")
        posted = await post(conn, run.scope, run.conversation_id, new=new, run=asking)
    return replace(run, message_id=posted.message.id, id=posted.run_id)


async def follow_up(owner, resources, scope, question, *, model="extractive"):
    """Post another question to a conversation in which the first was answered."""
    run = await make_run(owner, resources, scope)
    await work(resources, run)
    return await say(resources, run, question, model=model)


async def query_of(owner, run):
    (retrieved,) = [e for e in await events_of(owner, run) if e.kind == "retrieval.done"]
    return retrieved.data["query"]


async def test_a_follow_up_is_searched_for_with_the_words_of_the_question_before(
    resources, owner_connection, scope
):
    run = await follow_up(owner_connection, resources, scope, "And which door?")
    await work(resources, run)
    assert await query_of(owner_connection, run) == {
        "text": "door spare key hang",
        "by": "by terms",
    }
    assert FACT in text_of(await events_of(owner_connection, run))


async def test_a_model_words_the_query_of_a_follow_up_and_its_tokens_count(
    resources, owner_connection, scope
):
    run = await follow_up(
        owner_connection, resources, scope, "And where exactly?", model="openai:m"
    )
    rewritten = Reply(words=("spare key ", "blue door"))
    async with vendor_server(rewritten, Reply(words=CITED)) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
        assert len(vendor.requests) == 2
    assert await query_of(owner_connection, run) == {
        "text": "spare key blue door",
        "by": "by the model",
    }
    done = (await events_of(owner_connection, run))[-1]
    assert done.data["usage"] == {"input_tokens": 22, "output_tokens": 2 + len(CITED)}


async def test_a_stop_while_the_query_is_worded_ends_the_run(resources, owner_connection, scope):
    run = await follow_up(
        owner_connection, resources, scope, "And where exactly?", model="openai:m"
    )
    async with vendor_server(Reply(fault="no_first_token")) as vendor:
        working = asyncio.create_task(work(resources, run, vendor_model(vendor.base_url)))
        await until(lambda: was_asked(vendor))
        await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
        await nudge(resources.redis, stop_topic(run.id))
        await working
    assert (await state_of(owner_connection, run))[0] == "stopped"
    taken = await took(owner_connection, run)
    assert taken == (taken[0], 0, taken[0])
    assert taken[0] > 50, "the rules of the wording alone"


async def test_who_wants_to_know_is_told_that_a_reply_is_ready(resources, owner_connection, scope):
    await owner_connection.execute(
        "INSERT INTO notification_setting VALUES ($1, $2, 'reply.finished', true, 'off', false)",
        scope.workspace_id, scope.account_id,
    )  # fmt: skip
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    row = await owner_connection.fetchrow(
        "SELECT n.account_id, n.kind, n.subject_id, n.message_id = r.reply_message_id AS is_reply"
        " FROM notification n JOIN run r ON r.id = n.subject_id"
    )
    assert tuple(row) == (scope.account_id, "reply.finished", run.id, True)


async def given(resources, run, *, most=MOST_TURNS):
    """Return what a run's question has above it, oldest first, as the model is given it."""
    named = {"workspace_id": run.scope.workspace_id, "message_id": run.message_id}
    async with resources.app.read_tx(run.scope) as conn:
        turns = await fetch(conn, LIST_TURNS, **named, most=most)
    return [turn.content for turn in reversed(turns)]


async def test_who_asks_while_a_reply_is_written_has_not_read_it_and_later_each_stands_by_its_question(
    resources, owner_connection, scope
):
    first = await make_run(owner_connection, resources, scope)
    await say(resources, first, "By the way, it is cold.")
    second = await say(resources, first, "And which door?", model="extractive")
    before = [QUESTION, "By the way, it is cold.", "And which door?"]
    assert await given(resources, second) == before
    for run in (first, second):
        await work(resources, run)
    assert await given(resources, second) == before
    answers = [text_of(await events_of(owner_connection, run)) for run in (first, second)]
    third = await say(resources, first, "Thanks.")
    said = [QUESTION, answers[0], *before[1:], answers[1], "Thanks."]
    assert await given(resources, third) == said
    assert await given(resources, third, most=2) == said[-2:]


async def test_another_version_has_only_its_own_way_above_it(resources, owner_connection, scope):
    run = await follow_up(owner_connection, resources, scope, "And which door?")
    async with resources.app.write_tx(scope) as conn:
        beside = await find_message(conn, scope, run.message_id)
        posted = await branch(conn, scope, beside=beside, content="And which room?")
    other = replace(run, message_id=posted.message.id)
    (*above, asked) = await given(resources, other)
    assert (above, asked) == ((await given(resources, run))[:-1], "And which room?")
    assert len(above) == 2
