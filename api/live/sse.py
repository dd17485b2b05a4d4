"""Server-sent events, written by ourselves over plain ASGI: heartbeats, a deadline on each write, an end at shutdown.

A disconnect ends the stream and nothing else. A client that stops reading is dropped; it loses nothing, for it resumes
with Last-Event-ID. uvicorn waits for open responses before it lets the lifespan end, so `Streams.close()` must be called
when the signal comes.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import orjson
import structlog
from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.deps import api_of, bearer_token, caller_of, cookie_token
from api.errors import envelope_of, request_id_of
from app.sessions import hash_token, session_topic
from core.errors import CallerError, RateLimited, Unavailable
from core.events import rights_topic
from core.scope import Scope as CallerScope
from core.tasks import end

log = structlog.get_logger(__name__)

STREAMS_PER_ACCOUNT = 5
STREAMS_PER_PROCESS = 1000
RETRY_MS = (
    500  # clients come back after this and up to 5 s more, so that they do not come all at once
)
RETRY_JITTER_MS = 5000
AGAIN_S = 1.0  # a session that could not be asked for is asked for again
_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Type": "text/event-stream; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: a silence that is broken, how often the session is checked, and what a reader may take for one write."""

    heartbeat_s: float = 15.0
    check_s: float = 30.0  # rights on what is streamed are asked more often, with the rows
    send_timeout_s: float = 20.0  # a reader that takes nothing is gone within 30 s


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Frame:
    """One event; `data` is JSON on one line, `id` what Last-Event-ID will say."""

    event: str
    data: str
    id: int | str | None = None

    def encode(self) -> bytes:
        head = "" if self.id is None else f"id: {self.id}\n"
        return f"{head}event: {self.event}\ndata: {self.data}\n\n".encode()


Frames = AsyncGenerator[Frame | None]


class Streams:
    """The open streams of this process: how many each account has, and whether they are to end."""

    def __init__(
        self,
        *,
        per_account: int = STREAMS_PER_ACCOUNT,
        per_process: int = STREAMS_PER_PROCESS,
    ) -> None:
        self.closing = asyncio.Event()
        self._none_left = asyncio.Event()
        self._per_account = per_account
        self._per_process = per_process
        self._open: Counter[UUID] = Counter()
        self._ends: set[Callable[[], None]] = set()

    def close(self) -> None:
        """Tell every reader to come back, here or at another process."""
        self.closing.set()
        for end_one in tuple(self._ends):
            end_one()

    async def emptied(self, *, within_s: float) -> None:
        """Wait until none is open, or for so long."""
        if not self._open:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._none_left.wait()

    @contextmanager
    def ended_by(self, end_one: Callable[[], None]) -> Generator[None]:
        """Call this when all are to end, while the block runs: for who waits for something else already."""
        self._ends.add(end_one)
        try:
            yield
        finally:
            self._ends.discard(end_one)

    @contextmanager
    def counted(self, account_id: UUID) -> Generator[None]:
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]
            if not self._open and self.closing.is_set():
                self._none_left.set()

    def admit(self, account_id: UUID) -> None:
        """Raise unless the account, and this process, may hold one more."""
        if self.closing.is_set():
            raise Unavailable("The server is going down; try again.", retry_after_s=1)
        if self._open[account_id] >= self._per_account:
            raise RateLimited("streams", limit=self._per_account, window_s=1, retry_after_s=5)
        if self._open.total() >= self._per_process:
            raise Unavailable("Too many streams are open; try again.", retry_after_s=5)


def streams_of(request: Request) -> Streams:
    """Return the streams of the application that serves this request."""
    return cast("Streams", request.app.state.streams)


class EventStream(Response):
    """Sends `frames`, where None stands for a moment with nothing to say."""

    def __init__(
        self,
        frames: Frames,
        *,
        streams: Streams,
        request: Request,
        scope: CallerScope,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        streams.admit(scope.account_id)
        self._frames = frames
        self._streams = streams
        self._account_id = scope.account_id
        self._request = request
        self._pace = pace
        self._changed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the frames end, the client leaves, stops reading or may not stay, or the process goes down."""
        with self._streams.counted(self._account_id):
            sending = asyncio.create_task(self._send_all(send))
            staying = asyncio.create_task(self._stay())
            leaving = asyncio.create_task(_left(receive))
            closing = asyncio.create_task(self._streams.closing.wait())
            tasks: set[asyncio.Task[object]] = {sending, staying, leaving, closing}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end(tasks)
            try:
                if not sending.cancelled():
                    sending.result()
                elif not staying.cancelled():
                    await self._send_error(send, staying.result())
                elif leaving.cancelled():
                    await self._send_reconnect(send)
            except TimeoutError:
                log.info("dropped a slow reader", account_id=str(self._account_id))
                scope["abort"]()
                await asyncio.sleep(
                    0
                )  # the server hears of it before it looks for the answer's end

    def wake(self, seq: int) -> None:  # pyright: ignore[reportUnusedParameter]
        """Have the session asked for at once: it has ended, or somebody's rights have changed."""
        self._changed.set()

    def hear(self, message: str) -> None:
        """Let what is whispered pass."""

    async def _stay(self) -> CallerError:
        """Ask for the session in time and whenever it may have changed; return why the client may not stay."""
        api = await api_of(self._request)
        with ExitStack() as told:
            for topic in self._rights():
                told.enter_context(api.resources.feed.told(topic, self))
            within_s = self._pace.check_s
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(within_s):
                        await self._changed.wait()
                self._changed.clear()
                within_s = self._pace.check_s
                try:
                    await caller_of(self._request)
                except CallerError as error:
                    return error
                except Unavailable as error:
                    log.info("a session is asked for later", reason=error.message)
                    within_s = min(within_s, AGAIN_S)

    def _rights(self) -> list[str]:
        token = bearer_token(self._request) or cookie_token(self._request)
        mine = [rights_topic(self._account_id)]
        return mine if token is None else [*mine, session_topic(hash_token(token))]

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            async with aclosing(self._frames):
                await self._send_frames(send)
        except (CallerError, Unavailable) as error:
            await self._send_error(send, error)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_frames(self, send: Send) -> None:
        await self._send(send, _retry_line())
        sent_at = time.monotonic()
        async for frame in self._frames:
            if frame is None and time.monotonic() - sent_at < self._pace.heartbeat_s:
                continue
            await self._send(send, (frame or Frame("heartbeat", "{}")).encode())
            sent_at = time.monotonic()

    async def _send(self, send: Send, data: bytes) -> None:
        async with asyncio.timeout(self._pace.send_timeout_s):
            await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _send_error(self, send: Send, error: CallerError | Unavailable) -> None:
        body = envelope_of(error, request_id=request_id_of(self._request))
        await self._send(send, Frame("error", orjson.dumps(body).decode()).encode())
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_reconnect(self, send: Send) -> None:
        await self._send(send, _retry_line() + Frame("reconnect", "{}").encode())
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def retry_ms() -> int:
    """Return after how long a client is to come back: not all at once."""
    return RETRY_MS + random.randrange(RETRY_JITTER_MS)


def _retry_line() -> bytes:
    return f"retry: {retry_ms()}\n\n".encode()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
