"""The Embedder that API and worker use: a client of the embedder process (embed_process.py).

One connection carries any number of questions at once. Each has a deadline, after which the caller
gets Unavailable and the process is told to drop it, so that search can answer by words alone.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from core.errors import Unavailable
from search.embed import EmbedderSpec, Matrix, QueryVector, RefusedText
from search.embed_wire import (
    Answer,
    Ask,
    Hello,
    Question,
    frame,
    pack_texts,
    read_frame,
    unpack_rows,
)

SLICE: Final = 64  # texts in one question: 1 to 2 s of work of the default model on two cores
_RECONNECT_S: Final = 0.1


class EmbedClient:
    """The process must serve the model of `spec`, in its dimension; it may serve others beside it.

    A query fails at once when it is away. Documents wait for it to come back, each slice of them
    for documents_timeout_s in all.
    """

    def __init__(
        self,
        socket_path: Path,
        spec: EmbedderSpec,
        *,
        query_timeout_s: float = 1.0,
        documents_timeout_s: float = 60.0,
    ) -> None:
        self.model = spec.model
        self.dimension = spec.dimension
        self.max_tokens = spec.max_tokens
        self._socket_path = socket_path
        self._query_timeout_s = query_timeout_s
        self._documents_timeout_s = documents_timeout_s
        self._connecting = asyncio.Lock()
        self._link: _Link | None = None

    async def embed_query(self, text: str) -> QueryVector:
        async with _deadline(self._query_timeout_s):
            reply = await self._ask("query", [text], self._connected)
        return QueryVector(
            unpack_rows(reply.body, self.dimension)[0], reply.answer.characters_per_piece
        )

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), SLICE):
            async with _deadline(self._documents_timeout_s):
                part = texts[start : start + SLICE]
                reply = await self._ask("documents", part, self._patiently_connected)
            rows[start : start + SLICE] = unpack_rows(reply.body, self.dimension)
        return rows

    async def close(self) -> None:
        """Hang up; the next question would connect again."""
        if self._link:
            await self._link.close()

    async def _ask(self, ask: Ask, texts: Sequence[str], connected: "_Connect") -> "_Reply":
        """Ask once more when the process goes away; not for ever, these texts may have ended it."""
        try:
            return await (await connected()).ask(ask, texts)
        except ConnectionError:
            return await (await connected()).ask(ask, texts)

    async def _patiently_connected(self) -> "_Link":
        return await _patiently(self._connected)

    async def _connected(self) -> "_Link":
        async with self._connecting:
            if self._link is None or not self._link.is_open:
                link = await _connect(self._socket_path, self.model)
                if (link.spec.model, link.spec.dimension) != (self.model, self.dimension):
                    await link.close()
                    message = f"the embedder process serves {link.spec.model}, not {self.model}"
                    raise Unavailable(message + ": restart both")
                self._link = link
            return self._link


@asynccontextmanager
async def _deadline(timeout_s: float) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as exc:
        raise Unavailable(f"the embedder did not answer within {timeout_s} s") from exc
    except OSError as exc:
        raise Unavailable("the embedder process cannot be reached") from exc


async def _patiently(connect: "_Connect") -> "_Link":
    """Connect to a process that may be just starting, until the caller's deadline."""
    while True:
        try:
            return await connect()
        except (ConnectionError, FileNotFoundError):
            await asyncio.sleep(_RECONNECT_S)


async def _connect(socket_path: Path, model: str) -> "_Link":
    reader, writer = await asyncio.open_unix_connection(socket_path)
    try:
        writer.write(frame(Hello(model)))
        spec, _ = await read_frame(reader, EmbedderSpec)
    except BaseException:  # a cancelled caller too must not leave the connection open
        writer.close()
        raise
    return _Link(reader, writer, spec)


@dataclass(frozen=True, slots=True)
class _Reply:
    answer: Answer
    body: bytes


class _Link:
    """A connection and the questions under way on it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, spec: EmbedderSpec
    ) -> None:
        self.spec = spec
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[_Reply | None]] = {}
        self._receiving = asyncio.create_task(self._receive(reader))

    @property
    def is_open(self) -> bool:
        return not self._receiving.done() and not self._writer.is_closing()

    async def ask(self, ask: Ask, texts: Sequence[str]) -> _Reply:
        """Return the reply to these texts; raise ConnectionError when the process went away."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(pack_texts(number, ask, texts))
            await self._writer.drain()
            return _done(await self._waiting[number])
        except asyncio.CancelledError:
            if self.is_open:
                self._writer.write(frame(Question(number, "cancel")))
            raise
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        self._writer.close()
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until the process goes away."""
        try:
            while True:
                answer, body = await read_frame(reader, Answer)
                waiting = self._waiting.get(answer.number)
                if waiting and not waiting.done():
                    waiting.set_result(_Reply(answer, body))
        except ConnectionError:
            return
        finally:
            self._writer.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_result(None)


_Connect: TypeAlias = Callable[[], Awaitable[_Link]]


def _done(reply: _Reply | None) -> _Reply:
    if reply is None:
        raise ConnectionResetError("the embedder process went away")
    if reply.answer.outcome == "refused":
        raise RefusedText(reply.answer.message)
    if reply.answer.outcome == "unavailable":
        raise Unavailable(reply.answer.message, retry_after_s=reply.answer.retry_after_s)
    return reply
