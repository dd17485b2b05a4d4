"""What turns text into vectors: the Embedder every caller sees, and the fake that tests use. Beside it, the Reranker.

The others stand beside it: embed_onnx.py (the default model), embed_openai.py, embed_st.py, and
embed_process.py, which serves any of them to the API and the worker over a unix socket.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import CallerError, Unavailable

Vector: TypeAlias = NDArray[np.float32]  # (dimension,), unit length
Matrix: TypeAlias = NDArray[np.float32]  # (len(texts), dimension), rows of unit length

DIMENSION: Final = 384  # that the index of vectors has, and both models that come along
# Query characters per word piece from which a model is at home in a text (docs/adr/0005-one-rule-of-fusion.md): with
# MiniLM the means of six English query sets are 4.3 to 6.0, of German and Spanish ones 2.8 to 3.1.
FLUENT: Final = 4.3


@dataclass(frozen=True, slots=True, eq=False)
class QueryVector:
    """A query's vector, and how many of its characters stand behind each word piece.

    The fusion trusts the vector less the more finely the model had to cut the query's words; FLUENT
    and above is full trust.
    """

    vector: Vector
    characters_per_piece: float


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """What a caller knows of an embedder without asking it to embed."""

    model: str
    dimension: int
    max_tokens: int


class RefusedText(CallerError):
    """A model refused these texts themselves: split the batch to find the one, do not try again."""


class Embedder(Protocol):
    """Texts longer than max_tokens are read up to there, without an error."""

    @property
    def model(self) -> str:
        """The stable id stored with a generation of vectors, such as all-MiniLM-L6-v2."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    async def embed_query(self, text: str) -> QueryVector:
        """Answer promptly also while documents are being embedded."""
        ...

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Return one row per text, in the order given."""
        ...


# Every other model that can be asked beside the one of the settings, by the name its generations bear.
OtherModels: TypeAlias = Callable[[str], Embedder | None]


def no_others(model: str) -> Embedder | None:
    """Know no other model."""
    del model
    return None


class Reranker(Protocol):
    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage answers, higher is better; raises Unavailable."""
        ...


class FakeEmbedder:
    """Bags of words: texts that share words are near, others nearly orthogonal. No model needed."""

    model = "fake-bag-of-words"
    dimension = DIMENSION
    max_tokens = 256

    async def embed_query(self, text: str) -> QueryVector:
        return QueryVector(_bag_of_words(text), characters_per_piece=FLUENT)

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        rows = [_bag_of_words(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)


def unit_length(rows: Matrix) -> Matrix:
    """Scale each row to length 1; a row of zeros stays zeros."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def widened(rows: Matrix, *, model: str, dimension: int = DIMENSION) -> Matrix:
    """Fill shorter vectors up to `dimension` with zeros, which changes no cosine.

    Longer ones raise Unavailable, because cutting them would.
    """
    missing = dimension - rows.shape[-1]
    if missing < 0:
        message = (
            f"{model} answers with {rows.shape[-1]} dimensions, its generation holds {dimension}: "
        )
        raise Unavailable(message + "set EMBEDDER to a model that can answer with fewer")
    return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, missing)])


def _bag_of_words(text: str) -> Vector:
    words = re.findall(r"\w+", text.casefold()) or [""]
    return unit_length(np.stack([_word_vector(word) for word in words]).sum(axis=0))


@lru_cache(maxsize=50_000)
def _word_vector(word: str) -> Vector:
    """384 signs from the word's hash: two different words have a cosine of 0 +- 0.05."""
    digest = hashlib.shake_128(word.encode("utf-8", "surrogatepass")).digest(DIMENSION // 8)
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
    return bits.astype(np.float32) * 2 - 1
