"""The default embedder: an ONNX sentence encoder run by onnxruntime on the CPU.

Documents are cut into small batches of similar length on two background threads; a query has a
thread of its own, so it never waits behind them. The model folder is written by
app/model_files.py; the graph pools and normalises, so its output is the vector.
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
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
import orjson
from numpy.typing import NDArray
from tokenizers import Encoding

from search.embed import EmbedderSpec, Matrix, QueryVector
from search.wordpiece import characters_per_piece, load_tokenizer, without_surrogates

_THREADS: Final = 2  # each runs its own batch: no barrier between them, unlike 2 threads in one run
_BATCH_ROWS: Final = 8
_BATCH_TOKENS: Final = 256  # more costs memory (512: 14 MB) and gains no time from 16 tokens on
_BACKGROUND_NICENESS: Final = 10  # a query that wakes up gets the core at once


class OnnxEmbedder:
    """A loaded model. Both embed methods may run at once, any number of times."""

    def __init__(self, model_dir: Path) -> None:
        spec = read_spec(model_dir)
        self.model = spec.model
        self.dimension = spec.dimension
        self.max_tokens = spec.max_tokens
        self._tokenizer = load_tokenizer(model_dir)
        self._session = _Session(model_dir / "model.onnx")
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
        encodings = await loop.run_in_executor(self._documents, self._encode, texts)
        batches = iter(batches_by_length([len(encoding) for encoding in encodings]))

        async def embed_batches() -> None:
            for places in batches:
                batch = [encodings[place] for place in places]
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
        [encoding] = self._encode([text])
        return QueryVector(self._run([encoding])[0], characters_per_piece(encoding))

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        # One by one: encode_batch would start a thread per core of its own, beside ours.
        return [self._tokenizer.encode(without_surrogates(text)) for text in texts]

    def _run(self, batch: Sequence[Encoding]) -> Matrix:
        ids = np.zeros((len(batch), max(map(len, batch))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(batch):
            ids[row, : len(encoding)] = encoding.ids
            mask[row, : len(encoding)] = 1
        return self._session(ids, mask)


def read_spec(model_dir: Path) -> EmbedderSpec:
    """Return what the folder's meta.json says of its model."""
    meta = orjson.loads((model_dir / "meta.json").read_bytes())
    return EmbedderSpec(meta["model"], meta["dimension"], meta["max_tokens"])


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
