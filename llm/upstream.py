"""What every vendor's stream goes through: deadlines, retry before output, and a bound on one event.

The SDKs wait 600 s, retry behind our back and read an event of any size, so they run with their own
retries off and these limits around them. An error inside a 200 stream bypasses an SDK's retries anyway.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2
import structlog

from llm.chat import ChatEvent, Delta, Finish, ModelUnavailable, Thinking

log = structlog.get_logger(__name__)

RETRIED_STATUSES = frozenset({408, 409, 429})  # besides every 5xx
# What reading an event can raise: the SDKs neither check its shape nor bound its nesting.
MALFORMED = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Limits:
    """The SDKs' own limits are 600 s and two retries, which leaves a reader in front of a stall for minutes."""

    connect_s: float = 10
    # Over all attempts, so that a stall ends within 35 s whatever is retried; a model that shows that it thinks is given
    # between_chunks_s for each sign of it.
    first_token_s: float = 30
    between_chunks_s: float = 20
    total_s: float = 300
    after_finish_s: float = 2  # for the token counts that some servers send behind the last text
    retries: int = 2
    backoff_s: float = 0.5  # doubled each time, jittered between half and the whole
    event_bytes: int = 1 << 20
    answer_chars: int = 200_000


DEFAULT_LIMITS = Limits()

Attempt = Callable[[], AsyncGenerator[ChatEvent, None]]


def bounded_client(limits: Limits, *, socket: Path | None = None) -> httpx2.AsyncClient:
    """Return the HTTP client for a vendor's SDK: our timeouts, no compression, no event over the limit.

    With a `socket` it reaches the server that listens there, whatever host an address names.
    """

    async def bound(response: httpx2.Response) -> None:
        response.stream = _BoundedLines(response.stream, limits.event_bytes)

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(limits.connect_s, read=limits.first_token_s),
        headers={
            "Accept-Encoding": "identity"
        },  # a compressed stream would hide the size of its events
        event_hooks={"response": [bound]},
        transport=None if socket is None else httpx2.AsyncHTTPTransport(uds=str(socket)),
    )


class _BoundedLines(httpx2.AsyncByteStream):
    """A response body that breaks off when one line of it grows over the limit."""

    def __init__(
        self, inner: httpx2.SyncByteStream | httpx2.AsyncByteStream, limit_bytes: int
    ) -> None:
        if not isinstance(inner, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous client has asynchronous bodies")
        self._inner = inner
        self._limit_bytes = limit_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        line_bytes = 0
        async for part in self._inner:
            newline = part.rfind(b"\n")
            line_bytes = line_bytes + len(part) if newline < 0 else len(part) - newline - 1
            if line_bytes > self._limit_bytes:
                raise httpx2.RemoteProtocolError(f"one event is over {self._limit_bytes} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Pace:
    """How long the next event may take, and whether anything was emitted yet."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begun = asyncio.get_running_loop().time()
        self.emitted_chars = 0
        self._thinks = False

    def left_s(self) -> float:
        """Return the seconds until the nearest limit; negative when it has passed."""
        elapsed = asyncio.get_running_loop().time() - self._begun
        total_left = self._limits.total_s - elapsed
        if self.emitted_chars or self._thinks:
            return min(self._limits.between_chunks_s, total_left)
        return min(self._limits.first_token_s - elapsed, total_left)

    def saw(self, event: ChatEvent) -> None:
        self._thinks = self._thinks or isinstance(event, Thinking)
        if isinstance(event, Delta):
            self.emitted_chars += len(event.text)
        if self.emitted_chars > self._limits.answer_chars:
            raise ModelUnavailable("The model wrote more than an answer may hold.")


async def guarded(
    attempt: Attempt, limits: Limits, *, rng: random.Random
) -> AsyncGenerator[ChatEvent, None]:
    """Yield the events of `attempt`, tried again only while no text was emitted.

    Raise ModelUnavailable at a passed limit or at an end without Finish.
    """
    pace = _Pace(limits)
    for tried in range(limits.retries + 1):
        try:
            async with aclosing(_paced(attempt, pace)) as events:
                async for event in events:
                    yield event
        except ModelUnavailable as error:
            pause_s = backoff_s(tried, error.retry_after_s, limits, rng=rng)
            if pace.emitted_chars or tried == limits.retries or pause_s >= pace.left_s():
                raise
            log.warning("model call failed, trying again", pause_s=pause_s, reason=error.message)
            await asyncio.sleep(pause_s)
        else:
            return


async def _paced(attempt: Attempt, pace: _Pace) -> AsyncGenerator[ChatEvent, None]:
    async with aclosing(attempt()) as events:
        while True:
            try:
                async with asyncio.timeout(max(pace.left_s(), 0)):
                    event = await anext(events, None)
            except TimeoutError as exc:
                when = "in mid-answer" if pace.emitted_chars else "before its first word"
                raise ModelUnavailable(f"The model stalled {when}.") from exc
            if event is None:
                raise ModelUnavailable("The model's answer broke off before its end.")
            pace.saw(event)
            yield event
            if isinstance(event, Finish):
                return


def backoff_s(
    tried: int, retry_after_s: float | None, limits: Limits, *, rng: random.Random
) -> float:
    """Return how long to wait: what the vendor asked for, but never less than the jittered doubling."""
    doubling = limits.backoff_s * 2**tried * rng.uniform(0.5, 1)
    return max(doubling, retry_after_s or 0)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds of a Retry-After header (a number or an HTTP date), None without a usable one."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    return seconds if seconds is not None and 0 <= seconds < float("inf") else None


def _seconds_until(http_date: str, now: datetime) -> float | None:
    try:
        when = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    return (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
