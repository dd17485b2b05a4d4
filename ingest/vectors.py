"""Vectors for passages: what an equal text has already, and asking the model for the rest.

Used for files (pipeline.py), for messages (messages.py) and for a generation in the making (generations.py). No connection is held while the model works.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from core.errors import ProviderAway, Unavailable
from core.rest import Rest
from search.embed import Embedder, Matrix, OtherModels, RefusedText, Vector, no_others
from sql import fetch, write
from sql.pool import Conn

BATCH: Final = (
    64  # texts in one question, committed together: half a second to a second of the default model
)
OPEN_S: Final = 15.0  # how long an absent provider is not asked again; its client has been patient for a minute already
LONGEST_S: Final = 900.0  # whatever it asks for; jobs wait no longer either


@dataclass(frozen=True, slots=True)
class Pending:
    """A passage that has no vector yet; `ordinal` is its place in the document or message."""

    id: UUID
    ordinal: int
    text: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """Passages with their vectors, row by row, and those whose text the model refused."""

    done: tuple[Pending, ...]
    vectors: Matrix
    refused: tuple[Pending, ...]


@dataclass(frozen=True, slots=True)
class Reused:
    passage_id: UUID


REUSE_VECTORS = write("ingest.sql", "reuse_vectors", Reused)


class Asking:
    """The embedder as jobs see it: ProviderAway instead of Unavailable, and at once while it is known to be away.

    `rest_of` gives by what the processes tell each other that a model is away.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        others: OtherModels = no_others,
        open_s: float = OPEN_S,
        rest_of: Callable[[str], Rest] = Rest,
    ) -> None:
        self.model = embedder.model
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._others = others
        self._asked = dict[str, Asking]()
        self._open_s = open_s
        self._rest_of = rest_of
        self._rest = rest_of(embedder.model)
        self._away_until = 0.0

    def of(self, model: str) -> "Asking":
        """Return the asking of a generation's model; ProviderAway where this installation cannot ask it."""
        if model == self.model:
            return self
        if model not in self._asked:
            embedder = self._others(model)
            if embedder is None:
                message = f"{model} cannot be asked with these settings; recollect generations builds another."
                raise ProviderAway(message, retry_after_s=self._open_s)
            self._asked[model] = Asking(embedder, open_s=self._open_s, rest_of=self._rest_of)
        return self._asked[model]

    async def embed_query(self, text: str) -> Vector:
        """Return the vector of a question."""
        try:
            return (await self._embedder.embed_query(text)).vector
        except Unavailable as error:
            raise ProviderAway(error.message, retry_after_s=self._open_s) from error

    async def embed(self, pending: Sequence[Pending]) -> Embedded:
        """Return the vector of each passage; equal texts are asked once, refused ones are singled out by halving."""
        texts = list(dict.fromkeys(p.text for p in pending))
        known = dict(zip(texts, await self._halving(texts), strict=True))
        done = tuple(p for p in pending if known[p.text] is not None)
        rows = [row for p in done if (row := known[p.text]) is not None]
        vectors = np.stack(rows) if rows else np.empty((0, self._embedder.dimension), np.float32)
        return Embedded(done, vectors, tuple(p for p in pending if known[p.text] is None))

    async def _halving(self, texts: Sequence[str]) -> list[Vector | None]:
        try:
            return list(await self._ask(texts))
        except RefusedText:
            if len(texts) == 1:
                return [None]
            half = len(texts) // 2
            return await self._halving(texts[:half]) + await self._halving(texts[half:])

    async def _ask(self, texts: Sequence[str]) -> Matrix:
        told = await self._rest.told()
        left_s = max(self._away_until - time.monotonic(), told.left_s)
        if left_s > 0:
            raise ProviderAway(f"{self.model} is away.", retry_after_s=left_s)
        try:
            return await self._embedder.embed_documents(texts)
        except Unavailable as error:
            wait_s = min(max(self._open_s, error.retry_after_s or 0), LONGEST_S)
            self._away_until = time.monotonic() + wait_s
            await self._rest.begin(wait_s)
            raise ProviderAway(error.message, retry_after_s=wait_s) from error


async def reuse_vectors(
    conn: Conn, workspace_id: UUID, *, generation_id: UUID, passage_ids: Sequence[UUID]
) -> set[UUID]:
    """Give passages the vectors that equal texts of the workspace have; return which got one."""
    rows = await fetch(
        conn,
        REUSE_VECTORS,
        workspace_id=workspace_id,
        generation_id=generation_id,
        passage_ids=list(passage_ids),
    )
    return {row.passage_id for row in rows}
