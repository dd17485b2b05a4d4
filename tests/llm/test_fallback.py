import pytest

from llm.chat import (
    UNSEEN,
    Answering,
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    Image,
    ModelRefused,
    ModelUnavailable,
)
from llm.fallback import FAILURES, REST_S, Breaker, FallbackChat, RestingChat, UnseeingChat
from tests.llm.vendor_server import collect

ASKED = [ChatMessage("user", "why?")]
WHOLE = [Delta("So."), Finish("stop")]


class Model:
    """Each call follows the next script, the last one from then on."""

    name = "m"

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.calls = 0

    async def stream(self, messages, *, max_tokens):
        script = self.scripts[min(self.calls, len(self.scripts) - 1)]
        self.calls += 1
        for step in script:
            if isinstance(step, Exception):
                raise step
            yield step


AWAY = [ModelUnavailable("away")]


async def ask(model) -> tuple[list[ChatEvent], str]:
    return await collect(model.stream(ASKED, max_tokens=9))


@pytest.mark.parametrize("error", [ModelUnavailable("away"), ModelRefused("no such model")])
async def test_the_next_model_answers_where_the_first_cannot_begin(error):
    first, second = Model([error]), Model(WHOLE)
    seen, how = await ask(FallbackChat([("openai:a", first), ("extractive", second)]))
    assert (seen, how) == ([Answering("openai:a"), Answering("extractive"), *WHOLE], "ended")


async def test_a_model_that_sees_nothing_is_asked_without_the_images():
    class Echo:
        name = "echo"

        async def stream(self, messages, *, max_tokens):
            yield Delta(f"{messages[0].content} {len(messages[0].images)}")

    shown = ChatMessage("user", "Who?", images=(Image("image/gif", b""),))
    seen = [event async for event in UnseeingChat(Echo()).stream([shown], max_tokens=9)]
    assert seen == [Delta(f"Who?{UNSEEN} 0")]


async def test_no_other_model_goes_on_with_an_answer():
    first, second = Model([Delta("Half"), *AWAY]), Model(WHOLE)
    seen, how = await ask(FallbackChat([("a", first), ("b", second)]))
    assert (seen, how, second.calls) == ([Answering("a"), Delta("Half")], "away", 0)


async def test_the_last_ones_error_is_the_chains():
    last = Model([ModelUnavailable("away too")])
    assert (await ask(FallbackChat([("a", Model(AWAY)), ("b", last)])))[1] == "away too"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


async def test_a_provider_that_failed_several_times_rests_and_is_tried_by_one_call():
    clock = Clock()
    breaker = Breaker(clock)
    model = Model(*[AWAY] * FAILURES, AWAY, WHOLE)
    resting = RestingChat(model, breaker)
    for _ in range(FAILURES):
        assert (await ask(resting))[1] == "away"
    assert "left alone" in (await ask(resting))[1]
    assert (model.calls, breaker.rests_s) == (FAILURES, REST_S)
    clock.now += REST_S
    assert (await ask(resting))[1] == "away"
    assert "left alone" in (await ask(resting))[1]
    clock.now += REST_S
    assert await ask(resting) == (WHOLE, "ended")
    assert breaker.rests_s == 0
    assert await ask(resting) == (WHOLE, "ended")


async def test_while_one_call_tries_the_others_wait():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.now += REST_S
    breaker.try_call()
    with pytest.raises(ModelUnavailable) as caught:
        breaker.try_call()
    assert caught.value.retry_after_s == REST_S


async def test_a_refusal_is_an_answer_and_ends_a_row_of_failures():
    breaker = Breaker()
    model = Model(AWAY, AWAY, [ModelRefused("no")], AWAY, AWAY, WHOLE)
    resting = RestingChat(model, breaker)
    for _ in range(5):
        await ask(resting)
    assert await ask(resting) == (WHOLE, "ended")
