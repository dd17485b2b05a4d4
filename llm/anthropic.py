"""Anthropic's messages, by the official SDK.

Sources go as documents, which the model cites by itself; a server that refuses them is given prose from then on.
Errors arrive inside a 200 stream (`overloaded_error`) and overload lasts minutes; the SDK lets connection errors of
its HTTP client through unmapped. A stream is whole only with its message_stop.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractContextManager

import anthropic
import httpx2
from anthropic.types import (
    DocumentBlockParam,
    ImageBlockParam,
    MessageParam,
    RawContentBlockDeltaEvent,
    RawMessageStreamEvent,
    TextBlockParam,
)

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Cited,
    Delta,
    Document,
    Finish,
    FinishReason,
    Image,
    ModelUnavailable,
    Thinking,
    Usage,
)
from llm.vendor import Ours, RawStream, VendorChat, by_status, follow, in_our_words, refused_for

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


class AnthropicChat(VendorChat[anthropic.AsyncAnthropic, RawMessageStreamEvent]):
    _cites: bool = True

    def _connect(
        self, api_key: str, base_url: str, *, http_client: httpx2.AsyncClient
    ) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(
            api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client
        )

    def _in_our_words(self, lost: str) -> AbstractContextManager[None]:
        return in_our_words(anthropic.APIError, _as_ours, lost=lost)

    def _events(self, raw: AsyncIterator[RawMessageStreamEvent]) -> AsyncGenerator[ChatEvent, None]:
        return follow(raw, _Reader().read)

    async def _open(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> RawStream[RawMessageStreamEvent]:
        """Ask for the stream, with documents where the server knows them."""
        while True:
            cites = self._cites and any(message.documents for message in messages)
            try:
                return await self._client.messages.create(
                    model=self.name,
                    max_tokens=max_tokens,
                    system="\n\n".join(
                        _text(m, cites=cites) for m in messages if m.role == "system"
                    ),
                    messages=[_wire(m, cites=cites) for m in messages if m.role != "system"],
                    stream=True,
                )
            except anthropic.BadRequestError as exc:
                complaint = exc.message.casefold()
                if not cites or not ("citation" in complaint or "document" in complaint):
                    raise
                self._cites = False


class _Reader:
    """Follows one message's events and refuses those that come out of order."""

    def __init__(self) -> None:
        self._begun = False
        self._blocks: dict[int, dict[Cited, None]] = {}  # open ones, with what each cites
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
                self._blocks[event.index] = {}
            case "content_block_delta":
                return self._part(event)
            case "content_block_stop":
                return list(self._blocks.pop(event.index, {}))
            case "message_delta":
                self._reason = _FINISH.get(event.delta.stop_reason or "", "stop")
                return [Usage(self._input_tokens, int(event.usage.output_tokens))]
            case "message_stop":
                return [Finish(self._reason)]
        return []

    def _part(self, event: RawContentBlockDeltaEvent) -> list[ChatEvent]:
        """Return what a part of a block says; what it cites stands behind the block's text, so it waits for its end."""
        if event.index not in self._blocks:
            raise ModelUnavailable("The model sent text outside a block.")
        delta = event.delta
        if delta.type == "text_delta":
            return [Delta("" + delta.text)]
        if delta.type == "citations_delta" and delta.citation.type == "char_location":
            cited = Cited(int(delta.citation.document_index) + 1, "" + delta.citation.cited_text)
            self._blocks[event.index][cited] = None
        return [Thinking()] if delta.type == "thinking_delta" else []


def _text(message: ChatMessage, *, cites: bool) -> str:
    return message.bare if cites and message.bare is not None else message.content


def _wire(message: ChatMessage, *, cites: bool) -> MessageParam:
    if message.role == "assistant":
        return {"role": "assistant", "content": message.content}
    documents = message.documents if cites else ()
    if not documents and not message.images:
        return {"role": "user", "content": message.content}
    text = _text(message, cites=True) if documents else message.content
    question: TextBlockParam = {"type": "text", "text": text}
    given = (*map(_document, documents), *map(_image, message.images))
    return {"role": "user", "content": [*given, question]}


def _image(given: Image) -> ImageBlockParam:
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": given.media_type, "data": given.base64},
    }


def _document(given: Document) -> DocumentBlockParam:
    return {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": given.text},
        "title": given.title,
        "context": given.context,
        "citations": {"enabled": True},
    }


def _as_ours(error: anthropic.APIError, lost: str) -> Ours:
    """Return our error. The vendor's own words stay out: they may quote the key or the prompt."""
    if isinstance(error, anthropic.APITimeoutError):
        return ModelUnavailable("The model's server did not answer in time.")
    if not isinstance(error, anthropic.APIStatusError):
        return ModelUnavailable(lost)
    if error.type in PERMANENT_TYPES:
        return refused_for(error.type)
    return by_status(error.response, said=f"reported {error.type or error.status_code}")
