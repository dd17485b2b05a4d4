"""OpenAI and every server that speaks its chat completions, by the official SDK.

The wire carries no sequence numbers, so a repeated text chunk cannot be told from repeated text; what can be told
is refused: chunks of another reply, and text after the end. The SDK builds its models without checking them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, replace
from typing import Self

import httpx2
import openai
import structlog
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionContentPartParam,
    ChatCompletionMessageParam,
)
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    FinishReason,
    ModelUnavailable,
    Thinking,
    Usage,
)
from llm.thoughts import ThoughtsLeftOut
from llm.upstream import MALFORMED
from llm.vendor import Ours, Raw, RawStream, VendorChat, by_status, in_our_words, refused_for

log = structlog.get_logger(__name__)

PERMANENT_CODES = frozenset(
    {"insufficient_quota", "invalid_request_error", "context_length_exceeded", "invalid_api_key"}
)
Extra = Mapping[str, str | int | bool]  # fields that one server knows and others do not
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


class OpenAIVendor(VendorChat[openai.AsyncOpenAI, Raw]):
    """What both of OpenAI's APIs share."""

    def _connect(
        self, api_key: str, base_url: str, *, http_client: httpx2.AsyncClient
    ) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client
        )

    def _in_our_words(self, lost: str) -> AbstractContextManager[None]:
        return in_our_words(openai.APIError, _as_ours, lost=lost)


class OpenAIChat(OpenAIVendor[ChatCompletionChunk]):
    _dialect: _Dialect = _Dialect()
    _extra: Extra | None = None

    def with_fields(self, extra: Extra) -> Self:
        """Return one whose requests carry these fields too, over the same connections."""
        other = copy(self)
        other._extra = extra  # noqa: SLF001  (its own class)
        return other

    async def _open(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> RawStream[ChatCompletionChunk]:
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
                    extra_body=self._extra,
                )
            except openai.BadRequestError as exc:
                self._dialect = _adapt(dialect, exc.message)
                if self._dialect == dialect:
                    raise

    async def _events(
        self, raw: AsyncIterator[ChatCompletionChunk]
    ) -> AsyncGenerator[ChatEvent, None]:
        reply_id, usage, thoughts = "", None, ThoughtsLeftOut()
        async for chunk in raw:
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
                usage = usage or await self._late_usage(raw)
                if usage:
                    yield usage
                yield Finish(_FINISH.get(piece.finish, "stop"))
                return

    async def _late_usage(self, raw: AsyncIterator[ChatCompletionChunk]) -> Usage | None:
        """Return the counts sent behind the end; the answer is whole without them, so nothing here fails."""
        try:
            async with asyncio.timeout(self._limits.after_finish_s):
                async for chunk in raw:
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
            return {"role": "user", "content": _content(message)}
        case "assistant":
            return {"role": "assistant", "content": message.content}


def _content(message: ChatMessage) -> str | list[ChatCompletionContentPartParam]:
    if not message.images:
        return message.content
    return [
        {"type": "text", "text": message.content},
        *({"type": "image_url", "image_url": {"url": each.data_uri}} for each in message.images),
    ]


def _is_at_work(chunk: ChatCompletionChunk, delta: ChoiceDelta) -> bool:
    """Return whether a chunk is a sign of thinking or, of llama.cpp, of reading the prompt."""
    signs = (getattr(delta, "reasoning_content", None), getattr(chunk, "prompt_progress", None))
    return any(signs)


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
        thinks=choice is not None and _is_at_work(chunk, choice.delta),
        finish=None if choice is None else choice.finish_reason,
        usage=Usage(int(usage.prompt_tokens), int(usage.completion_tokens)) if usage else None,
    )


def _as_ours(error: openai.APIError, lost: str) -> Ours:
    """Return our error. The vendor's own words stay out: they may quote the key or the prompt."""
    cause = error.code or error.type
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable("The model's server did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable(lost)
    if cause in PERMANENT_CODES:
        return refused_for(cause)
    if not isinstance(error, openai.APIStatusError):
        return ModelUnavailable("The model's server reported an error in mid-stream.")
    return by_status(error.response, said=f"answered {error.status_code}")
