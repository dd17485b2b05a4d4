"""What the clients of all vendors share: how one is opened and closed, how an attempt runs, and its errors in our words.

A vendor's module adds how its SDK is connected and asked, how its events are read, and what its own errors mean.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import httpx2
import structlog

from llm.chat import ChatEvent, ChatMessage, ModelRefused, ModelUnavailable, Unseen
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

Ours = ModelUnavailable | ModelRefused
UNREACHABLE = "The model's server cannot be reached."
BROKEN_OFF = "The model's connection broke."


class SdkClient(Protocol):
    async def close(self) -> None: ...


Client = TypeVar("Client", bound=SdkClient)
Raw = TypeVar("Raw")
Error = TypeVar("Error", bound=Exception)
RawStream = AbstractAsyncContextManager[AsyncIterator[Raw]]


class VendorChat(ABC, Generic[Client, Raw]):
    def __init__(  # noqa: PLR0913  (a model, where it is, and how patiently it is asked)
        self,
        model: str,
        *,
        api_key: str,
        base_url: str,
        limits: Limits = DEFAULT_LIMITS,
        rng: random.Random | None = None,
        socket: Path | None = None,
    ) -> None:
        """`socket` is that of a server on this machine, asked by it and not by the address's host."""
        self.name = model
        self._limits = limits
        self._rng = rng or random.Random()
        http_client = bounded_client(limits, socket=socket)
        self._client = self._connect(api_key, base_url, http_client=http_client)

    async def aclose(self) -> None:
        await self._client.close()

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        return guarded(lambda: self._attempt(messages, max_tokens), self._limits, rng=self._rng)

    async def _attempt(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        with self._in_our_words(BROKEN_OFF):
            sees, opened = await self._open_or_blind(messages, max_tokens)
            async with opened as raw, aclosing(self._events(raw)) as events:
                if not sees:
                    yield Unseen()
                async for event in events:
                    yield event

    async def _open_or_blind(
        self, messages: Sequence[ChatMessage], max_tokens: int
    ) -> tuple[bool, RawStream[Raw]]:
        """Ask for the stream; a server that refuses the request is asked again without its images, and then False is returned."""
        try:
            with self._in_our_words(UNREACHABLE):
                return True, await self._open(messages, max_tokens)
        except ModelRefused as refusal:
            if not any(message.images for message in messages):
                raise
            log.warning("model is shown no images", model=self.name, reason=refusal.message)
        blind = [each.without_images() for each in messages]
        with self._in_our_words(UNREACHABLE):
            return False, await self._open(blind, max_tokens)

    @abstractmethod
    def _connect(self, api_key: str, base_url: str, *, http_client: httpx2.AsyncClient) -> Client:
        """Return the SDK's client, its own retries off."""

    @abstractmethod
    async def _open(self, messages: Sequence[ChatMessage], max_tokens: int) -> RawStream[Raw]:
        """Ask for the stream."""

    @abstractmethod
    def _events(self, raw: AsyncIterator[Raw]) -> AsyncGenerator[ChatEvent, None]:
        """Yield what the vendor's events say; a whole answer ends with Finish."""

    @abstractmethod
    def _in_our_words(self, lost: str) -> AbstractContextManager[None]:
        """Return in_our_words() for the SDK's errors; `lost` is what a lost connection means at this point."""


@contextmanager
def in_our_words(
    sdk_error: type[Error], as_ours: Callable[[Error, str], Ours], *, lost: str
) -> Generator[None]:
    """Turn what the SDK, its HTTP client and the reading of its events raise into our errors."""
    try:
        yield
    except sdk_error as exc:
        raise as_ours(exc, lost) from exc
    except httpx2.RequestError as exc:
        raise ModelUnavailable(lost) from exc
    except MALFORMED as exc:
        raise ModelUnavailable("The model sent a malformed event.") from exc


def by_status(response: httpx2.Response, *, said: str) -> Ours:
    """Return the error for an answer that is no stream, or that broke off in one of status 200."""
    status = response.status_code
    if 400 <= status < 500 and status not in RETRIED_STATUSES:
        return ModelRefused(f"The model's server refused the request ({status}).")
    wait_s = retry_after_s(response.headers, datetime.now(UTC))
    return ModelUnavailable(f"The model's server {said}.", retry_after_s=wait_s)


def refused_for(cause: str) -> ModelRefused:
    return ModelRefused(f"The model's server refused the request: {cause}.")


async def follow(
    raw: AsyncIterator[Raw], read: Callable[[Raw], Sequence[ChatEvent]]
) -> AsyncGenerator[ChatEvent, None]:
    """Yield what `read` makes of each event; guarded() stops at the Finish."""
    async for raw_event in raw:
        for event in read(raw_event):
            yield event
