"""Any model of sentence-transformers, by hub id or directory: an extra, 3 GB with its torch.

The package is imported when an embedder is loaded, never before. One thread does all the work, a
batch at a time, because its tokenizers cannot be used from two ("Already borrowed"): a query waits
for one batch of documents at most.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Final, Protocol

import numpy as np

from core.errors import RecollectError
from search.embed import DIMENSION, FLUENT, Matrix, QueryVector, unit_length, widened
from search.wordpiece import without_surrogates

_BATCH: Final = 8
_MAX_TOKENS: Final = 512  # of a model that does not say


class SentenceTransformer(Protocol):
    """What we use of the class of that name. Both methods add the model's own prompts."""

    @property
    def max_seq_length(self) -> int | None: ...

    def encode_query(self, sentences: list[str], *, show_progress_bar: bool) -> Matrix: ...

    def encode_document(self, sentences: list[str], *, show_progress_bar: bool) -> Matrix: ...


class SentenceTransformersMissing(RecollectError):
    """EMBEDDER asks for the extra, and it is not installed."""


class SentenceTransformersEmbedder:
    """How finely the model cuts a query is not measured: it counts as at home in every language."""

    dimension = DIMENSION

    def __init__(self, name: str) -> None:
        self.model = f"st:{name}"
        self._model = _load(name)
        self.max_tokens = self._model.max_seq_length or _MAX_TOKENS
        self._thread = ThreadPoolExecutor(1, "embed-st")

    async def embed_query(self, text: str) -> QueryVector:
        rows = await self._encode(self._model.encode_query, [text])
        return QueryVector(rows[0], characters_per_piece=FLUENT)

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        rows = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            batch = [texts[place] for place in places]
            rows[places] = await self._encode(self._model.encode_document, batch)
        return rows

    def close(self) -> None:
        """Stop the thread; what waits is cancelled."""
        self._thread.shutdown(cancel_futures=True)

    async def _encode(self, encode: Callable[..., Matrix], texts: Sequence[str]) -> Matrix:
        readable = [without_surrogates(text) for text in texts]
        work = partial(encode, readable, show_progress_bar=False)
        rows = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        return widened(unit_length(rows), model=self.model)


def _load(name: str) -> SentenceTransformer:
    try:
        package = import_module("sentence_transformers")
    except ImportError as exc:
        message = f"EMBEDDER=st:{name} needs the extra: run `make models-extra`"
        raise SentenceTransformersMissing(message) from exc
    return package.SentenceTransformer(name, device="cpu")
