"""Which token budget for a chunk finds most of what answers a question.

    RECOLLECT_DATA=... .venv/bin/python -m bench.chunking [BUDGET ...]

Five long texts with 472 questions and gold spans (rag/chunking-evaluation of RECOLLECT_DATA), cut by ingest/chunk.py,
embedded by the real model, ranked by exact cosine within the question's text. Recall is the share of the gold spans'
characters in the best passages up to the same number of tokens for every budget, so that small chunks do not lose by
being fewer words. Also prints characters a second of chunking alone.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from app.model_files import prepare_model
from ingest.chunk import Chunk, chunk
from ingest.extract.segment import Segment
from search.embed_onnx import OnnxEmbedder
from search.wordpiece import load_token_counter

BUDGETS = (128, 180, 220, 250)
READ_TOKENS = (500, 1000, 2000)  # what a reader or a prompt takes


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    corpus: str
    spans: tuple[tuple[int, int], ...]


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


def covered(question: Question, best: list[Chunk]) -> float:
    """Spans do not overlap, nor do chunks."""
    total = sum(end - start for start, end in question.spans)
    overlap = sum(
        max(0, min(end, found.end) - max(start, found.start))
        for start, end in question.spans
        for found in best
    )
    return overlap / total


async def main() -> None:
    folder = Path(os.environ["RECOLLECT_DATA"]) / "rag" / "chunking-evaluation"
    model = prepare_model(Path(__file__).parents[1] / ".home")
    count, embedder = load_token_counter(model), OnnxEmbedder(model)
    rows = map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())
    texts = {row["_id"]: row["text"] for row in rows}
    asked = questions(folder)
    queries = [(await embedder.embed_query(question.text)).vector for question in asked]
    columns = " | ".join(f"recall in {tokens} tokens" for tokens in READ_TOKENS)
    print(f"| budget | chunks | mean tokens | characters/s | {columns} |")
    print("| --- " * (4 + len(READ_TOKENS)) + "|")
    for budget in [int(one) for one in sys.argv[1:]] or BUDGETS:
        since = time.perf_counter()
        chunks = {
            name: list(chunk([Segment(0, None, None, text)], count, budget_tokens=budget))
            for name, text in texts.items()
        }
        took_s = time.perf_counter() - since
        sizes = {name: [count(one.text) for one in found] for name, found in chunks.items()}
        vectors = {
            name: await embedder.embed_documents([one.text for one in found])
            for name, found in chunks.items()
        }
        recalls = np.zeros((len(asked), len(READ_TOKENS)))
        for row, (question, query) in enumerate(zip(asked, queries, strict=True)):
            order = np.argsort(-(vectors[question.corpus] @ query), kind="stable")
            used = list(accumulate(sizes[question.corpus][at] for at in order))
            for column, tokens in enumerate(READ_TOKENS):
                kept = sum(total <= tokens for total in used)
                best = [chunks[question.corpus][at] for at in order[:kept]]
                recalls[row, column] = covered(question, best)
        flat = [size for group in sizes.values() for size in group]
        shown = " | ".join(f"{value:.3f}" for value in recalls.mean(axis=0))
        speed = sum(map(len, texts.values())) / took_s
        print(
            f"| {budget} | {len(flat)} | {np.mean(flat):.0f} | {speed:,.0f} | {shown} |", flush=True
        )


if __name__ == "__main__":
    asyncio.run(main())
