"""The reranker's side of the embedder process: one cross-encoder, asked over a unix socket of its own, a connection a question.

A message is its size as a little-endian uint32, then JSON. Who hangs up is not answered: the model stops after the batch.
"""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from core.errors import Unavailable
from search.embed import Reranker
from search.embed_process import private_server

MAX_BYTES: Final = 4 * 1024 * 1024  # of a message
_SIZE: Final = struct.Struct("<I")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pairs:
    """A question: each passage is read together with the query."""

    query: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """The answer: a score for each passage, or why there is none."""

    scores: tuple[float, ...] = ()
    problem: str = ""


PAIRS: Final = TypeAdapter(Pairs)
SCORES: Final = TypeAdapter(Scores)
Message = TypeVar("Message")


@asynccontextmanager
async def reranker_server(reranker: Reranker, socket_path: Path) -> AsyncGenerator[None]:
    """Serve while inside the context; after it the connections and the socket are gone."""
    async with private_server(socket_path, partial(_serve, reranker)):
        yield


async def _serve(
    reranker: Reranker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one question, unless the other side leaves before."""
    with suppress(ConnectionError):
        pairs = await read_message(reader, PAIRS)
        scoring = asyncio.create_task(_score(reranker, pairs))
        leaving = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({scoring, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if scoring.done():
                writer.write(message(SCORES, scoring.result()))
                await writer.drain()
        finally:
            scoring.cancel()
            leaving.cancel()


async def _score(reranker: Reranker, pairs: Pairs) -> Scores:
    try:
        return Scores(tuple(await reranker.score(pairs.query, pairs.passages)))
    except Unavailable as error:
        return Scores(problem=error.message)
    except Exception:
        # The outermost frame of this question: one bad text must not end the process for all.
        log.exception("failed to rerank", passages=len(pairs.passages))
        return Scores(problem="the reranker failed on these texts; its log says why")


def message(adapter: TypeAdapter[Message], value: Message) -> bytes:
    """Return the message's bytes."""
    body = adapter.dump_json(value)
    return _SIZE.pack(len(body)) + body


async def read_message(reader: asyncio.StreamReader, adapter: TypeAdapter[Message]) -> Message:
    """Return the next message; raise ConnectionError when there is none or it is something else."""
    try:
        (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
        if size > MAX_BYTES:
            raise ConnectionAbortedError(f"a message of {size} bytes")
        return adapter.validate_json(await reader.readexactly(size))
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("the connection ended") from error
    except ValidationError as error:
        raise ConnectionAbortedError("a message of another protocol") from error
