"""Anthropic's messages, by the official SDK.

Errors arrive inside a 200 stream (`overloaded_error`) and overload lasts minutes; the SDK lets connection errors of
its HTTP client through unmapped. A stream is whole only with its message_stop.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Literal

import anthropic
import httpx2
from anthropic.types import MessageParam, RawContentBlockDeltaEvent, RawMessageStreamEvent

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    FinishReason,
    ModelRefused,
    ModelUnavailable,
    Usage,
)
from llm.upstream import (
    DEFAULT_LIMITS,
    MALFORMED,
    RETRIED_STATUSES,
    Limits,
    bounded_client,
    guarded,
    retry_after_s,
)

PERMANENT_TYPES = frozenset(
    {
        "invalid_request_error",
        "authentication_error",
        "billing_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
    }
)
_FINISH: dict[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class AnthropicChat:
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
        self._client = anthropic.AsyncAnthropic(
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
        try:
            async with await self._client.messages.create(
                model=self.name,
                max_tokens=max_tokens,
                system="\n\n".join(m.content for m in messages if m.role == "system"),
                messages=[_wire(m.role, m.content) for m in messages if m.role != "system"],
                stream=True,
            ) as raw:
                reader = _Reader()
                async for raw_event in raw:
                    for event in reader.read(raw_event):
                        yield event
                    if reader.stopped:
                        return
        except anthropic.APIError as exc:
            raise _ours(exc) from exc
        except httpx2.RequestError as exc:
            raise ModelUnavailable("The model's connection broke.") from exc
        except MALFORMED as exc:
            raise ModelUnavailable("The model sent a malformed event.") from exc


class _Reader:
    """Follows one message's events and refuses those that come out of order."""

    def __init__(self) -> None:
        self.stopped = False
        self._begun = False
        self._blocks: set[int] = set()
        self._input_tokens = 0
        self._reason: FinishReason = "stop"

    def read(self, event: RawMessageStreamEvent) -> list[ChatEvent]:
        if (event.type == "message_start") == self._begun:
            raise ModelUnavailable(f"The model sent {event.type} out of order.")
        match event.type:  # any other kind, known or newer than the SDK, says nothing that we use
            case "message_start":
                self._begun = True
                self._input_tokens = int(event.message.usage.input_tokens)
                return [Usage(self._input_tokens, 0)]
            case "content_block_start":
                self._blocks.add(event.index)
            case "content_block_delta":
                return self._text(event)
            case "content_block_stop":
                self._blocks.discard(event.index)
            case "message_delta":
                self._reason = _FINISH.get(event.delta.stop_reason or "", "stop")
                return [Usage(self._input_tokens, int(event.usage.output_tokens))]
            case "message_stop":
                self.stopped = True
                return [Finish(self._reason)]
        return []

    def _text(self, event: RawContentBlockDeltaEvent) -> list[ChatEvent]:
        if event.index not in self._blocks:
            raise ModelUnavailable("The model sent text outside a block.")
        return [Delta("" + event.delta.text)] if event.delta.type == "text_delta" else []


def _wire(role: Literal["user", "assistant"], content: str) -> MessageParam:
    if role == "user":
        return {"role": "user", "content": content}
    return {"role": "assistant", "content": content}


def _ours(error: anthropic.APIError) -> ModelUnavailable | ModelRefused:
    """Return our error. The vendor's own words stay out: they may quote the key or the prompt."""
    if isinstance(error, anthropic.APITimeoutError):
        return ModelUnavailable("The model's server did not answer in time.")
    if not isinstance(error, anthropic.APIStatusError):
        return ModelUnavailable("The model's server cannot be reached.")
    status = error.status_code
    if error.type in PERMANENT_TYPES:
        return ModelRefused(f"The model's server refused the request: {error.type}.")
    if status < 400 or status >= 500 or status in RETRIED_STATUSES:
        wait_s = retry_after_s(error.response.headers, datetime.now(UTC))
        reason = error.type or status
        return ModelUnavailable(f"The model's server reported {reason}.", retry_after_s=wait_s)
    return ModelRefused(f"The model's server refused the request ({status}).")
