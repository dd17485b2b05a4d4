import pytest

from core.redis_pool import open_redis
from core.rest import Rest
from llm.chat import (
    UNSEEN,
    Answering,
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    Image,
    ModelNotAsked,
    ModelRefused,
    ModelUnavailable,
    Unseen,
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
    assert seen == [Unseen(), Delta(f"Who?{UNSEEN} 0")]


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


def breaker_of(redis=None, clock=None) -> Breaker:
    return Breaker(Rest("vendor", redis), clock or Clock())


async def test_a_provider_that_failed_several_times_rests_and_is_tried_by_one_call():
    clock = Clock()
    breaker = breaker_of(clock=clock)
    model = Model(*[AWAY] * FAILURES, AWAY, WHOLE)
    resting = RestingChat(model, breaker)
    for _ in range(FAILURES):
        assert (await ask(resting))[1] == "away"
    assert "left alone" in (await ask(resting))[1]
    assert (model.calls, await breaker.rests_s()) == (FAILURES, REST_S)
    clock.now += REST_S
    assert (await ask(resting))[1] == "away"
    assert "left alone" in (await ask(resting))[1]
    clock.now += REST_S
    assert await ask(resting) == (WHOLE, "ended")
    assert await breaker.rests_s() == 0
    assert await ask(resting) == (WHOLE, "ended")


async def test_while_one_call_tries_the_others_wait():
    clock = Clock()
    breaker = breaker_of(clock=clock)
    for _ in range(FAILURES):
        await breaker.failed()
    clock.now += REST_S
    await breaker.try_call()
    with pytest.raises(ModelUnavailable) as caught:
        await breaker.try_call()
    assert caught.value.retry_after_s == REST_S


async def test_a_refusal_is_an_answer_and_ends_a_row_of_failures():
    model = Model(AWAY, AWAY, [ModelRefused("no")], AWAY, AWAY, WHOLE)
    resting = RestingChat(model, breaker_of())
    for _ in range(5):
        await ask(resting)
    assert await ask(resting) == (WHOLE, "ended")


async def test_a_model_that_has_too_much_to_do_is_not_left_alone():
    busy = [ModelNotAsked("more replies than it can")]
    breaker = breaker_of()
    resting = RestingChat(Model(*[busy] * FAILURES, WHOLE), breaker)
    for _ in range(FAILURES):
        assert (await ask(resting))[1] == "more replies than it can"
    assert await breaker.rests_s() == 0
    assert await ask(resting) == (WHOLE, "ended")


@pytest.fixture
async def processes(resources):
    """Two processes that share a Redis: the first one's provider is away, the other has not called it yet."""
    first, other = (breaker_of(resources.redis) for _ in range(2))
    away = RestingChat(Model(AWAY), first)
    for _ in range(FAILURES):
        assert (await ask(away))[1] == "away"
    return first, other


async def test_a_process_leaves_a_provider_alone_that_another_one_saw_failing(processes):
    model = Model(WHOLE)
    assert "left alone" in (await ask(RestingChat(model, processes[1])))[1]
    assert (model.calls, await processes[1].rests_s() > 0) == (0, True)


async def test_of_all_processes_one_call_tries_and_its_answer_is_told(processes, resources):
    first, other = processes
    first._clock.now += REST_S  # pyright: ignore[reportFunctionMemberAccess]
    await resources.redis.delete("resting:vendor")
    await other.try_call()
    with pytest.raises(ModelUnavailable, match="left alone"):
        await first.try_call()
    await other.succeeded()
    assert await ask(RestingChat(Model(WHOLE), first)) == (WHOLE, "ended")


async def test_a_try_that_fails_begins_a_rest_of_all(processes, resources):
    first, other = processes
    first._clock.now += REST_S  # pyright: ignore[reportFunctionMemberAccess]
    await resources.redis.delete("resting:vendor")
    assert (await ask(RestingChat(Model(AWAY), other)))[1] == "away"
    assert [await breaker.rests_s() > 0 for breaker in (first, other)] == [True, True]


async def test_a_redis_that_is_emptied_or_away_leaves_each_process_what_it_saw_itself(
    processes, resources
):
    await resources.redis.flushdb()
    assert [await breaker.rests_s() for breaker in processes] == [REST_S, 0]
    redis = open_redis("unix:///nowhere/valkey.sock")
    alone = RestingChat(Model(AWAY), breaker_of(redis))
    for _ in range(FAILURES):
        assert (await ask(alone))[1] == "away"
    assert "left alone" in (await ask(alone))[1]
    await redis.aclose()
