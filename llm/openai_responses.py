"""OpenAI's Responses API, by the official SDK: every event has a number, so what is doubled or out of order is refused.

A stream is whole only with response.completed or response.incomplete; failures arrive inside a 200 stream.
"""

import random
from collections.abc import AsyncGenerator, Sequence

import httpx2
import openai
from openai.types.responses import EasyInputMessageParam, ResponseStreamEvent
from openai.types.responses.response import Response

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    FinishReason,
    ModelRefused,
    ModelUnavailable,
    Thinking,
    Usage,
)
from llm.openai import PERMANENT_CODES, as_ours
from llm.upstream import DEFAULT_LIMITS, MALFORMED, Limits, bounded_client, guarded

_FINISH: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "refused"}
_THOUGHTS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})


class ResponsesChat:
    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str,
        limits: Limits = DEFAULT_LIMITS,
        rng: random.Random | None = None,
    ) -> None:
        self.name = model
        self._limits = limits
        self._rng = rng or random.Random()
        self._client = openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, max_retries=0, http_client=bounded_client(limits)
        )

    async def aclose(self) -> None:
        await self._client.close()

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        return guarded(lambda: self._attempt(messages, max_tokens), self._limits, rng=self._rng)

    async def _attempt(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        reader = None
        try:
            async with await self._client.responses.create(
                model=self.name,
                instructions="\n\n".join(m.content for m in messages if m.role == "system"),
                input=[_wire(message) for message in messages if message.role != "system"],
                max_output_tokens=max_tokens,
                store=False,
                stream=True,
            ) as raw:
                reader = _Reader()
                async for raw_event in raw:
                    for event in reader.read(raw_event):
                        yield event
                    if reader.ended:
                        return
        except openai.APIError as exc:
            if reader is not None and type(exc) is openai.APIConnectionError:
                raise ModelUnavailable("The model's connection broke.") from exc
            raise as_ours(exc) from exc
        except httpx2.RequestError as exc:
            raise ModelUnavailable("The model's connection broke.") from exc
        except MALFORMED as exc:
            raise ModelUnavailable("The model sent a malformed event.") from exc


class _Reader:
    """Follows one response's events and refuses those that come out of order."""

    def __init__(self) -> None:
        self.ended = False
        self._last = -1
        self._declined = False

    def read(self, event: ResponseStreamEvent) -> list[ChatEvent]:
        if int(event.sequence_number) <= self._last:
            raise ModelUnavailable(f"The model sent {event.type} out of order.")
        self._last = int(event.sequence_number)
        if event.type == "response.output_text.delta":
            return [Delta("" + event.delta)]
        if event.type in _THOUGHTS:
            return [Thinking()]
        if event.type == "response.refusal.done":
            self._declined = True
        elif event.type in {"response.failed", "error"}:
            raise _failed(event)
        elif event.type == "response.completed" or event.type == "response.incomplete":
            self.ended = True
            return self._end(event.response)
        return []

    def _end(self, response: Response) -> list[ChatEvent]:
        reason: FinishReason = "refused" if self._declined else "stop"
        if response.incomplete_details is not None:
            reason = _FINISH.get(response.incomplete_details.reason or "", "length")
        usage = response.usage
        counts = [Usage(int(usage.input_tokens), int(usage.output_tokens))] if usage else []
        return [*counts, Finish(reason)]


def _failed(event: ResponseStreamEvent) -> ModelUnavailable | ModelRefused:
    code: str | None = None
    if event.type == "response.failed" and event.response.error is not None:
        code = event.response.error.code
    elif event.type == "error":
        code = event.code
    if code in PERMANENT_CODES:
        return ModelRefused(f"The model's server refused the request: {code}.")
    return ModelUnavailable("The model's server reported an error in mid-stream.")


def _wire(message: ChatMessage) -> EasyInputMessageParam:
    if message.role == "assistant":
        return {"role": "assistant", "content": message.content}
    return {"role": "user", "content": message.content}
