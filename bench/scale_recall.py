"""How much of the exact answer the semantic leg finds in the corpus of bench/scale.py, without filters and with narrow ones.

The leg is the product's own (search/legs.py), asked twice: as it decides, and with recall=exact. Passages of equal text are
equally near, so they may stand for each other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import numpy as np

from core.scope import Scope
from search.answer import Recall, SearchRequest
from search.dates import Span
from search.embed import Embedder
from search.legs import embed, semantic_leg
from search.narrowing import Constraints, Option
from search.query import plain
from search.question import understand
from search.searcher import Search, Searcher
from search.semantic import Nearest
from sql.pool import open_pool

K: Final = 10
PATIENT_S: Final = 60.0
TEXTS: Final = "SELECT id, text_hash FROM passage WHERE workspace_id = $1 AND id = ANY ($2)"
NEWEST: Final = "SELECT percentile_disc($2::float8) WITHIN GROUP (ORDER BY created_at) FROM passage WHERE workspace_id = $1"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who asks in a workspace of so many passages."""

    scope: Scope
    passages: int


@dataclass(frozen=True, slots=True)
class Found:
    """One query: what share of the exact top was found, by which way, and whether fewer came than there are."""

    recall: float
    way: Recall
    is_short: bool
    is_degraded: bool


HEAD: Final = (
    "| passages of the workspace | filter | workspaces | queries | recall@10 | worst | by HNSW | fewer than there are | degraded |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def row(bucket: str, condition: str, readers: Sequence[Reader], found: Sequence[Found]) -> str:
    """Return the line of a table for the queries of one bucket."""
    recalls = [one.recall for one in found]
    by_index = sum(one.way == "approximate" for one in found)
    short, degraded = sum(one.is_short for one in found), sum(one.is_degraded for one in found)
    return (
        f"| {bucket} | {condition} | {len({r.scope.workspace_id for r in readers})} | {len(found)} | {np.mean(recalls):.3f} |"
        f" {min(recalls):.2f} | {by_index} | {short} | {degraded} |"
    )


@dataclass(frozen=True, slots=True)
class Recalls:
    owner: asyncpg.Connection
    searcher: Searcher

    async def measure(self, reader: Reader, text: str, *, share: float | None = None) -> Found:
        """Ask for the whole workspace, or for its newest passages that make up `share` of it."""
        within = Constraints()
        if share is not None:
            newest = await self._newest(reader.scope.workspace_id, share)
            within = Constraints((Option(times=(Span(newest, None),)),))
        nearest = await self._ask(reader.scope, text, within, "auto")
        exact = await self._ask(reader.scope, text, within, "exact")
        if exact is None:
            return Found(0.0, "exact", is_short=False, is_degraded=True)
        if nearest is None:
            return Found(0.0, "approximate", is_short=False, is_degraded=True)
        return await self._compared(reader.scope, nearest, exact)

    async def _ask(
        self, scope: Scope, text: str, within: Constraints, recall: Literal["auto", "exact"]
    ) -> Nearest | None:
        request = SearchRequest(q=text, mode="semantic", syntax="plain", recall=recall)
        search = Search(self.searcher, scope, request, plain(text), within)
        question = await understand(search)
        vector = embed(search, query=search.query, model=question.basis.model)
        return await semantic_leg(search, question, vector)

    async def _compared(self, scope: Scope, nearest: Nearest, exact: Nearest) -> Found:
        wanted, got = exact.ids[:K], nearest.ids[:K]
        rows = await self.owner.fetch(TEXTS, scope.workspace_id, [*{*wanted, *got}])
        texts: dict[UUID, bytes] = {row["id"]: row["text_hash"] for row in rows}
        right = Counter(texts[id_] for id_ in wanted) & Counter(texts[id_] for id_ in got)
        share = right.total() / len(wanted) if wanted else 1.0
        return Found(share, nearest.recall, is_short=len(got) < len(wanted), is_degraded=False)

    async def _newest(self, workspace_id: UUID, share: float) -> datetime:
        return await self.owner.fetchval(NEWEST, workspace_id, 1 - share)


async def patient_searcher(url: str, embedder: Embedder) -> Searcher:
    """Return the product's searcher with deadlines that the exact answer over a large workspace keeps."""
    wait_ms = round(PATIENT_S * 1000)
    return Searcher(
        search_pool=await open_pool(url, purpose="search", role="recollect_search", size=2, statement_timeout_ms=wait_ms),
        read_pool=await open_pool(url, purpose="app", role="recollect_app", size=1),
        embedder=embedder, redis=None, cursor_key=b"", semantic_timeout_s=PATIENT_S, lexical_timeout_s=PATIENT_S,
    )  # fmt: skip


async def close(searcher: Searcher) -> None:
    await searcher.search_pool.close()
    await searcher.read_pool.close()
