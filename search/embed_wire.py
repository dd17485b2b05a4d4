"""The frames between the embedder process and its clients, over a private unix socket.

A frame is two little-endian uint32, the sizes of its header and body; then the header, JSON of one
of the dataclasses below; then the body. The client begins with a Hello, the server greets with an
EmbedderSpec. A Question's body is its texts, an Answer's body its rows as little-endian float32.
"""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import numpy as np
import orjson

from search.embed import EmbedderSpec, Matrix

_SIZES: Final = struct.Struct("<II")
MAX_FRAME_BYTES: Final = 32 * 1024 * 1024

Ask = Literal["query", "documents", "cancel"]
Outcome = Literal["done", "refused", "unavailable"]


@dataclass(frozen=True, slots=True)
class Hello:
    """Which model this connection asks."""

    model: str


@dataclass(frozen=True, slots=True)
class Question:
    """`number` is the client's, unique among its questions under way; cancel names the one to drop."""

    number: int
    ask: Ask
    sizes_bytes: Sequence[int] = ()  # of each text in the body


@dataclass(frozen=True, slots=True)
class Answer:
    number: int
    outcome: Outcome
    message: str = ""  # unless done
    retry_after_s: float | None = None
    characters_per_piece: float = 0.0  # of a query


Header = TypeVar("Header", EmbedderSpec, Hello, Question, Answer)


class BadFrame(ConnectionError):
    """The other side does not speak this protocol; the connection is of no more use."""


def frame(header: EmbedderSpec | Hello | Question | Answer, body: bytes = b"") -> bytes:
    """Return the frame's bytes."""
    packed = orjson.dumps(header)
    return _SIZES.pack(len(packed), len(body)) + packed + body


async def read_frame(
    reader: asyncio.StreamReader, header_type: type[Header]
) -> tuple[Header, bytes]:
    """Return the next frame; raise ConnectionError when there is none or it is no such frame."""
    try:
        header_size, body_size = _SIZES.unpack(await reader.readexactly(_SIZES.size))
        if header_size + body_size > MAX_FRAME_BYTES:
            raise BadFrame(f"a frame of {header_size + body_size} bytes")
        packed = await reader.readexactly(header_size)
        return header_type(**orjson.loads(packed)), await reader.readexactly(body_size)
    except asyncio.IncompleteReadError as exc:
        raise ConnectionResetError("the connection ended") from exc
    except (orjson.JSONDecodeError, TypeError) as exc:
        raise BadFrame("a header of another protocol") from exc


def pack_texts(number: int, ask: Ask, texts: Sequence[str]) -> bytes:
    """Return the frame that asks for texts; a lone surrogate travels as a `?`."""
    parts = [text.encode("utf-8", "replace") for text in texts]
    return frame(Question(number, ask, [len(part) for part in parts]), b"".join(parts))


def unpack_texts(question: Question, body: bytes) -> list[str]:
    """Return the texts of a question's body."""
    ends = np.cumsum(question.sizes_bytes, dtype=np.int64).tolist()
    if (ends[-1] if ends else 0) != len(body):
        raise BadFrame("the sizes do not add up to the body")
    starts = [0, *ends]
    return [body[start:end].decode() for start, end in zip(starts, ends, strict=False)]


def pack_rows(rows: Matrix) -> bytes:
    """Return the rows as an answer's body."""
    return rows.astype("<f4", copy=False).tobytes()


def unpack_rows(body: bytes, dimension: int) -> Matrix:
    """Return an answer's body as rows."""
    return np.frombuffer(body, dtype="<f4").reshape(-1, dimension).astype(np.float32, copy=False)
