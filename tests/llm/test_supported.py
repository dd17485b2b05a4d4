import asyncio

import orjson
import pytest

from core.events import nudge
from llm.chat import Delta, Finish, ModelUnavailable, Usage
from llm.generate import stop_topic
from llm.prompt import ABSTENTION
from tests.llm.replying import events_of, make_run, state_of, text_of, until, work
from tests.llm.test_fallback import Model
from tests.make import make_scope

CITED = "The spare key hangs behind the blue door [1]."
ALSO = "It is the door of the boiler room [1]."
OWLS = "Owls have always guarded the doors."
WHALES = "Whales were never asked about it [1]."
REQUIRED = '{"citations": "required"}'


class Said(Model):
    """Each call says the next of `answers`; keeps what it was asked."""

    def __init__(self, *answers):
        super().__init__(*(self.script(answer) for answer in answers))
        self.asked = []

    @staticmethod
    def script(answer):
        return [Delta(answer), Usage(10, 3), Finish("stop")]

    async def stream(self, messages, *, max_tokens):
        self.asked.append(messages)
        async for event in super().stream(messages, max_tokens=max_tokens):
            yield event


@pytest.fixture
async def run(resources, owner_connection):
    scope = await make_scope(owner_connection)
    return await make_run(owner_connection, resources, scope, request=REQUIRED, model="openai:m")


async def tries_of(owner, run):
    return orjson.loads(await owner.fetchval("SELECT trace FROM run WHERE id = $1", run.id))["tries"]  # fmt: skip


async def shown(owner, run):
    return text_of(await events_of(owner, run)).strip()


async def test_an_answer_that_lost_nothing_is_asked_for_once(resources, owner_connection, run):
    model = Said(CITED)
    await work(resources, run, model)
    assert (model.calls, await shown(owner_connection, run)) == (1, CITED)
    assert await tries_of(owner_connection, run) == [
        {"state": "complete", "kept": 1, "left_out": 0, "usage": {"input_tokens": 10, "output_tokens": 3}, "is_shown": True}
    ]  # fmt: skip


async def test_the_second_try_is_told_which_claims_lacked_support(resources, owner_connection, run):
    model = Said(f"{OWLS} {WHALES} {CITED}", f"{CITED} {ALSO}")
    await work(resources, run, model)
    first, second = model.asked
    told = "\n- Owls have always guarded the doors.\n- Whales were never asked about it.\n"
    assert second[:-1] == first[:-1]
    assert second[-1].content.startswith(first[-1].content)
    assert told in second[-1].content.removeprefix(first[-1].content)
    assert told in second[-1].bare
    assert second[-1].documents == first[-1].documents
    assert await shown(owner_connection, run) == f"{CITED} {ALSO}"


@pytest.mark.parametrize(
    ("first", "second", "better"),
    [
        (f"{OWLS} {CITED}", f"{CITED} {ALSO}", f"{CITED} {ALSO}"),
        (f"{OWLS} {CITED} {ALSO}", CITED, f"{CITED} {ALSO}"),
        (f"{OWLS} {WHALES} {CITED}", f"{OWLS} {ALSO}", ALSO),
        (f"{OWLS} {CITED}", f"{WHALES} {ALSO}", CITED),
        (OWLS, WHALES, ABSTENTION),
        (f"{OWLS} {CITED}", ABSTENTION, CITED),
    ],
)
async def test_of_two_answers_the_one_that_keeps_more_is_shown_alone(
    resources, owner_connection, run, first, second, better
):
    await work(resources, run, Said(first, second))
    assert await shown(owner_connection, run) == better


async def test_both_tries_are_paid_and_traced(resources, owner_connection, run):
    await work(resources, run, Said(f"{OWLS} {CITED}", f"{CITED} {ALSO}"))
    row = await owner_connection.fetchrow("SELECT input_tokens, output_tokens, cost_micros FROM run")  # fmt: skip
    assert tuple(row) == (20, 6, 80)
    tries = await tries_of(owner_connection, run)
    assert [(each["kept"], each["left_out"], each["is_shown"]) for each in tries] == [(1, 1, False), (2, 0, True)]  # fmt: skip


async def test_what_was_left_out_of_the_answer_is_counted(resources, owner_connection, run):
    await work(resources, run, Said(f"{OWLS} {CITED} {WHALES}"))
    assert (await events_of(owner_connection, run))[-1].data["grounding"] == {
        "claims": 2, "supported": 1, "removed": 3, "share": 1.0, "unsupported": [],
    }  # fmt: skip


async def test_there_is_no_third_try(resources, owner_connection, run):
    model = Said(OWLS)
    await work(resources, run, model)
    assert model.calls == 2
    assert await state_of(owner_connection, run) == ("abstained", "", False, "done")


async def test_who_says_that_the_sources_do_not_answer_is_not_asked_again(
    resources, owner_connection, run
):
    model = Said(ABSTENTION)
    await work(resources, run, model)
    assert (model.calls, await shown(owner_connection, run)) == (1, ABSTENTION)


async def test_the_first_answer_stands_where_the_second_breaks_off(
    resources, owner_connection, run
):
    model = Said(f"{OWLS} {CITED}")
    model.scripts.append([Delta(f"{CITED} {ALSO} "), ModelUnavailable("away")])
    await work(resources, run, model)
    assert await state_of(owner_connection, run) == ("complete", "", False, "done")
    assert await shown(owner_connection, run) == CITED


async def test_where_the_first_breaks_off_what_it_could_support_is_kept(
    resources, owner_connection, run
):
    model = Model([Delta(f"{CITED} {OWLS} "), ModelUnavailable("away")])
    await work(resources, run, model)
    assert await state_of(owner_connection, run) == ("failed", "model_unavailable", True, "done")
    assert (model.calls, await shown(owner_connection, run)) == (1, CITED)


async def test_a_stop_during_the_second_try_shows_the_first(resources, owner_connection, run):
    class Endless(Said):
        async def stream(self, messages, *, max_tokens):
            async for event in super().stream(messages, max_tokens=max_tokens):
                if self.calls == 2:
                    await asyncio.Event().wait()
                yield event

    model = Endless(f"{OWLS} {CITED}")
    working = asyncio.create_task(work(resources, run, model))
    await until(lambda: asked_twice(model))
    assert await shown(owner_connection, run) == ""
    await owner_connection.execute("UPDATE run SET stop_requested = true WHERE id = $1", run.id)
    await nudge(resources.redis, stop_topic(run.id))
    await working
    assert (await state_of(owner_connection, run))[0] == "stopped"
    assert await shown(owner_connection, run) == CITED


async def asked_twice(model):
    return model.calls == 2
