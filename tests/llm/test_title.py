from functools import partial
from pathlib import Path

import pytest

import llm
from core.changes import ring_change
from llm.budget import Budgets
from llm.chat import Delta, Finish, ModelRefused, ModelUnavailable, Usage
from llm.title import (
    MOST_ATTEMPTS,
    Exchange,
    TitleDeps,
    make_title,
    naming,
    title_in,
)
from tests.llm.replying import Fixed, make_run, work
from tests.llm.test_fallback import AWAY, Model
from tests.llm.test_reply import vendor_model
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from workers.ledger import claim, leased, retry_later

PROMPTS = Path(llm.__file__).parent / "prompts"
WORDED = [Delta("Theirs"), Finish("stop")]
ANSWER = [Delta("The spare key hangs behind the blue door [1].")]


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def make_unnamed_run(resources, owner, scope, *, model):
    run = await make_run(owner, resources, scope, model=model)
    await owner.execute("UPDATE conversation SET named_by = 'words' WHERE id = $1", run.conversation_id)  # fmt: skip
    return run


@pytest.fixture
async def answered(resources, owner_connection, scope):
    """A conversation whose first reply a model has written."""
    run = await make_unnamed_run(resources, owner_connection, scope, model="openai:m")
    await work(resources, run, Model([*ANSWER, Usage(0, 0), Finish("stop")]))
    return run


async def name(resources, model, *, default="openai:m", budgets=Budgets()):  # noqa: B008  (frozen)
    """Do the waiting job as a worker does; what it raises is what the worker judges."""
    deps = TitleDeps(Fixed(model, default), partial(ring_change, resources.redis), budgets)
    taken = await claim(resources.worker, "title")
    assert taken is not None, "no conversation waits for its name"
    (job,) = taken.jobs
    about = {"conversation_id": job.subject_id, "account_id": job.account_id}
    try:
        async with leased(resources.worker, taken) as fence:
            await make_title(deps, fence, **about, attempts=taken.attempts)
    except ModelUnavailable:
        await retry_later(resources.worker, taken, wait_s=0, reason="away")
        raise


async def wrote(resources, *words, **how):
    async with vendor_server(Reply(words=words)) as vendor:
        await name(resources, vendor_model(vendor.base_url), **how)
        return vendor.requests


async def state_of(owner, run):
    """Return the title, who gave it, and how its job stands."""
    row = await owner.fetchrow(
        "SELECT i.title, c.named_by, j.state FROM item i JOIN conversation c ON c.id = i.id"
        " LEFT JOIN job j ON j.subject_id = c.id AND j.kind = 'title' WHERE c.id = $1",
        run.conversation_id,
    )
    return tuple(row)


async def test_a_model_names_the_conversation_after_its_first_reply(
    resources, owner_connection, answered
):
    before = await state_of(owner_connection, answered)
    (asked,) = await wrote(resources, "Where the spare", " key hangs")
    assert before == ("Where does the spare key hang?", "words", "queued")
    assert await state_of(owner_connection, answered) == ("Where the spare key hangs", "model", "done")  # fmt: skip
    shown = (
        "Person: Where does the spare key hang?\n"
        "Answer: The spare key hangs behind the blue door.\n\nTitle:"
    )
    assert asked["messages"] == [
        {"role": "system", "content": (PROMPTS / "title.md").read_text()},
        {"role": "user", "content": shown},
    ]


async def test_whoever_watches_is_told(resources, owner_connection, answered):
    await wrote(resources, "Spare key")
    row = await owner_connection.fetchrow("SELECT kind, subject_id, actor_id FROM change ORDER BY seq DESC LIMIT 1")  # fmt: skip
    assert tuple(row) == (
        "conversation.updated",
        answered.conversation_id,
        answered.scope.account_id,
    )


async def test_what_it_took_is_counted(resources, owner_connection, answered):
    await wrote(resources, "Spare", " key", budgets=Budgets(person_tokens=10_000))
    row = await owner_connection.fetchrow(
        "SELECT model, account_id, input_tokens, output_tokens, cost_micros, held_tokens, held_micros FROM title_call"
    )
    assert tuple(row) == ("openai:m", answered.scope.account_id, 11, 2, 31, 0, 0)


async def test_over_the_budget_the_first_words_stay(resources, owner_connection, answered):
    assert await wrote(resources, "Spare key", budgets=Budgets(person_tokens=100)) == []
    assert await state_of(owner_connection, answered) == ("Where does the spare key hang?", "words", "done")  # fmt: skip


async def held_tokens(owner):
    return await owner.fetchval("SELECT held_tokens FROM title_call")


async def test_what_a_try_set_aside_is_not_counted_against_the_next(
    resources, owner_connection, answered
):
    budgets = Budgets(person_tokens=1_400)  # one try takes 1,300
    with pytest.raises(ModelUnavailable):
        await name(resources, Model(AWAY), budgets=budgets)
    assert await held_tokens(owner_connection) == 1_300
    assert len(await wrote(resources, "Spare key", budgets=budgets)) == 1
    assert await held_tokens(owner_connection) == 0


async def test_a_try_that_is_not_made_any_more_keeps_nothing_set_aside(
    resources, owner_connection, answered
):
    with pytest.raises(ModelUnavailable):
        await name(resources, Model(AWAY), budgets=Budgets(person_tokens=1_400))
    assert await wrote(resources, "Spare key", budgets=Budgets(person_tokens=100)) == []
    assert await held_tokens(owner_connection) == 0


@pytest.mark.parametrize("when", ["before", "while the model writes"])
async def test_a_name_that_a_person_gave_stays(resources, owner_connection, answered, when):
    class Slow(Model):
        async def stream(self, messages, *, max_tokens):
            await rename()
            async for event in super().stream(messages, max_tokens=max_tokens):
                yield event

    async def rename():
        about = answered.conversation_id
        await owner_connection.execute("UPDATE item SET title = 'Ours' WHERE id = $1", about)
        await owner_connection.execute("UPDATE conversation SET named_by = 'person' WHERE id = $1", about)  # fmt: skip

    async with vendor_server(Reply(words=("Theirs",))) as vendor:
        if when == "before":
            await rename()
            await name(resources, vendor_model(vendor.base_url))
            assert vendor.requests == []
        else:
            await name(resources, Slow(WORDED))
    assert await state_of(owner_connection, answered) == ("Ours", "person", "done")


async def test_a_model_that_is_away_is_asked_a_few_times(resources, owner_connection, answered):
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(ModelUnavailable):
            await name(resources, Model(AWAY))
    await name(resources, Model(AWAY))
    assert await state_of(owner_connection, answered) == ("Where does the spare key hang?", "words", "done")  # fmt: skip


async def test_a_model_that_refuses_is_not_asked_again(resources, owner_connection, answered):
    await name(resources, Model([ModelRefused("no")]))
    assert (await state_of(owner_connection, answered))[1:] == ("words", "done")


async def test_a_conversation_is_named_once(resources, owner_connection, answered):
    await wrote(resources, "Spare key")
    assert await claim(resources.worker, "title") is None
    await owner_connection.execute("UPDATE job SET state = 'queued' WHERE kind = 'title'")
    assert await wrote(resources, "Another name") == []
    assert await state_of(owner_connection, answered) == ("Spare key", "model", "done")


async def test_without_a_model_the_first_words_stay(resources, owner_connection, scope):
    run = await make_unnamed_run(resources, owner_connection, scope, model="extractive")
    await work(resources, run)
    assert await state_of(owner_connection, run) == ("Where does the spare key hang?", "words", None)  # fmt: skip


async def test_a_failed_reply_names_nothing(resources, owner_connection, scope):
    run = await make_unnamed_run(resources, owner_connection, scope, model="openai:m")
    await work(resources, run, Model([ModelRefused("no")]))
    assert (await state_of(owner_connection, run))[1:] == ("words", None)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Spare key\n", "Spare key"),
        ('Title: "Der Ersatzschlüssel."', "Der Ersatzschlüssel"),
        ("**Spare** `key` [1]", "Spare key"),
        ("# 予備の鍵", "予備の鍵"),
        ("![x](https://evil.example/?q=1) Key", "x Key"),
        ("[Key](javascript:alert(1)) https://evil.example/a", "Key"),
        ("<img src=x onerror=alert(1)>Key", "Key"),
        ("K\u200bey \u202etxt\x00", "Key txt"),
        ("Here is a title:\nSpare key", ""),
        ("***", ""),
        ("", ""),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("字" * 100, "字" * 59 + "…"),
    ],
)
def test_a_title_is_one_line_of_plain_words(written, title):
    assert title_in(written) == title


@pytest.mark.parametrize("reason", ["length", "abstained", "refused"])
async def test_an_answer_that_did_not_end_is_no_title(reason):
    answer = naming(Exchange("a", "b"))
    await answer.listen(Model([Delta("Half a"), Finish(reason)]), max_tokens=9)
    assert title_in(answer.text) == ""
