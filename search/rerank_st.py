"""Any cross-encoder of sentence-transformers, by hub id or directory: an extra, 3 GB with its torch.

The package is imported when a model is loaded, never before. One thread does all the work, because its tokenizers cannot be
used from two ("Already borrowed"); between batches a caller that gave up is left.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import StartFailed

_BATCH: Final = 8


class CrossEncoder(Protocol):
    """What we use of the class of that name."""

    def predict(
        self, sentences: list[tuple[str, str]], *, show_progress_bar: bool
    ) -> NDArray[np.float32]: ...


class SentenceTransformersReranker:
    """Scores are what the model predicts: a number for each pair, whatever its range."""

    def __init__(self, name: str) -> None:
        self._model = _load(name)
        self._thread = ThreadPoolExecutor(1, "rerank-st")

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        loop = asyncio.get_running_loop()
        scores = list[float]()
        for start in range(0, len(passages), _BATCH):
            pairs = [(query, passage) for passage in passages[start : start + _BATCH]]
            work = partial(self._model.predict, pairs, show_progress_bar=False)
            rows = await loop.run_in_executor(self._thread, work)
            scores += [float(score) for score in np.asarray(rows).reshape(len(pairs))]
        return scores

    def close(self) -> None:
        """Stop the thread; what waits is cancelled."""
        self._thread.shutdown(cancel_futures=True)


def _load(name: str) -> CrossEncoder:
    try:
        package = import_module("sentence_transformers")
    except ImportError as exc:
        raise StartFailed(f"RERANKER=st:{name} needs the extra: run `make models-extra`") from exc
    return package.CrossEncoder(name, device="cpu")
