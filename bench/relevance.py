"""How well search ranks, on every judged set of RECOLLECT_DATA, beside bm25s and exact cosine in the same run.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.relevance [--sets xquad-en,irc-tuned] [--vectors DIR]
        [--picture docs/relevance.svg] [--reranker DIR]

Documents and messages are indexed by the product's write side into embedded PostgreSQL and asked through
search.rank.rank(), which is retrieve() without the hydration of a page. Prints nDCG@10, recall@100 and MRR@10. --vectors
keeps what the model made for the next run; --reranker is a cross-encoder's folder (search/rerank_onnx.py). Ends with 1 when a gate is missed. What was tuned on what: docs/relevance.md.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import asyncpg
import numpy as np

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.model_files import prepare_model
from app.resources import Resources, open_resources
from app.settings import Settings
from bench.bars import picture
from bench.message_sets import CHOICES, MessageSet, index_messages, load_messages
from bench.references import bm25s_run, cosine_run
from bench.relevance_report import DEPTH, MEASURES, Measured, Scores, Way, measured, report, table
from bench.retrieval_sets import RetrievalSet, index_set, load_set, whole_of
from core.scope import Scope
from search.answer import Mode, SearchRequest
from search.embed import Embedder, Matrix, Reranker
from search.embed_onnx import OnnxEmbedder
from search.fuse import Listed
from search.narrowing import Constraints, Option
from search.query import plain
from search.rank import rank
from search.rerank import TOP, is_exact, reorder
from search.rerank_onnx import OnnxReranker
from search.searcher import Searcher
from search.semantic import VectorCache
from sql.migrate import migrate
from tests.make import make_scope

DOCUMENTS = (
    "retrieval/xquad-en", "retrieval/covid-faq-en", "rag/anthropic-codebase", "retrieval/cosqa-python",
    "retrieval/npl-vaswani", "retrieval/cacm", "retrieval/scifact", "retrieval/xquad-de", "retrieval/xquad-es",
    "retrieval/xquad-ru", "retrieval/xquad-zh", "retrieval/covid-faq-de",
)  # fmt: skip
ON_REQUEST = {"irc-threads"}  # all of it: half an hour
MODES: tuple[Mode, ...] = ("lexical", "semantic", "hybrid")


async def main() -> None:
    given = arguments()
    async with installed() as opened:
        scores = await measure(opened, given)
    if given.picture is not None:
        given.picture.write_text(picture(scores), encoding="utf-8")
    sys.exit(report(scores, whole=given.sets is None))


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
            model_dir = prepare_model(home)  # first: the resources read its words
            async with open_resources(settings, purpose="cli") as resources:
                owner = await asyncpg.connect(postgres.url)
                yield Installed(resources, owner, OnnxEmbedder(model_dir))
                await owner.close()
        finally:
            await valkey.stop()
            await postgres.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sets", help="names, separated by commas")
    parser.add_argument("--vectors", type=Path, help="keep the documents' vectors here")
    parser.add_argument("--picture", type=Path, help="write an SVG of the nDCG here")
    parser.add_argument("--reranker", type=Path, help="reorder hybrid lists by this model too")
    given = parser.parse_args()
    data = os.environ.get("RECOLLECT_DATA")
    if data is None:
        parser.error("set RECOLLECT_DATA to the folder that holds retrieval/, rag/ and messages/")
    given.data = Path(data)
    return given


def load_sets(data: Path, names: str | None) -> list[RetrievalSet]:
    """Return the sets asked for, or all but those of ON_REQUEST."""
    known = [Path(path).name for path in DOCUMENTS] + list(CHOICES)
    wanted = names.split(",") if names else [name for name in known if name not in ON_REQUEST]
    documents = [load_set(data / path) for path in DOCUMENTS if Path(path).name in wanted]
    messages = [
        load_messages(data / "messages" / choice.folder, name, choice)
        for name, choice in CHOICES.items()
        if name in wanted
    ]
    return [*documents, *messages]


async def measure(opened: Installed, given: argparse.Namespace) -> list[Scores]:
    scores: list[Scores] = []
    resources = replace(
        opened.resources,
        embedder=opened.embedder,
        reranker=None if given.reranker is None else OnnxReranker(given.reranker),
    )
    for retrieval_set in load_sets(given.data, given.sets):
        vectors = await document_vectors(retrieval_set, opened.embedder, folder=given.vectors)
        scores.append(await Bench(resources, opened.owner, retrieval_set, vectors).run())
        print(table(scores[-1:], MEASURES["nDCG@10"]), file=sys.stderr, flush=True)
    return scores


async def document_vectors(
    retrieval_set: RetrievalSet, embedder: Embedder, *, folder: Path | None = None
) -> Matrix:
    """Return one row for each document, kept in `folder` from an earlier run or made now; equal texts are asked once."""
    kept = None if folder is None else folder / f"{retrieval_set.name}.{embedder.model}.npy"
    if kept is not None and kept.exists():
        return np.load(kept)
    texts = dict.fromkeys(retrieval_set.documents.values())
    place = {text: n for n, text in enumerate(texts)}
    made = await embedder.embed_documents(list(texts))
    vectors = made[[place[text] for text in retrieval_set.documents.values()]]
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors)
    return vectors


@dataclass(frozen=True, slots=True)
class Known:
    """A set in the index: which document each passage is, and what each query is limited to."""

    passages: Mapping[UUID, str]
    within: Mapping[str, Constraints]


@dataclass(frozen=True, slots=True)
class Bench:
    """One set in a workspace of its own."""

    resources: Resources
    owner: asyncpg.Connection
    retrieval_set: RetrievalSet
    vectors: Matrix

    async def run(self) -> Scores:
        scope = await make_scope(self.owner)
        known = await self._index(scope)
        searcher = Searcher(
            search_pool=self.resources.search, read_pool=self.resources.app, embedder=self.resources.embedder,
            redis=None, cursor_key=b"", semantic_timeout_s=5, lexical_timeout_s=5, vectors=VectorCache(size=5_000),
            real_words=self.resources.real_words,
        )  # fmt: skip
        asked, qrels = self.retrieval_set, self.retrieval_set.qrels
        ways: dict[Way, Measured] = {
            mode: measured(await self._run(searcher, scope, mode, known=known), qrels)
            for mode in MODES
        }
        if self.resources.reranker is not None:
            ways["reranked"] = measured(
                await self._run(searcher, scope, "hybrid", known=known, model=self.resources.reranker), qrels
            )  # fmt: skip
        nearest = await cosine_run(
            asked, self.vectors, self.resources.embedder, cache=searcher.vectors, depth=DEPTH
        )
        ways["cosine"] = measured(nearest, qrels)
        if (reference := bm25s_run(asked, depth=DEPTH)) is not None:
            ways["bm25s"] = measured(reference, qrels)
        return Scores(
            asked.name,
            ways,
            is_messages=isinstance(asked, MessageSet),
            has_parts=any(map(whole_of, asked.documents)),
            queries=len(asked.queries),
        )

    async def _index(self, scope: Scope) -> Known:
        asked = self.retrieval_set
        if not isinstance(asked, MessageSet):
            passages = await index_set(
                self.resources, self.owner, scope, retrieval_set=asked, vectors=self.vectors
            )
            return Known(passages, {})
        indexed = await index_messages(
            self.resources, self.owner, scope, message_set=asked, vectors=self.vectors
        )
        within = {
            query_id: Constraints((Option(items=frozenset((indexed.items[talk],))),))
            for query_id, talk in asked.within.items()
        }
        return Known(indexed.passages, within)

    async def _run(
        self,
        searcher: Searcher,
        scope: Scope,
        mode: Mode,
        *,
        known: Known,
        model: Reranker | None = None,
    ) -> dict[str, Sequence[str]]:
        """Return the first hits of each query, their head in the order of `model`; the message that a query was is none."""
        sources = self.retrieval_set.sources if isinstance(self.retrieval_set, MessageSet) else {}
        run: dict[str, Sequence[str]] = {}
        for query_id, text in self.retrieval_set.queries.items():
            request = SearchRequest(q=text, mode=mode, syntax="plain", limit=DEPTH)
            within = known.within.get(query_id, Constraints())
            ranking = await rank(searcher, scope, request, query=plain(text), within=within)
            listed = ranking.listed
            if model is not None:
                listed = [*await self._reranked(model, listed[:TOP], text, known), *listed[TOP:]]
            found = [known.passages[hit.id] for hit in listed]
            run[query_id] = [id_ for id_ in found if id_ != sources.get(query_id)][:DEPTH]
        return run

    async def _reranked(
        self, model: Reranker, head: Sequence[Listed], asked: str, known: Known
    ) -> list[Listed]:
        """Do what search.rerank does, with the texts of the set."""
        texts = [self.retrieval_set.documents[known.passages[hit.id]] for hit in head]
        query = plain(asked)
        scores = await model.score(query.meaning(), texts)
        exact = {hit.id for hit, text in zip(head, texts, strict=True) if is_exact(query, text)}
        return reorder(head, dict(zip([hit.id for hit in head], scores, strict=True)), exact=exact)


if __name__ == "__main__":
    asyncio.run(main())
