"""A model that rests after failures, and a chain of models of which the next writes where one cannot begin.

After FAILURES calls in a row that failed, a provider is not asked for REST_S; then one call tries. The chain goes on only
while nothing was written: an answer is never continued by another model.
"""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

import structlog

from llm.chat import (
    Answering,
    ChatEvent,
    ChatMessage,
    ChatModel,
    Delta,
    Finish,
    ModelRefused,
    ModelUnavailable,
)

log = structlog.get_logger(__name__)

FAILURES: Final = 3
REST_S: Final = 30.0


class Breaker:
    """Counts the failures of one provider in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed = 0
        self._rests_until = 0.0

    @property
    def rests_s(self) -> float:
        """Return for how many seconds the provider is not asked; 0 when it may be."""
        return max(0.0, self._rests_until - self._clock())

    def try_call(self) -> None:
        """Raise ModelUnavailable while the provider rests; the first call afterwards tries alone."""
        if (left_s := self.rests_s) > 0:
            raise ModelUnavailable(
                "The model's server failed several times and is left alone for a moment.",
                retry_after_s=left_s,
            )
        if self._failed >= FAILURES:
            self._rests_until = self._clock() + REST_S

    def succeeded(self) -> None:
        self._failed, self._rests_until = 0, 0.0

    def failed(self) -> None:
        self._failed += 1
        if self._failed >= FAILURES:
            self._rests_until = self._clock() + REST_S


class RestingChat:
    """A provider's model behind its breaker."""

    def __init__(self, model: ChatModel, breaker: Breaker) -> None:
        self.name = model.name
        self._model = model
        self._breaker = breaker

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        self._breaker.try_call()
        try:
            async with aclosing(self._model.stream(messages, max_tokens=max_tokens)) as events:
                async for event in events:
                    if isinstance(event, Delta | Finish):
                        self._breaker.succeeded()
                    yield event
        except ModelUnavailable:
            self._breaker.failed()
            raise
        except ModelRefused:
            self._breaker.succeeded()  # it answers
            raise


class UnseeingChat:
    """A model that sees nothing, in a chain whose first may: it is told that there are images."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        unseen = [message.without_images() for message in messages]
        return self._model.stream(unseen, max_tokens=max_tokens)


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
