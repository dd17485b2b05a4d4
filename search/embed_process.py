"""The embedder process: models served to the API and the worker over a unix socket.

So a model is in memory once, and its CPU work never blocks their loops. A connection asks the one
model that it names. The questions of all are answered side by side; documents only while there is
room for them.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from core.errors import Unavailable
from search.embed import Embedder, EmbedderSpec, OtherModels, RefusedText, no_others
from search.embed_wire import Answer, Hello, Question, frame, pack_rows, read_frame, unpack_texts

MAX_TEXTS: Final = 2048  # of all clients together: 30 to 70 s of work of the default model
_RETRY_BUSY_S: Final = 5.0

log = structlog.get_logger(__name__)


async def serve_embedder(
    embedder: Embedder, socket_path: Path, *, others: OtherModels = no_others
) -> None:
    """Serve until SIGTERM or SIGINT; questions still open then end with their connections."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with embedder_server(embedder, socket_path, others=others):
        log.info("serving embeddings", model=embedder.model, socket=str(socket_path))
        await stop.wait()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)


@asynccontextmanager
async def embedder_server(
    embedder: Embedder,
    socket_path: Path,
    *,
    others: OtherModels = no_others,
    max_texts: int = MAX_TEXTS,
) -> AsyncGenerator[None]:
    """Serve while inside the context; after it the connections and the socket are gone.

    Who names an unknown model is greeted as by `embedder`, and sees from that that it is not served.
    """
    room = _Room(max_texts)

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hello, _ = await read_frame(reader, Hello)
        except ConnectionError as exc:
            log.debug("a client of the embedder left", reason=str(exc))
            return
        known = hello.model == embedder.model
        asked = embedder if known else others(hello.model) or embedder
        await _Client(asked, room, writer).serve(reader)

    async with private_server(socket_path, welcome):
        yield


@asynccontextmanager
async def private_server(
    socket_path: Path,
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]],
) -> AsyncGenerator[None]:
    """Have `serve` answer each connection while inside the context; after it the connections and the socket are gone."""
    clients: set[asyncio.Task[None]] = set()

    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.create_task(serve(reader, writer))
        clients.add(client)
        client.add_done_callback(clients.discard)
        client.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_unix_server(greet, sock=_bind(socket_path))
    try:
        yield
    finally:
        server.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        _remove(socket_path)


def _remove(socket_path: Path) -> None:
    socket_path.unlink(missing_ok=True)


def _bind(socket_path: Path) -> socket.socket:
    """Take the path over from a process that died.

    Nobody connects before the mode is set, because nothing listens yet.
    """
    _remove(socket_path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.bind(str(socket_path))
    socket_path.chmod(0o700)
    return bound


class _Room:
    """How many more texts may be under way."""

    def __init__(self, texts: int) -> None:
        self._texts = texts

    @contextmanager
    def held(self, texts: int) -> Generator[None]:
        if texts > self._texts:
            raise Unavailable("the embedder has enough to do", retry_after_s=_RETRY_BUSY_S)
        self._texts -= texts
        try:
            yield
        finally:
            self._texts += texts


class _Client:
    def __init__(self, embedder: Embedder, room: _Room, writer: asyncio.StreamWriter) -> None:
        self._embedder = embedder
        self._room = room
        self._writer = writer
        self._answers: dict[int, asyncio.Task[None]] = {}

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client goes away; what it had asked by then is dropped."""
        of = self._embedder
        self._writer.write(frame(EmbedderSpec(of.model, of.dimension, of.max_tokens)))
        try:
            while True:
                question, body = await read_frame(reader, Question)
                self._take(question, unpack_texts(question, body))
        except ConnectionError as exc:
            log.debug("a client of the embedder left", reason=str(exc))
        finally:
            for answer in self._answers.values():
                answer.cancel()

    def _take(self, question: Question, texts: Sequence[str]) -> None:
        if question.ask != "cancel":
            answer = asyncio.create_task(self._answer(question, texts))
            self._answers[question.number] = answer
            answer.add_done_callback(lambda _: self._answers.pop(question.number))
        elif question.number in self._answers:
            self._answers[question.number].cancel()

    async def _answer(self, question: Question, texts: Sequence[str]) -> None:
        try:
            answer = await self._embed(question, texts)
        except RefusedText as exc:
            answer = frame(Answer(question.number, "refused", exc.message))
        except Unavailable as exc:
            answer = frame(Answer(question.number, "unavailable", exc.message, exc.retry_after_s))
        except Exception:
            # The outermost frame of this question: one bad text must not end the process for all.
            log.exception("failed to embed", ask=question.ask, texts=len(texts))
            message = "the embedder failed on these texts; its log says why"
            answer = frame(Answer(question.number, "unavailable", message))
        await self._send(answer)

    async def _embed(self, question: Question, texts: Sequence[str]) -> bytes:
        if question.ask == "query":
            found = await self._embedder.embed_query(texts[0])
            done = Answer(question.number, "done", characters_per_piece=found.characters_per_piece)
            return frame(done, pack_rows(found.vector))
        with self._room.held(len(texts)):
            rows = await self._embedder.embed_documents(texts)
        return frame(Answer(question.number, "done"), pack_rows(rows))

    async def _send(self, answer: bytes) -> None:
        self._writer.write(answer)
        with suppress(ConnectionError):  # the client left, and serve() ends for the same reason
            await self._writer.drain()
