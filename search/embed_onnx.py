"""The embedders that come with Recollect: an ONNX sentence encoder run by onnxruntime on the CPU.

Documents are cut into small batches of similar length on two background threads; a query has a
thread of its own, so it never waits behind them, and the same model with weights in bytes, which
takes half the time. The model folder is written by app/model_files.py; the graph pools and
normalises, so its output is the vector.
"""

# onnxruntime ships no types: what comes from it is unknown here, and known from _Session on.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import ctypes
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime as ort
import orjson
from numpy.typing import NDArray

from search.embed import FLUENT, EmbedderSpec, Matrix, QueryVector
from search.unigram import Unigram
from search.wordpiece import characters_per_piece, load_tokenizer, without_surrogates

_THREADS: Final = 2  # each runs its own batch: no barrier between them, unlike 2 threads in one run
_BATCH_ROWS: Final = 8
_BATCH_TOKENS: Final = 256  # more costs memory (512: 14 MB) and gains no time from 16 tokens on
_BACKGROUND_NICENESS: Final = 10  # a query that wakes up gets the core at once


@dataclass(frozen=True, slots=True)
class Meta:
    """A model folder's meta.json. Some models want a word before each text that says what it is."""

    spec: EmbedderSpec
    query_prefix: str
    document_prefix: str


class Tokens(Protocol):
    """How a model cuts texts."""

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text, marks of its ends included, cut at the model's length."""
        ...

    def characters_per_piece(self, text: str) -> float: ...


class OnnxEmbedder:
    """A loaded model. Both embed methods may run at once, any number of times."""

    def __init__(self, model_dir: Path) -> None:
        self._meta = meta = read_meta(model_dir)
        self.model = meta.spec.model
        self.dimension = meta.spec.dimension
        self.max_tokens = meta.spec.max_tokens
        self._tokens = _load_tokens(model_dir, meta)
        self._session = _Session(model_dir / "model.onnx")
        self._query_session = _Session(model_dir / "query.onnx")
        self._queries = ThreadPoolExecutor(1, "embed-query")
        self._documents = ThreadPoolExecutor(
            _THREADS, "embed-documents", _step_back if sys.platform == "linux" else None
        )

    async def embed_query(self, text: str) -> QueryVector:
        return await asyncio.get_running_loop().run_in_executor(
            self._queries, self._embed_query, text
        )

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Keep only _THREADS batches of a call under way at once, so that calls take turns.

        One message waits for a few batches of another caller's book, not for the book.
        """
        loop = asyncio.get_running_loop()
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        documents = await loop.run_in_executor(self._documents, self._encode, texts)
        batches = iter(batches_by_length([len(ids) for ids in documents]))

        async def embed_batches() -> None:
            for places in batches:
                batch = [documents[place] for place in places]
                rows[places] = await loop.run_in_executor(self._documents, self._run, batch)

        async with asyncio.TaskGroup() as group:
            for _ in range(_THREADS):
                group.create_task(embed_batches())
        return rows

    def close(self) -> None:
        """Stop the threads; what waits is cancelled."""
        self._queries.shutdown(cancel_futures=True)
        self._documents.shutdown(cancel_futures=True)

    def _embed_query(self, text: str) -> QueryVector:
        ids = np.array([self._tokens.ids(self._meta.query_prefix + text)], dtype=np.int64)
        [row] = self._query_session(ids, np.ones_like(ids))
        return QueryVector(row, self._tokens.characters_per_piece(text))

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._tokens.ids(self._meta.document_prefix + text) for text in texts]

    def _run(self, batch: Sequence[list[int]]) -> Matrix:
        ids = np.zeros((len(batch), max(map(len, batch))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, numbers in enumerate(batch):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        return self._session(ids, mask)


def read_meta(model_dir: Path) -> Meta:
    """Return what the folder's meta.json says of its model."""
    meta = orjson.loads((model_dir / "meta.json").read_bytes())
    spec = EmbedderSpec(meta["model"], meta["dimension"], meta["max_tokens"])
    return Meta(spec, meta.get("query_prefix", ""), meta.get("document_prefix", ""))


class _WordPieces:
    """One text at a time: encode_batch would start a thread per core of its own, beside ours."""

    def __init__(self, model_dir: Path) -> None:
        self._tokenizer = load_tokenizer(model_dir)

    def ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(without_surrogates(text)).ids

    def characters_per_piece(self, text: str) -> float:
        return characters_per_piece(self._tokenizer.encode(without_surrogates(text)))


class _Multilingual:
    """At home in every language: how finely it cuts a word says nothing."""

    def __init__(self, vocabulary: Path, *, max_tokens: int) -> None:
        self._unigram = Unigram(vocabulary)
        self._max_tokens = max_tokens

    def ids(self, text: str) -> list[int]:
        return self._unigram.encode(text, most=self._max_tokens)

    def characters_per_piece(self, text: str) -> float:
        del text
        return FLUENT


def _load_tokens(model_dir: Path, meta: Meta) -> Tokens:
    vocabulary = model_dir / "vocabulary.json"
    if vocabulary.exists():
        return _Multilingual(vocabulary, max_tokens=meta.spec.max_tokens)
    return _WordPieces(model_dir)


def batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of texts of similar length, so that little of a batch is padding.

    Longest first: the last batch, during which a thread may be idle, is the shortest.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while order:
        rows = max(1, min(_BATCH_ROWS, _BATCH_TOKENS // max(1, lengths[order[0]])))
        yield order[:rows]
        del order[:rows]


class _Session:
    """Run the graph on the calling thread."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # shapes differ from batch to batch
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        with suppress(AttributeError):  # glibc keeps 10 to 30 MB that loading freed; others do not
            ctypes.CDLL(None).malloc_trim(0)

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Matrix:
        feed = {"input_ids": ids, "attention_mask": mask}
        [rows] = self._session.run(["sentence_embedding"], feed)
        assert isinstance(rows, np.ndarray)
        return rows


def _step_back() -> None:
    """Lower the priority of this thread; elsewhere than on Linux it would be the process's."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)
