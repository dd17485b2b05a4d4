"""What a chat model is to the rest of Recollect: messages in, a stream of events out, and two ways to fail.

Vendor types stay in openai.py and anthropic.py; extractive.py is the implementation that needs no vendor.
A stream ends with exactly one Finish or raises; closing the generator closes the vendor's connection at once.
"""

import base64
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Protocol
from uuid import UUID

from core.errors import CallerError, Unavailable
from llm.image_header import MediaType

UNSEEN = "\n\n(None of the images can be shown to you.)"
FinishReason = Literal["stop", "length", "refused", "abstained"]


@dataclass(frozen=True, slots=True)
class Document:
    """A source as a provider that cites by itself is given it; `text` is what may be read of it."""

    ref: int
    title: str
    context: str
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a provider is given it; `data` is the file as it is stored."""

    media_type: MediaType
    data: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode()

    @property
    def data_uri(self) -> str:
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """`content` is the whole text. A provider that cites by itself is given `bare` in its place, and the documents."""

    role: Literal["system", "user", "assistant"]
    content: str
    bare: str | None = None
    documents: tuple[Document, ...] = ()
    images: tuple[Image, ...] = ()

    def without_images(self) -> "ChatMessage":
        """Return the message for a model that sees nothing, which is told so."""
        if not self.images:
            return self
        bare = None if self.bare is None else self.bare + UNSEEN
        return replace(self, content=self.content + UNSEEN, bare=bare, images=())


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """The provider cites source `ref` for what it has written last, with words of the source; not checked yet."""

    ref: int
    quote: str


@dataclass(frozen=True, slots=True)
class Answering:
    """From here on this model answers; `name` is as in GET /api/models."""

    name: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """The images of the messages are not shown to the model that answers."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model works on its answer and says nothing yet: a sign of life."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the whole call so far; the last one seen counts."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason


ChatEvent = Delta | Cited | Answering | Unseen | Thinking | Usage | Finish


class ChatModel(Protocol):
    @property
    def name(self) -> str: ...

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]: ...


class ModelUnavailable(Unavailable):
    """The vendor did not answer, broke off or is overloaded: asking again may help."""

    retryable: ClassVar[bool] = True


class ModelNotAsked(ModelUnavailable):
    """Nobody was asked: the model has as much to do as it can, or is left alone for a while. It costs nothing."""


class ModelRefused(CallerError):
    """The vendor will not serve this request as it is: its key, its model name or its size is at fault."""

    retryable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Part:
    """One passage of a source that several neighbours were joined to."""

    passage_id: UUID
    start: int
    end: int
    page_first: int | None
    page_last: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """What the model is given of one place, numbered from 1 in the prompt as [ref].

    `start` and `end` are code points in the file's text or the message's content, and `text` is exactly that slice.
    `passage_id` is the best of its passages; `parts` are all of them, in order.
    """

    ref: int
    passage_id: UUID
    kind: Literal["file", "message"]
    item_id: UUID
    message_id: UUID | None
    version: int | None
    title: str
    headings: tuple[str, ...]
    page_first: int | None
    page_last: int | None
    start: int
    end: int
    text: str
    score: float
    parts: tuple[Part, ...] = ()

    def part_at(self, offset: int) -> Part:
        """Return the passage that holds the code point `offset`, or the last one before it."""
        whole = Part(self.passage_id, self.start, self.end, self.page_first, self.page_last)
        return next((p for p in reversed(self.parts) if p.start <= offset), whole)
