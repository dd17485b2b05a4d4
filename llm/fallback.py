"""A model that rests after failures, and a chain of models of which the next writes where one cannot begin.

After FAILURES calls in a row that failed, no process asks a provider for REST_S; then one call tries. The chain goes on
only while nothing was written: an answer is never continued by another model.
"""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

import structlog

from core.rest import Rest
from llm.chat import (
    Answering,
    ChatEvent,
    ChatMessage,
    ChatModel,
    Delta,
    Finish,
    ModelNotAsked,
    ModelRefused,
    ModelUnavailable,
    Unseen,
)

log = structlog.get_logger(__name__)

FAILURES: Final = 3
REST_S: Final = 30.0


class Breaker:
    """Counts the failures of one provider in this process, and tells the others by `rest` that it is left alone."""

    def __init__(self, rest: Rest, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._failed = 0
        self._rests_until = 0.0
        self._is_doubted = False  # by what others told when a call was last made

    async def rests_s(self) -> float:
        """Return for how many seconds the provider is not asked; 0 when it may be."""
        return max(self._own_rest_s(), (await self._rest.told()).left_s)

    async def try_call(self) -> None:
        """Raise ModelUnavailable while the provider rests; the first call afterwards tries alone."""
        told = await self._rest.told()
        self._is_doubted = told.is_doubted
        if (left_s := max(self._own_rest_s(), told.left_s)) > 0:
            raise _left_alone(left_s)
        if told.is_doubted and not await self._rest.may_try(REST_S):
            raise _left_alone(REST_S)
        if self._failed >= FAILURES:
            self._rests_until = self._clock() + REST_S

    async def succeeded(self) -> None:
        if self._failed or self._is_doubted:
            await self._rest.end()
        self._failed, self._rests_until, self._is_doubted = 0, 0.0, False

    async def failed(self) -> None:
        self._failed += 1
        if self._failed >= FAILURES or self._is_doubted:
            self._rests_until = self._clock() + REST_S
            await self._rest.begin(REST_S)

    def _own_rest_s(self) -> float:
        return max(0.0, self._rests_until - self._clock())


def _left_alone(left_s: float) -> ModelNotAsked:
    message = "The model's server failed several times and is left alone for a moment."
    return ModelNotAsked(message, retry_after_s=left_s)


class RestingChat:
    """A provider's model behind its breaker."""

    def __init__(self, model: ChatModel, breaker: Breaker) -> None:
        self.name = model.name
        self._model = model
        self._breaker = breaker

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        await self._breaker.try_call()
        answers = False
        try:
            async with aclosing(self._model.stream(messages, max_tokens=max_tokens)) as events:
                async for event in events:
                    if not answers and isinstance(event, Delta | Finish):
                        answers = True
                        await self._breaker.succeeded()
                    yield event
        except ModelNotAsked:
            raise  # busy is not broken
        except ModelUnavailable:
            await self._breaker.failed()
            raise
        except ModelRefused:
            await self._breaker.succeeded()  # it answers
            raise


class UnseeingChat:
    """A model that sees nothing, in a chain whose first may: it is told that there are images."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        if any(message.images for message in messages):
            yield Unseen()
        blind = [message.without_images() for message in messages]
        async with aclosing(self._model.stream(blind, max_tokens=max_tokens)) as events:
            async for event in events:
                yield event


class FallbackChat:
    """Models in the order in which they are asked, each under the name that the run is told of it."""

    def __init__(self, models: Sequence[tuple[str, ChatModel]]) -> None:
        self._models = models
        self.name = models[0][1].name

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        for place, (name, model) in enumerate(self._models, start=1):
            begun = False
            yield Answering(name)
            try:
                async with aclosing(model.stream(messages, max_tokens=max_tokens)) as events:
                    async for event in events:
                        begun = begun or isinstance(event, Delta)
                        yield event
            except (ModelUnavailable, ModelRefused) as error:
                if begun or place == len(self._models):
                    raise
                log.warning(
                    "a model cannot answer, the next is asked", model=name, reason=error.message
                )
            else:
                return
