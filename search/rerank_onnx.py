"""A cross-encoder as a folder with `model.onnx` and `tokenizer.json` (what `optimum` exports), run by onnxruntime on the CPU.

One output: a score per pair (`[n, 1]` or `[n]`), or the logits of no and yes (`[n, 2]`), whose difference is the score.
"""

# onnxruntime ships no types: what comes from it is unknown here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
)
from tokenizers import Encoding, Tokenizer

from core.errors import StartFailed
from search.embed_onnx import batches_by_length

MAX_TOKENS: Final = 512  # of a pair; the longer of the two is cut, mostly the passage
_THREADS: Final = 2


class OnnxReranker:
    """Batches of pairs of similar length on two threads; a caller that gives up leaves the batches not begun undone."""

    def __init__(self, folder: Path) -> None:
        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise StartFailed(
                    f"RERANKER={folder} has no {name}: name a folder with model.onnx and tokenizer.json"
                )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
        self._session = _open(folder / "model.onnx")
        self._wanted = {given.name for given in self._session.get_inputs()}
        self._threads = ThreadPoolExecutor(_THREADS, "rerank")

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        loop = asyncio.get_running_loop()
        encoded = await loop.run_in_executor(self._threads, self._encode, query, passages)
        batches = iter(batches_by_length([len(pair.ids) for pair in encoded]))
        scores = np.zeros(len(passages))

        async def score_batches() -> None:
            for places in batches:
                batch = [encoded[place] for place in places]
                scores[places] = await loop.run_in_executor(self._threads, self._run, batch)

        async with asyncio.TaskGroup() as group:
            for _ in range(_THREADS):
                group.create_task(score_batches())
        return scores.tolist()

    def close(self) -> None:
        """Stop the threads; what waits is cancelled."""
        self._threads.shutdown(cancel_futures=True)

    def _encode(self, query: str, passages: Sequence[str]) -> list[Encoding]:
        return [self._tokenizer.encode(query, passage) for passage in passages]

    def _run(self, batch: Sequence[Encoding]) -> NDArray[np.float64]:
        shape = (len(batch), max(len(pair.ids) for pair in batch))
        feed = {name: np.zeros(shape, dtype=np.int64) for name in self._wanted}
        for row, pair in enumerate(batch):
            parts = (pair.ids, pair.attention_mask, pair.type_ids)
            for name, values in zip(_INPUTS, parts, strict=True):
                if name in feed:
                    feed[name][row, : len(values)] = values
        [logits] = self._session.run(None, feed)[:1]
        rows = np.asarray(logits, dtype=np.float64).reshape(len(batch), -1)
        return rows[:, 0] if rows.shape[1] == 1 else rows[:, 1] - rows[:, 0]


_UNREADABLE: Final = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf)
_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")


def _open(path: Path) -> ort.InferenceSession:
    """Load the graph; one that wants something else than tokens or answers something else than a score is refused."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _UNREADABLE as error:
        raise StartFailed(f"{path} cannot be loaded: {error}") from error
    unknown = {given.name for given in session.get_inputs()} - set(_INPUTS)
    if unknown or session.get_outputs()[0].shape[1:] not in ([], [1], [2]):
        raise StartFailed(
            f"{path} is no cross-encoder: it must take {', '.join(_INPUTS)} and give a score per pair"
        )
    return session
