import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest

from core.events import nudge
from llm.catalogue import EXTRACTIVE, Facts, Price
from llm.chat import Usage
from llm.cost import FEWEST_TOKENS, FILLED, REWRITE_INPUT_TOKENS, RULES_TOKENS, counted, fit, most
from llm.followup import REWRITE_TOKENS, Standalone
from llm.generate import stop_topic
from llm.images import Picture
from llm.options import ReplyOptions
from llm.packing import CHARACTERS_A_TOKEN
from llm.prompt import HISTORY_CHARS, QUESTION_CHARS
from llm.run_log import Ending
from tests.llm.replying import make_run, state_of, took, until, work
from tests.llm.test_reply import CITED, follow_up, has_text, vendor_model
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope

FACTS = Facts(price=Price(1, 10))  # dollars for a million tokens: millionths for one
DEAR = Facts(price=Price(100, 1000))
PICTURE = Picture(UUID(int=1), 1, "a.png", "image/png", 10, "shown", tokens=50)
REWRITING = Standalone("q", "by the model", Usage(3, 2))


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


def test_a_second_try_is_set_aside_with_the_first():
    options = ReplyOptions(context_tokens=1000, max_tokens=200)
    shown = (HISTORY_CHARS + QUESTION_CHARS) // CHARACTERS_A_TOKEN + 50
    given = 1000 + shown + RULES_TOKENS
    once = most(options, [PICTURE], [FACTS])
    twice = most(replace(options, citations="required"), [PICTURE], [FACTS])
    assert once.tokens == given + REWRITE_INPUT_TOKENS + 200 + REWRITE_TOKENS
    assert once.micros == given + REWRITE_INPUT_TOKENS + 10 * (200 + REWRITE_TOKENS)
    assert twice.tokens - once.tokens == given + 200


@pytest.mark.parametrize(
    ("asked", "context", "shown", "room"),
    [
        ((3_000, 1_024), 8_000, 500, (3_000, 1_024)),
        ((100_000, 1_024), 8_000, 500, (8_000 * FILLED - RULES_TOKENS - 500 - 1_024, 1_024)),
        ((100_000, 32_000), 16_384, 926, (6_000, 6_000)),
        ((100_000, 32_000), 1_047_576, 3_000, (100_000, 32_000)),
        ((3_000, 1_024), 2_000, 5_000, (FEWEST_TOKENS, FEWEST_TOKENS)),
    ],
)
def test_what_is_asked_for_is_cut_to_the_models_context(asked, context, shown, room):
    options = ReplyOptions(context_tokens=asked[0], max_tokens=asked[1])
    cut = fit(options, Facts(context_tokens=context), shown=shown)
    assert cut == replace(options, context_tokens=room[0], max_tokens=room[1])


async def test_a_model_is_given_no_more_than_it_reads_and_the_trace_says_so(
    resources, owner_connection, scope
):
    request = '{"retrieve": {"context_tokens": 90000}, "max_tokens": 30000}'
    run = await make_run(owner_connection, resources, scope, model="openai:m", request=request)
    async with vendor_server(Reply(words=CITED)) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
    trace = json.loads(await owner_connection.fetchval("SELECT trace FROM run WHERE id = $1", run.id))  # fmt: skip
    assert trace["cut_from"] == {"context_tokens": 90_000, "max_tokens": 30_000}
    room = trace["options"]["max_tokens"] + trace["options"]["context_tokens"]
    assert room < Facts().context_tokens - RULES_TOKENS
    assert vendor.requests[0]["max_tokens"] == trace["options"]["max_tokens"]


def test_the_dearest_model_that_may_come_to_write_is_set_aside():
    free, options = Facts(), ReplyOptions()
    assert most(options, [], [free, DEAR, FACTS]) == most(options, [], [DEAR])
    assert most(options, [], [free]).micros == 0


@pytest.mark.parametrize(
    ("ending", "rewriting", "usage", "micros"),
    [
        (Ending("complete", Usage(100, 20)), REWRITING, Usage(103, 22), 103 + 220),
        (Ending("complete", Usage(1, 1)), Standalone("q", "as asked"), Usage(1, 1), 11),
        (Ending("abstained"), REWRITING, Usage(3, 2), 23),
        (Ending("abstained"), Standalone("q", "as asked"), None, 0),
        (Ending("complete", Usage(1, 1), answered_by="dear"), REWRITING, Usage(4, 3), 1100 + 23),
        (Ending("stopped", Usage(1, 1)), replace(REWRITING, answered_by="dear"), Usage(4, 3), 11 + 2300),
        (Ending("stopped", Usage(9, 9), answered_by=EXTRACTIVE), REWRITING, Usage(3, 2), 23),
    ],
)  # fmt: skip
def test_the_answer_and_the_wording_of_the_query_count_each_at_its_models_price(
    ending, rewriting, usage, micros
):
    prices = {"m": FACTS, "dear": DEAR, EXTRACTIVE: Facts()}
    made = counted(ending, model="m", rewriting=rewriting, facts=prices.__getitem__)
    assert (made.usage, made.cost_micros) == (usage, micros)


async def test_a_reply_stopped_in_the_middle_costs_what_it_had_written(
    resources, owner_connection, scope
):
    run = await make_run(owner_connection, resources, scope, model="openai:m")
    words = ("word " * 40, "more " * 40)
    async with vendor_server(Reply(words=words, fault="stall", before_fault=2)) as vendor:
        working = asyncio.create_task(work(resources, run, vendor_model(vendor.base_url)))
        await until(lambda: has_text(owner_connection, run))
        await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
        await nudge(resources.redis, stop_topic(run.id))
        await working
    assert (await state_of(owner_connection, run))[0] == "stopped"
    given, made, micros = await took(owner_connection, run)
    assert given > 50
    assert made >= len(words[0]) // CHARACTERS_A_TOKEN
    assert micros == given + 10 * made


async def test_an_abstention_without_sources_costs_the_wording_of_its_query(
    resources, owner_connection, scope
):
    run = await follow_up(
        owner_connection, resources, scope, "And where exactly?", model="openai:m"
    )
    await owner_connection.execute("UPDATE run SET request = $2 WHERE id = $1", run.id, '{"retrieve": {"sources": "files"}}')  # fmt: skip
    async with vendor_server(Reply(words=("spare key",))) as vendor:
        await work(resources, run, vendor_model(vendor.base_url))
        assert len(vendor.requests) == 1
    assert (await state_of(owner_connection, run))[0] == "abstained"
    assert await took(owner_connection, run) == (11, 1, 11 + 10)
