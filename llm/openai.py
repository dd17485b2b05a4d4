"""OpenAI and every server that speaks its chat completions, by the official SDK.

The wire carries no sequence numbers, so a repeated text chunk cannot be told from repeated text; what can be told
is refused: chunks of another reply, and text after the end. The SDK builds its models without checking them.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx2
import openai
import structlog
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

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
from llm.thoughts import ThoughtsLeftOut
from llm.upstream import (
    DEFAULT_LIMITS,
    MALFORMED,
    RETRIED_STATUSES,
    Limits,
    bounded_client,
    guarded,
    retry_after_s,
)

log = structlog.get_logger(__name__)

PERMANENT_CODES = frozenset(
    {"insufficient_quota", "invalid_request_error", "context_length_exceeded", "invalid_api_key"}
)
_FINISH: dict[str, FinishReason] = {"length": "length", "content_filter": "refused"}


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What this server understands; learnt from its first refusal."""

    counts_usage: bool = True
    long_token_name: bool = (
        False  # newer models want max_completion_tokens, older servers only max_tokens
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    reply_id: str
    text: str
    thinks: bool
    finish: str | None
    usage: Usage | None


class OpenAIChat:
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
        self._dialect = _Dialect()
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
        try:
            async with (
                await self._open(messages, max_tokens) as chunks,
                aclosing(self._events(chunks)) as events,
            ):
                async for event in events:
                    yield event
        except openai.APIError as exc:
            raise as_ours(exc) from exc
        except httpx2.RequestError as exc:
            raise ModelUnavailable("The model's connection broke.") from exc
        except MALFORMED as exc:
            raise ModelUnavailable("The model sent a malformed event.") from exc

    async def _open(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        """Ask for the stream; adapt to a server that does not know one of our optional fields."""
        while True:
            dialect = self._dialect
            try:
                return await self._client.chat.completions.create(
                    model=self.name,
                    messages=[_wire(message) for message in messages],
                    stream=True,
                    max_completion_tokens=max_tokens if dialect.long_token_name else openai.omit,
                    max_tokens=openai.omit if dialect.long_token_name else max_tokens,
                    stream_options={"include_usage": True} if dialect.counts_usage else openai.omit,
                )
            except openai.BadRequestError as exc:
                self._dialect = _adapt(dialect, exc.message)
                if self._dialect == dialect:
                    raise

    async def _events(
        self, chunks: openai.AsyncStream[ChatCompletionChunk]
    ) -> AsyncGenerator[ChatEvent, None]:
        reply_id, usage, thoughts = "", None, ThoughtsLeftOut()
        async for chunk in chunks:
            piece = _read(chunk)
            if reply_id and piece.reply_id not in ("", reply_id):
                raise ModelUnavailable("The model mixed two replies in one stream.")
            reply_id, usage = reply_id or piece.reply_id, piece.usage or usage
            if piece.thinks:
                yield Thinking()
            if shown := thoughts.feed(piece.text):
                yield Delta(shown)
            if piece.finish:
                if shown := thoughts.finish():
                    yield Delta(shown)
                usage = usage or await self._late_usage(chunks)
                if usage:
                    yield usage
                yield Finish(_FINISH.get(piece.finish, "stop"))
                return

    async def _late_usage(self, chunks: openai.AsyncStream[ChatCompletionChunk]) -> Usage | None:
        """Return the counts sent behind the end; the answer is whole without them, so nothing here fails."""
        try:
            async with asyncio.timeout(self._limits.after_finish_s):
                async for chunk in chunks:
                    if usage := _read(chunk).usage:
                        return usage
        except (openai.APIError, httpx2.RequestError, TimeoutError, *MALFORMED):
            log.warning("model sent no token counts", model=self.name)
        return None


def _wire(message: ChatMessage) -> ChatCompletionMessageParam:
    match message.role:
        case "system":
            return {"role": "system", "content": message.content}
        case "user":
            return {"role": "user", "content": message.content}
        case "assistant":
            return {"role": "assistant", "content": message.content}


def _adapt(dialect: _Dialect, complaint: str) -> _Dialect:
    if "max_completion_tokens" in complaint:
        return replace(dialect, long_token_name=True)
    if "stream_options" in complaint or "include_usage" in complaint:
        return replace(dialect, counts_usage=False)
    return dialect


def _read(chunk: ChatCompletionChunk) -> _Piece:
    """Return what we use of a chunk. Any field may be absent or of another type: that raises one of three errors."""
    choice = next((choice for choice in chunk.choices or [] if choice.index == 0), None)
    usage = chunk.usage
    return _Piece(
        reply_id=str(chunk.id or ""),
        text="" if choice is None else "" + (choice.delta.content or ""),
        thinks=choice is not None and bool(getattr(choice.delta, "reasoning_content", None)),
        finish=None if choice is None else choice.finish_reason,
        usage=Usage(int(usage.prompt_tokens), int(usage.completion_tokens)) if usage else None,
    )


def as_ours(error: openai.APIError) -> ModelUnavailable | ModelRefused:
    """Return our error. The vendor's own words stay out: they may quote the key or the prompt."""
    cause = error.code or error.type
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable("The model's server did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable("The model's server cannot be reached.")
    if cause in PERMANENT_CODES:
        return ModelRefused(f"The model's server refused the request: {cause}.")
    if not isinstance(error, openai.APIStatusError):
        return ModelUnavailable("The model's server reported an error in mid-stream.")
    if error.status_code in RETRIED_STATUSES or error.status_code >= 500:
        wait_s = retry_after_s(error.response.headers, datetime.now(UTC))
        return ModelUnavailable(
            f"The model's server answered {error.status_code}.", retry_after_s=wait_s
        )
    return ModelRefused(f"The model's server refused the request ({error.status_code}).")
