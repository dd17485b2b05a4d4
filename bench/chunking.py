"""How well passages answer, beside windows of 200 and 400 tokens, as the chunking-evaluation benchmark scores it.

    RECOLLECT_DATA=... .venv/bin/python -m bench.chunking [--vectors FILE] [BUDGET ...]

Five long texts with 472 questions and gold spans (rag/chunking-evaluation of RECOLLECT_DATA), cut by ingest/chunk.py (by each
BUDGET of tokens) and into windows, embedded by the real model (--vectors keeps what it made), ranked by exact cosine and then "as
found", drawn together by search/neighbours.py. Of the best five, in characters, as brandonstarxel/chunking_evaluation defines them:
share of the gold found, share of the found that is gold, and IoU; then recall in equal numbers of tokens, as small ones are fewer words.
"""

import argparse
import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from uuid import UUID

import numpy as np

from app.model_files import prepare_model
from ingest.chunk import BUDGET_TOKENS, chunk
from ingest.extract.segment import Segment
from search.embed import Matrix, Vector
from search.embed_onnx import OnnxEmbedder
from search.legs import MOST_DEPTH
from search.neighbours import Place, borrowed
from search.wordpiece import load_token_counter, load_tokenizer

WINDOWS = (200, 400)
BEST = 5
READ_TOKENS = (500, 1000, 2000)  # what a reader or a prompt takes
Span = tuple[int, int]
Cutter = Callable[[str], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    corpus: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    corpus: str
    span: Span
    text: str
    tokens: int


def questions(folder: Path) -> list[Question]:
    rows = map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
    return [
        Question(
            row["text"],
            row["corpus"],
            tuple((span["start_index"], span["end_index"]) for span in row["spans"]),
        )
        for row in rows
    ]


def gold(question: Question, found: list[Passage]) -> int:
    """Return how many characters of the gold spans were found; neither spans nor passages overlap among themselves."""
    return sum(
        max(0, min(end, passage.span[1]) - max(start, passage.span[0]))
        for start, end in question.spans
        for passage in found
        if passage.corpus == question.corpus
    )


def scores(question: Question, ranked: list[Passage]) -> list[float]:
    """Return recall, precision and IoU of the best five, then recall in each number of tokens."""
    wanted = sum(end - start for start, end in question.spans)
    hit = gold(question, ranked[:BEST])
    read = sum(passage.span[1] - passage.span[0] for passage in ranked[:BEST])
    used = list(accumulate(passage.tokens for passage in ranked))
    within = [ranked[: sum(total <= most for total in used)] for most in READ_TOKENS]
    bounded = [gold(question, found) / wanted for found in within]
    return [hit / wanted, hit / read, hit / (read + wanted - hit), *bounded]


def windows(model: Path, tokens: int) -> Cutter:
    """Cut behind every so many tokens of the embedder's, whatever stands there."""
    tokenizer = load_tokenizer(model)
    tokenizer.no_truncation()

    def cut(text: str) -> Iterator[Span]:
        offsets = tokenizer.encode(text, add_special_tokens=False).offsets
        for at in range(0, len(offsets), tokens):
            yield offsets[at][0], offsets[min(at + tokens, len(offsets)) - 1][1]

    return cut


def passages(count: Callable[[str], int], budget: int) -> Cutter:
    def cut(text: str) -> Iterator[Span]:
        for one in chunk([Segment(0, None, None, text)], count, budget_tokens=budget):
            yield one.start, one.end

    return cut


@dataclass(frozen=True, slots=True)
class Ranker:
    """The vectors of all passages, in the order of the texts."""

    cuts: Sequence[Passage]
    vectors: Matrix

    def by_cosine(self, vector: Vector) -> list[Passage]:
        return [self.cuts[at] for at in np.argsort(-(self.vectors @ vector), kind="stable")]

    def as_found(self, vector: Vector) -> list[Passage]:
        """Rank as search does by meaning alone: scores are what cosines are above the mean."""
        cosines = self.vectors @ vector
        order = np.argsort(-cosines, kind="stable")
        near = order[:MOST_DEPTH]
        above = cosines[near] - cosines.mean()
        corpora = sorted({passage.corpus for passage in self.cuts})
        places = [
            Place(
                UUID(int=corpora.index(self.cuts[at].corpus)),
                int(at),
                float(score),
                is_message=False,
            )
            for at, score in zip(near, above, strict=True)
        ]
        best = np.argsort(-(above + borrowed(places)), kind="stable")
        return [self.cuts[at] for at in (*near[best], *order[MOST_DEPTH:])]


class Vectors:
    """What the model made of each text, kept in a file where one is given."""

    def __init__(self, embedder: OnnxEmbedder, path: Path | None) -> None:
        self._embedder = embedder
        self._path = path
        self._known: dict[str, Vector] = {}
        if path is not None and path.exists():
            with np.load(path) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    async def of(self, texts: Sequence[str]) -> Matrix:
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        new = {k: text for k, text in zip(keys, texts, strict=True) if k not in self._known}
        if new:
            made = await self._embedder.embed_documents(list(new.values()))
            self._known |= dict(zip(new, made, strict=True))
            if self._path is not None:
                kept = np.stack(list(self._known.values()))
                np.savez(self._path, keys=np.array(list(self._known)), vectors=kept)
        return np.stack([self._known[key] for key in keys])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("budgets", type=int, nargs="*", default=[BUDGET_TOKENS])
    parser.add_argument("--vectors", type=Path, help="an .npz file that keeps the vectors")
    return parser.parse_args()


async def main() -> None:
    given = arguments()
    folder = Path(os.environ["RECOLLECT_DATA"]) / "rag" / "chunking-evaluation"
    model = prepare_model(Path(__file__).parents[1] / ".home")
    count, embedder = load_token_counter(model), OnnxEmbedder(model)
    vectors = Vectors(embedder, given.vectors)
    rows = map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())
    texts = {row["_id"]: row["text"] for row in rows}
    asked = questions(folder)
    queries = [(await embedder.embed_query(question.text)).vector for question in asked]
    ways = {f"passages of {budget}": passages(count, budget) for budget in given.budgets}
    ways |= {f"windows of {tokens}": windows(model, tokens) for tokens in WINDOWS}
    columns = " | ".join(f"recall in {tokens} tokens" for tokens in READ_TOKENS)
    print(f"| way | number | mean tokens | recall | precision | IoU | {columns} |")
    print("| --- " * (6 + len(READ_TOKENS)) + "|")
    for name, cut in ways.items():
        cuts = [
            Passage(corpus, (start, end), text[start:end], count(text[start:end]))
            for corpus, text in texts.items()
            for start, end in cut(text)
        ]
        ranker = Ranker(cuts, await vectors.of([passage.text for passage in cuts]))
        _tell(name, asked, [ranker.by_cosine(vector) for vector in queries])
        _tell(f"{name}, as found", asked, [ranker.as_found(vector) for vector in queries])


def _tell(name: str, asked: Sequence[Question], ranked: Sequence[list[Passage]]) -> None:
    found = [scores(*pair) for pair in zip(asked, ranked, strict=True)]
    means = " | ".join(f"{value:.3f}" for value in np.mean(found, axis=0))
    size = np.mean([passage.tokens for passage in ranked[0]])
    print(f"| {name} | {len(ranked[0])} | {size:.0f} | {means} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
