import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from llm.chat import ChatEvent, Delta, Finish, ModelRefused, ModelUnavailable, Thinking, Usage
from llm.upstream import Limits, backoff_s, guarded, retry_after_s
from tests.llm.vendor_server import collect

PATIENT = Limits(first_token_s=50, between_chunks_s=50, total_s=60, backoff_s=0.01)
HASTY = Limits(first_token_s=1, between_chunks_s=0.5, total_s=1.5, backoff_s=0.01)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

Step = ChatEvent | Exception | float  # a number is a wait in seconds


class Script:
    """A vendor whose n-th attempt follows the n-th list of steps."""

    def __init__(self, *attempts: Sequence[Step]) -> None:
        self.attempts = list(attempts)
        self.begun = 0
        self.closed = 0

    async def __call__(self) -> AsyncGenerator[ChatEvent, None]:
        steps = self.attempts[self.begun]
        self.begun += 1
        try:
            for step in steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed += 1


async def follow(script: Script, limits: Limits = PATIENT) -> tuple[list[ChatEvent], str]:
    return await collect(guarded(script, limits, rng=random.Random(1)))


WORDS = [Usage(3, 0), Delta("a"), Delta("b"), Usage(3, 2), Finish("stop")]


async def test_a_whole_answer_passes_unchanged():
    assert await follow(Script(WORDS)) == (WORDS, "ended")


async def test_a_model_that_shows_that_it_thinks_may_take_longer_than_the_first_token():
    thinking = [step for _ in range(5) for step in (0.6, Thinking())]
    hasty = Limits(first_token_s=2.5, between_chunks_s=20, total_s=60, backoff_s=0.01)
    seen, how = await follow(Script([*thinking, *WORDS]), hasty)
    assert ([event for event in seen if event != Thinking()], how) == (WORDS, "ended")


async def test_nothing_is_read_after_the_finish():
    assert await follow(Script([*WORDS, Delta("late")])) == (WORDS, "ended")


async def test_a_failure_before_the_first_word_is_tried_twice_again():
    script = Script([ModelUnavailable("1")], [ModelUnavailable("2")], WORDS)
    assert await follow(script) == (WORDS, "ended")
    assert (script.begun, script.closed) == (3, 3)


async def test_the_third_failure_is_final():
    script = Script(*[[ModelUnavailable(str(n))] for n in (1, 2, 3)])
    assert await follow(script) == ([], "3")


async def test_a_failure_after_the_first_word_is_not_tried_again():
    script = Script([Delta("a"), ModelUnavailable("broke")], WORDS)
    assert await follow(script) == ([Delta("a")], "broke")
    assert script.begun == 1


async def test_a_refusal_is_not_tried_again():
    script = Script([ModelRefused("bad key")], WORDS)
    assert await follow(script) == ([], "bad key")


async def test_a_retry_after_longer_than_the_time_for_the_first_word_is_not_waited_for():
    script = Script([ModelUnavailable("busy", retry_after_s=60)], WORDS)
    assert await follow(script) == ([], "busy")


async def test_an_end_without_finish_is_a_failure():
    got = await follow(Script([Delta("a")]))
    assert got == ([Delta("a")], "The model's answer broke off before its end.")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([999.0], "The model stalled before its first word."),
        ([Usage(1, 0), 999.0], "The model stalled before its first word."),
        ([Delta("a"), 999.0], "The model stalled in mid-answer."),
        (
            [step for _ in range(99) for step in (Delta("a"), 0.05)],
            "The model stalled in mid-answer.",
        ),
    ],
    ids=["no first word", "no first word after counts", "between chunks", "in total"],
)
async def test_each_limit_ends_the_stream(steps, message):
    script = Script(steps, WORDS, WORDS)
    _, got = await follow(script, HASTY)
    assert (got, script.closed) == (message, script.begun)


async def test_an_endless_answer_is_cut():
    endless = Script([Delta("x" * 60)] * 9)
    limits = Limits(answer_chars=100)
    assert await follow(endless, limits) == (
        [Delta("x" * 60)],
        "The model wrote more than an answer may hold.",
    )


async def test_closing_closes_the_attempt_at_once():
    script = Script([Delta("a"), 999.0])
    async with aclosing(guarded(script, PATIENT, rng=random.Random(1))) as events:
        assert await anext(events) == Delta("a")
    assert script.closed == 1


def test_backoff_doubles_jitters_and_honours_what_was_asked():
    limits = Limits(backoff_s=1)
    waits = [
        backoff_s(tried, None, limits, rng=random.Random(n))
        for n in range(50)
        for tried in (0, 1, 2)
    ]
    assert all(0.5 <= wait <= 1 for wait in waits[::3])
    assert all(2 <= wait <= 4 for wait in waits[2::3])
    assert len(set(waits)) > 100
    assert backoff_s(0, 12, limits, rng=random.Random(1)) == 12


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, expected):
    assert retry_after_s({"retry-after": value}, NOW) == expected


def test_no_retry_after_is_none():
    assert retry_after_s({}, NOW) is None
