"""Does a generation find its own texts? Sentences of a sample of passages are asked as queries, among the sample's vectors.

A check of sanity before a promotion, not a measure of quality: it notices a wrong prefix, mixed vectors, or a model that does
not know the language (it correlates .94 with the difference of two models on judged sets, from about 200 questions on).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from search.embed import Matrix
from sql import fetch, read
from sql.pool import ReadConn

QUESTIONS: Final = 200
SAMPLE: Final = 2_000
AMONG: Final = 10
LEAST: Final = 20  # questions; fewer say nothing
_SENTENCE_END: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s*|\n+")
_SHORTEST, _LONGEST = 20, 200  # characters of a sentence that is asked


@dataclass(frozen=True, slots=True)
class Sample:
    """Vectors of passages, and questions that the passages at `places` answer."""

    vectors: Matrix
    places: tuple[int, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sampled:
    vector: NDArray[np.float32]
    text: str | None


_sample_texts = read("generation.sql", "sample_texts", _Sampled)


async def draw_sample(conn: ReadConn, workspace_id: UUID, *, generation_id: UUID) -> Sample:
    """Return the same passages for every generation that is complete."""
    rows = await fetch(
        conn,
        _sample_texts,
        workspace_id=workspace_id,
        generation_id=generation_id,
        at_most=SAMPLE,
        texts=QUESTIONS,
    )
    asked = [(place, question_of(row.text or "")) for place, row in enumerate(rows)]
    kept = [(place, question) for place, question in asked if question]
    vectors = np.stack([row.vector for row in rows]) if rows else np.empty((0, 1), np.float32)
    return Sample(vectors, tuple(place for place, _ in kept), tuple(text for _, text in kept))


def question_of(text: str) -> str:
    """Return the longest sentence that is short enough for a question, but not the whole text; "" when there is none."""
    whole = text.strip()
    sentences = [part.strip() for part in _SENTENCE_END.split(whole)]
    fitting = [s for s in sentences if _SHORTEST <= len(s) <= _LONGEST and s != whole]
    return max(fitting, key=len, default="")


def self_recall(sample: Sample, queries: Sequence[NDArray[np.float32]]) -> float | None:
    """Return the share of questions whose own passage is among the first ten; None when there are too few."""
    if len(queries) < LEAST:
        return None
    cosines = np.stack(queries) @ sample.vectors.T
    own = cosines[np.arange(len(queries)), list(sample.places)]
    better = (cosines > own[:, None]).sum(axis=1)
    return float((better < AMONG).mean())
