"""How well search ranks, on every judged set of RECOLLECT_DATA, beside bm25s and exact cosine in the same run.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.relevance [--sets xquad-en,cacm] [--vectors DIR]

Documents are indexed by the product's write side into embedded PostgreSQL and asked through search.rank.rank(), which is
retrieve() without the hydration of a page. nDCG@10. --vectors keeps what the model made for the next run. Ends with 1
when a gate of search.md is missed. bm25s: Lucene's variant, k1 1.5, b 0.75, Snowball stems and stop words.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import asyncpg
import bm25s
import numpy as np

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.model_files import prepare_model
from app.resources import Resources, open_resources
from app.settings import Settings
from bench.retrieval_sets import RetrievalSet, index_set, load_set
from search.answer import Mode, SearchRequest
from search.embed import Embedder, Matrix
from search.embed_onnx import OnnxEmbedder
from search.filters import Constraints
from search.metrics import ndcg_at_k
from search.query import plain
from search.rank import rank
from search.searcher import Searcher
from search.semantic import VectorCache
from search.terms import detect, stemmer, stop_words
from sql.migrate import migrate
from tests.make import make_scope

SETS = (
    "retrieval/xquad-en", "retrieval/covid-faq-en", "rag/anthropic-codebase", "retrieval/cosqa-python",
    "retrieval/npl-vaswani", "retrieval/cacm", "retrieval/scifact", "retrieval/xquad-de", "retrieval/xquad-es",
    "retrieval/xquad-ru", "retrieval/xquad-zh", "retrieval/covid-faq-de",
)  # fmt: skip
MODES: tuple[Mode, ...] = ("lexical", "semantic", "hybrid")
K = 10
LEXICAL_OF_BM25S = 0.98
SEMANTIC_FROM_COSINE = 0.003  # halfvec, and equal texts that collapse
NEAR_LEGS = 0.15  # legs closer than this must not lose by fusion
LOSS = 0.005
SHARE_OF_BEST = 0.95
MEAN_GAIN = 0.02


@dataclass(frozen=True, slots=True)
class Scores:
    """nDCG@10 of one set; bm25s is None where it cannot cut the language into words."""

    name: str
    bm25s: float | None
    lexical: float
    cosine: float
    semantic: float
    hybrid: float

    @property
    def gain(self) -> float:
        return self.hybrid - max(self.lexical, self.semantic)

    def misses(self) -> list[str]:
        """Return the gates of this set that were missed."""
        best = max(self.lexical, self.semantic)
        near = abs(self.lexical - self.semantic) < NEAR_LEGS
        return [
            text
            for missed, text in (
                (
                    self.bm25s is not None and self.lexical < LEXICAL_OF_BM25S * self.bm25s,
                    "lexical below bm25s",
                ),
                (
                    abs(self.semantic - self.cosine) > SEMANTIC_FROM_COSINE,
                    "semantic is not exact cosine",
                ),
                (near and self.gain < -LOSS, "hybrid below the better leg"),
                (
                    not near and self.hybrid < SHARE_OF_BEST * best,
                    "hybrid far below the better leg",
                ),
            )
            if missed
        ]


async def main() -> None:
    given = arguments()
    async with installed() as opened:
        scores = await measure(opened, given)
    sys.exit(report(scores))


@dataclass(frozen=True, slots=True)
class Installed:
    """What a bench works with: everything open, the owner of the tables, and the model."""

    resources: Resources
    owner: asyncpg.Connection
    embedder: OnnxEmbedder


@asynccontextmanager
async def installed() -> AsyncGenerator[Installed]:
    """Run empty embedded servers until the bench is done."""
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # noqa: ASYNC240  (PostgreSQL runs as another user)
        postgres, valkey = (
            await start_postgres(home / "postgres"),
            await start_valkey(home / "valkey"),
        )
        try:
            await migrate(postgres.url)
            settings = Settings.model_validate(
                {
                    "recollect_home": home,
                    "database_url": postgres.url,
                    "redis_url": valkey.url,
                    "embedder": "fake",
                }
            )
            async with open_resources(settings, purpose="cli") as resources:
                owner = await asyncpg.connect(postgres.url)
                yield Installed(resources, owner, OnnxEmbedder(prepare_model(home)))
                await owner.close()
        finally:
            await valkey.stop()
            await postgres.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sets", help="names, separated by commas")
    parser.add_argument("--vectors", type=Path, help="keep the documents' vectors here")
    given = parser.parse_args()
    data = os.environ.get("RECOLLECT_DATA")
    if data is None:
        parser.error("set RECOLLECT_DATA to the folder that holds retrieval/ and rag/")
    wanted = given.sets.split(",") if given.sets else [Path(path).name for path in SETS]
    given.folders = [Path(data) / path for path in SETS if Path(path).name in wanted]
    return given


async def measure(opened: Installed, given: argparse.Namespace) -> list[Scores]:
    scores: list[Scores] = []
    resources = replace(opened.resources, embedder=opened.embedder)
    for folder in given.folders:
        retrieval_set = load_set(folder)
        vectors = await document_vectors(retrieval_set, opened.embedder, folder=given.vectors)
        scores.append(await Bench(resources, opened.owner, retrieval_set, vectors).run())
        print(row(scores[-1]), file=sys.stderr, flush=True)
    return scores


async def document_vectors(
    retrieval_set: RetrievalSet, embedder: Embedder, *, folder: Path | None = None
) -> Matrix:
    kept = None if folder is None else folder / f"{retrieval_set.name}.{embedder.model}.npy"
    if kept is not None and kept.exists():
        return np.load(kept)
    vectors = await embedder.embed_documents(list(retrieval_set.documents.values()))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors)
    return vectors


@dataclass(frozen=True, slots=True)
class Bench:
    """One set in a workspace of its own."""

    resources: Resources
    owner: asyncpg.Connection
    retrieval_set: RetrievalSet
    vectors: Matrix

    async def run(self) -> Scores:
        scope = await make_scope(self.owner)
        known = await index_set(
            self.resources, self.owner, scope, retrieval_set=self.retrieval_set, vectors=self.vectors
        )  # fmt: skip
        searcher = Searcher(
            search_pool=self.resources.search, read_pool=self.resources.app, embedder=self.resources.embedder,
            redis=None, cursor_key=b"", semantic_timeout_s=5, lexical_timeout_s=5, vectors=VectorCache(size=5_000),
        )  # fmt: skip
        ndcg: dict[Mode, float] = {}
        for mode in MODES:
            run: dict[str, Sequence[str]] = {}
            for query_id, text in self.retrieval_set.queries.items():
                request = SearchRequest(q=text, mode=mode, syntax="plain")
                ranking = await rank(
                    searcher, scope, request, query=plain(text), within=Constraints()
                )
                run[query_id] = [known[hit.id] for hit in ranking.listed[:K]]
            ndcg[mode] = self.mean_ndcg(run)
        reference = bm25s_run(self.retrieval_set)
        return Scores(
            name=self.retrieval_set.name,
            bm25s=None if reference is None else self.mean_ndcg(reference),
            lexical=ndcg["lexical"],
            cosine=self.mean_ndcg(await self.cosine_run(searcher)),
            semantic=ndcg["semantic"],
            hybrid=ndcg["hybrid"],
        )

    async def cosine_run(self, searcher: Searcher) -> dict[str, Sequence[str]]:
        """Return the ten nearest documents of each query, by numpy."""
        ids = list(self.retrieval_set.documents)
        run: dict[str, Sequence[str]] = {}
        for query_id, text in self.retrieval_set.queries.items():
            asked = await searcher.vectors.embed(self.resources.embedder, plain(text).meaning())
            best = np.argsort(-(self.vectors @ asked.vector), kind="stable")[:K]
            run[query_id] = [ids[n] for n in best]
        return run

    def mean_ndcg(self, run: Mapping[str, Sequence[str]]) -> float:
        qrels = self.retrieval_set.qrels
        return mean(ndcg_at_k(found, qrels[query_id], k=K) for query_id, found in run.items())


def bm25s_run(retrieval_set: RetrievalSet) -> dict[str, Sequence[str]] | None:
    """Return the run of bm25s; None for a language that it does not cut into words."""
    lang = Counter(map(detect, retrieval_set.documents.values())).most_common(1)[0][0] or "en"
    if lang == "zh":
        return None

    def cut(texts: Iterable[str]) -> list[list[str]]:
        tokens = bm25s.tokenize(
            list(texts), stopwords=sorted(stop_words(lang)), return_ids=False, show_progress=False
        )
        return [[stemmer(lang).stemWord(str(token)) for token in row] for row in tokens]

    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(cut(retrieval_set.documents.values()), show_progress=False)
    ids = list(retrieval_set.documents)
    asked = cut(retrieval_set.queries.values())
    found, _ = index.retrieve(asked, corpus=ids, k=K, show_progress=False)
    return {
        query_id: [str(id_) for id_ in ranks]
        for query_id, ranks in zip(retrieval_set.queries, found, strict=True)
    }


def report(scores: Sequence[Scores]) -> int:
    """Print the table and the gates; return the exit status."""
    print(
        "| set | bm25s | lexical | exact cosine | semantic | hybrid | over the better leg |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for entry in scores:
        print(row(entry))
    misses = [f"{entry.name}: {text}" for entry in scores for text in entry.misses()]
    gain = mean(entry.gain for entry in scores)
    if len(scores) == len(SETS) and gain < MEAN_GAIN:
        misses.append(f"mean gain {gain:.4f} below {MEAN_GAIN}")
    print(f"\nmean gain of the fusion over the better leg: {gain:+.4f}")
    print("\n".join(f"missed: {miss}" for miss in misses) or "every gate is met")
    return 1 if misses else 0


def row(entry: Scores) -> str:
    cells = (entry.bm25s, entry.lexical, entry.cosine, entry.semantic, entry.hybrid)
    shown = " | ".join("-" if cell is None else f"{cell:.4f}" for cell in cells)
    return f"| {entry.name} | {shown} | {entry.gain:+.4f} |"


if __name__ == "__main__":
    asyncio.run(main())
