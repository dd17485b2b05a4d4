"""What a second generation is worth and costs: MiniLM's vectors first, then E5's, built and promoted by the worker's own job.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.generations [--sets xquad-de,mixed-20] [--queries 300]

For each set, in a workspace of its own: nDCG@10 by words, and by both legs with each model; the share of its own sentences
that each model's generation finds; how long building took. mixed-20 and mixed-80 are the 240 paragraphs of XQuAD, each in
one of five languages, 20 and 80 % of them English, asked in all five.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final
from uuid import UUID

import asyncpg

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.model_files import prepare_model
from app.model_recipes import E5, MINILM
from app.resources import Resources, open_resources
from app.settings import Settings
from bench.retrieval_sets import RetrievalSet, load_set
from core.scope import Scope
from ingest.vectors import Asking
from search.answer import Mode, SearchRequest
from search.embed import Embedder
from search.embed_onnx import OnnxEmbedder
from search.filters import Constraints
from search.generations import begin, list_generations, promote
from search.metrics import ndcg_at_k
from search.query import plain
from search.rank import rank
from search.searcher import Searcher
from search.semantic import VectorCache
from search.statistics import refresh
from sql.migrate import migrate
from tests.make import make_scope
from tests.search.make import make_file
from workers.generations import build
from workers.ledger import claim, leased
from workers.queue import enqueue_build

LANGUAGES: Final = ("en", "de", "es", "ru", "zh")
SETS: Final = (
    "xquad-en", "xquad-de", "xquad-es", "xquad-ru", "xquad-zh", "covid-faq-en", "covid-faq-de", "mixed-20", "mixed-80",
)  # fmt: skip
K: Final = 10
HEAD: Final = f"{'nDCG@10':<14}{'words':>8}{'MiniLM':>8}{'E5':>8}   finds its own: {'MiniLM':>7}{'E5':>7}   built in s: {'MiniLM':>7}{'E5':>7}"


@dataclass(frozen=True, slots=True)
class Made:
    """One model's generation: what it finds of itself, how long it took, and how well search with it ranks."""

    self_recall: float
    built_s: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class Bench:
    resources: Resources
    owner: asyncpg.Connection
    models: Callable[[str], Embedder | None]
    asked: RetrievalSet

    async def run(self) -> str:
        """Return the set's line of the table."""
        scope = await make_scope(self.owner)
        known = await self._index(scope)
        words = await self._ndcg(scope, known, "lexical")
        minilm, e5 = [await self._make(scope, known, r.spec.model) for r in (MINILM, E5)]
        return (
            f"{self.asked.name:<14}{words:8.3f}{minilm.ndcg:8.3f}{e5.ndcg:8.3f}{'':18}{minilm.self_recall:8.2f}"
            f"{e5.self_recall:7.2f}{'':15}{minilm.built_s:7.0f}{e5.built_s:7.0f}"
        )

    async def _index(self, scope: Scope) -> Mapping[UUID, str]:
        documents = self.asked.documents
        file_id = await make_file(
            self.resources, self.owner, scope, name="set", passages=list(documents.values())
        )
        async with self.resources.worker.tenant_tx(scope.workspace_id) as conn:
            await refresh(conn, scope.workspace_id)
        await self.owner.execute("ANALYZE passage, embedding, item, access_grant, lexeme_stat")
        rows = await self.owner.fetch("SELECT id, ordinal FROM passage WHERE item_id = $1", file_id)
        ids = list(documents)
        return {row["id"]: ids[row["ordinal"]] for row in rows}

    async def _make(self, scope: Scope, known: Mapping[UUID, str], model: str) -> Made:
        embedder = self.models(model)
        assert embedder is not None
        ws, began = scope.workspace_id, time.monotonic()
        async with self.resources.worker.tenant_tx(ws) as conn:
            generation_id = await begin(
                conn, ws, model=model, dimension=embedder.dimension, is_automatic=False
            )
            await enqueue_build(conn, scope, generation_id=generation_id)
        await self._do_jobs(Asking(embedder))
        built_s = time.monotonic() - began
        async with self.resources.worker.tenant_tx(ws) as conn:
            await promote(conn, ws, generation_id)
            [found] = [g for g in await list_generations(conn, ws) if g.id == generation_id]
        return Made(found.self_recall or 0.0, built_s, await self._ndcg(scope, known, "hybrid"))

    async def _do_jobs(self, asking: Asking) -> None:
        while (taken := await claim(self.resources.worker, "build_generation")) is not None:
            (job,) = taken.jobs
            async with leased(self.resources.worker, taken) as fence:
                await build(asking, fence, generation_id=job.subject_id, account_id=job.account_id)

    async def _ndcg(self, scope: Scope, known: Mapping[UUID, str], mode: Mode) -> float:
        searcher = Searcher(
            search_pool=self.resources.search, read_pool=self.resources.app, embedder=self.models(MINILM.spec.model),
            redis=None, cursor_key=b"", semantic_timeout_s=5, lexical_timeout_s=5, vectors=VectorCache(size=1),
            other_models=self.models, real_words=self.resources.real_words,
        )  # fmt: skip
        scores: list[float] = []
        for query_id, text in self.asked.queries.items():
            request = SearchRequest(q=text, mode=mode, syntax="plain", limit=K)
            ranking = await rank(searcher, scope, request, query=plain(text), within=Constraints())
            assert ranking.watch.degraded == []
            found = [known[hit.id] for hit in ranking.listed[:K]]
            scores.append(ndcg_at_k(found, self.asked.qrels[query_id], k=K))
        return mean(scores)


def sets_of(data: Path, names: Sequence[str], *, queries: int) -> list[RetrievalSet]:
    """Return the sets of these names, with as many of their queries, drawn the same each time."""
    loaded = {name: load_set(data / "retrieval" / name) for name in _folders(names)}
    made = [
        _mixed(loaded, english=int(name.removeprefix("mixed-")))
        if name.startswith("mixed-")
        else loaded[name]
        for name in names
    ]
    return [_with_fewer(one, queries) for one in made]


def _folders(names: Sequence[str]) -> set[str]:
    mixed = {f"xquad-{lang}" for lang in LANGUAGES if any(n.startswith("mixed") for n in names)}
    return mixed | {name for name in names if not name.startswith("mixed-")}


def _mixed(loaded: Mapping[str, RetrievalSet], *, english: int) -> RetrievalSet:
    """Take each paragraph in one language and each question in the next one of the five."""
    count = len(loaded["xquad-en"].documents)
    others = [lang for lang in LANGUAGES if lang != "en"]
    spoken = ["en" if n * english % 100 < english else others[n % 4] for n in range(count)]
    documents = {
        f"p{n}": loaded[f"xquad-{lang}"].documents[f"{lang}-p{n}"] for n, lang in enumerate(spoken)
    }
    queries, qrels = dict[str, str](), dict[str, Mapping[str, float]]()
    for n, (query_id, judged) in enumerate(loaded["xquad-en"].qrels.items()):
        asked = loaded[f"xquad-{LANGUAGES[n % 5]}"].queries
        if query_id in asked:
            queries[query_id] = asked[query_id]
            qrels[query_id] = {id_.removeprefix("en-"): grade for id_, grade in judged.items()}
    return RetrievalSet(f"mixed-{english}", documents, queries, qrels)


def _with_fewer(asked: RetrievalSet, queries: int) -> RetrievalSet:
    drawn = Random(1).sample(sorted(asked.queries), min(queries, len(asked.queries)))
    return replace(asked, queries={query_id: asked.queries[query_id] for query_id in drawn})


async def measure(folder: Path, sets: Sequence[RetrievalSet]) -> None:
    """Print a line for each set."""
    home = Path(__file__).parents[1] / ".home"
    made = [OnnxEmbedder(prepare_model(home, recipe)) for recipe in (MINILM, E5)]
    models = {embedder.model: embedder for embedder in made}.get
    print(HEAD, flush=True)
    async with AsyncExitStack() as stack:
        postgres = await start_postgres(folder / "postgres")
        stack.push_async_callback(postgres.stop)
        await migrate(postgres.url)
        valkey = await start_valkey(folder / "valkey")
        stack.push_async_callback(valkey.stop)
        settings = Settings.model_validate(
            {"recollect_home": folder, "database_url": postgres.url, "redis_url": valkey.url, "embedder": "fake"}
        )  # fmt: skip
        opened = open_resources(settings, purpose="worker")
        resources = await stack.enter_async_context(opened)
        owner = await asyncpg.connect(postgres.url)
        stack.push_async_callback(owner.close)
        for asked in sets:
            print(await Bench(resources, owner, models, asked).run(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--queries", type=int, default=2_000)
    given = parser.parse_args()
    data = os.environ.get("RECOLLECT_DATA")
    if data is None:
        parser.error("set RECOLLECT_DATA to the folder that holds retrieval/")
    sets = sets_of(Path(data), given.sets.split(","), queries=given.queries)
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(measure(Path(folder), sets))


if __name__ == "__main__":
    main()
