"""How well passages answer, beside windows of 200 and 400 tokens, as the chunking-evaluation benchmark scores it.

    RECOLLECT_DATA=... .venv/bin/python -m bench.chunking [BUDGET ...]

Five long texts with 472 questions and gold spans (rag/chunking-evaluation of RECOLLECT_DATA), cut by ingest/chunk.py (with
each BUDGET of tokens; without one, with that in use) and into fixed windows, embedded by the real model, ranked by exact
cosine over all five texts. Of the best five, in characters, as brandonstarxel/chunking_evaluation defines them: recall is
the share of the gold spans that is found, precision the share of what was found that is gold, IoU the gold found by what
was found and the gold missed; of a passage of another text nothing is gold. The last columns are recall in the best passages
up to as many tokens for every way, so that small ones do not lose by being fewer words.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from app.model_files import prepare_model
from ingest.chunk import BUDGET_TOKENS, chunk
from ingest.extract.segment import Segment
from search.embed_onnx import OnnxEmbedder
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


async def main() -> None:
    folder = Path(os.environ["RECOLLECT_DATA"]) / "rag" / "chunking-evaluation"
    model = prepare_model(Path(__file__).parents[1] / ".home")
    count, embedder = load_token_counter(model), OnnxEmbedder(model)
    rows = map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())
    texts = {row["_id"]: row["text"] for row in rows}
    asked = questions(folder)
    queries = np.stack([(await embedder.embed_query(question.text)).vector for question in asked])
    budgets = [int(one) for one in sys.argv[1:]] or [BUDGET_TOKENS]
    ways = {f"passages of {budget}": passages(count, budget) for budget in budgets}
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
        vectors = await embedder.embed_documents([passage.text for passage in cuts])
        order = np.argsort(-(queries @ vectors.T), axis=1, kind="stable")
        found = [
            scores(question, [cuts[at] for at in best[: max(READ_TOKENS)]])
            for question, best in zip(asked, order, strict=True)
        ]
        means = " | ".join(f"{value:.3f}" for value in np.mean(found, axis=0))
        size = np.mean([passage.tokens for passage in cuts])
        print(f"| {name} | {len(cuts)} | {size:.0f} | {means} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
