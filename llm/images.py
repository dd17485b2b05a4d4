"""The images that a question is asked with: attached to it or to what came before it, as the asker may read them now.

They are few and bounded by what every vendor takes (Anthropic: 5 MB as base64, 8,000 pixels an edge), and sent without
metadata. One that is left out is named, to the model and in the trace. Whether a model is shown any is known to llm/catalogue.py.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from core.blobs import BlobStore
from core.errors import PermanentFailure
from core.scope import Scope
from llm.chat import Image
from llm.image_header import HEAD_BYTES, MediaType, media_type, size_of
from llm.image_metadata import without_metadata
from llm.image_tokens import ImageTokens
from llm.options import ReplyOptions
from sql import fetch, read
from sql.pool import Pool

MOST_LOOKED_AT: Final = 20  # files of the branch, the latest first
MOST_IMAGES: Final = 5
IMAGE_BYTES: Final = 3_750_000
ALL_BYTES: Final = 8_000_000
MOST_PIXELS: Final = 8_000  # an edge

ImageFate = Literal["shown", "refused", "too large", "too many", "unreadable"]


@dataclass(frozen=True, slots=True)
class Picture:
    """An attached image and what became of it; `image` is None, and it costs nothing, where it was left out."""

    file_id: UUID
    version: int
    name: str
    media_type: MediaType
    size_bytes: int
    fate: ImageFate
    image: Image | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class _Attached:
    file_id: UUID
    version: int
    name: str
    size_bytes: int
    key: str
    is_asked: bool


LIST_ATTACHED = read("image.sql", "list_attached", _Attached)


@dataclass(frozen=True, slots=True)
class Question:
    """A message to answer, the files attached to it and to what came before (its own first), and what is wanted."""

    message_id: UUID
    attachments: Sequence[UUID]
    options: ReplyOptions


async def find_pictures(
    pool: Pool, blobs: BlobStore, scope: Scope, *, question: Question, cost: ImageTokens
) -> tuple[Picture, ...]:
    """Return the images that a question is asked with, its own first."""
    ids = list(question.attachments[:MOST_LOOKED_AT])
    if not ids:
        return ()
    async with pool.read_tx(scope) as conn:
        rows = await fetch(
            conn, LIST_ATTACHED, **scope.ids, ids=ids, message_id=question.message_id
        )
    rows = [row for row in rows if row.is_asked or _is_wanted(row.file_id, question.options)]
    heads = await asyncio.gather(*(_read(blobs, row.key, HEAD_BYTES) for row in rows))
    pictures = list[Picture]()
    for row, head in zip(rows, heads, strict=True):
        if kind := media_type(head):
            shown = [each.image for each in pictures if each.image is not None]
            pictures.append(await _picture(blobs, row, kind, shown=shown, cost=cost))
    return tuple(pictures)


def _is_wanted(file_id: UUID, options: ReplyOptions) -> bool:
    """Return whether a file of an earlier message is among the sources that the person wants."""
    return options.sources != "files" or not options.files or file_id in options.files


async def _picture(
    blobs: BlobStore, row: _Attached, kind: MediaType, *, shown: Sequence[Image], cost: ImageTokens
) -> Picture:
    picture = Picture(row.file_id, row.version, row.name, kind, row.size_bytes, "too large")
    if row.size_bytes > IMAGE_BYTES:
        return picture
    shown_bytes = sum(len(image.data) for image in shown)
    if len(shown) == MOST_IMAGES or shown_bytes + row.size_bytes > ALL_BYTES:
        return replace(picture, fate="too many")
    data = await _read(blobs, row.key, row.size_bytes)
    size, bare = size_of(data), await asyncio.to_thread(without_metadata, data)
    if size is None or bare is None:
        return replace(picture, fate="unreadable")
    if max(size) > MOST_PIXELS:
        return picture
    return replace(picture, fate="shown", image=Image(kind, bare), tokens=cost.tokens(*size))


async def _read(blobs: BlobStore, key: str, most_bytes: int) -> bytes:
    """Return how a blob begins; nothing of one that is gone."""
    try:
        async with aclosing(blobs.open(key, end=most_bytes)) as parts:
            return b"".join([part async for part in parts])
    except PermanentFailure:
        return b""
