"""The semantic leg: exact where few passages may be seen, HNSW where many may. We choose, not the planner.

Exact costs 1.3 us for each passage that may be seen. HNSW costs 2 ms, and 0.2 ms for each time that the graph, which holds other
workspaces too, is larger than what may be seen of it; ten times as much where a question is nearer to what others say. Measured
at 1.2 million passages: between 12 and 40 times the root of the graph's size they are even. HNSW that finds too few is followed
by exact within the time that is left.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from math import sqrt
from time import monotonic
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.answer import Recall
from search.embed import Embedder, QueryVector, Vector
from search.filters import Constraints
from sql import fetch, fetch_one, read
from sql.pool import ReadConn

INDEXED: Final = (
    384  # dimensions of the HNSW index; vectors of another model's are compared exactly
)
EXACT_UP_TO: Final = 2_000  # passages: of so few every vector is compared, whatever the graph holds
PER_ROOT: Final = (
    10.0  # passages for each root of the graph's size up to which every vector is compared
)
COUNTED: Final = 20_000  # passages; more are many
CACHED_VECTORS: Final = 2_000  # queries; 1.5 KB each
CROWDS: Final = 10_000  # callers
CROWD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Near:
    id: UUID
    cosine: float


@dataclass(frozen=True, slots=True)
class Nearest:
    ids: tuple[UUID, ...]
    recall: Recall


NOT_NEAR: Final = Nearest((), "exact")


@dataclass(frozen=True, slots=True)
class SemanticQuestion:
    """`exact` says that no approximation is wanted or needed: few passages, or a condition that leaves few.

    Fewer than `enough` of HNSW mean that the filters pass too little of the graph.
    """

    vector: Vector
    generation_id: UUID
    condition: str | None
    exact: bool
    depth: int
    enough: int
    apart: frozenset[bytes] = frozenset()  # hashes of texts that are left out


@dataclass(frozen=True, slots=True)
class _Crowd:
    passages: int  # COUNTED + 1 stands for any more
    largest_graph: float  # vectors; -1 where none was analysed yet


_find_near_exact = read("search.sql", "find_near_exact", Near)
_find_near_hnsw = read("search.sql", "find_near_hnsw", Near)
_count_visible = read("search.sql", "count_visible", _Crowd)


@dataclass(slots=True)
class VectorCache:
    """The vectors of the latest queries by model and text; a repeated query never asks the model."""

    size: int = CACHED_VECTORS
    known: OrderedDict[tuple[str, str], QueryVector] = field(
        default_factory=OrderedDict[tuple[str, str], QueryVector]
    )

    async def embed(self, embedder: Embedder, text: str) -> QueryVector:
        """Return the query's vector from here or from the embedder."""
        key = (embedder.model, text)
        if (found := self.known.get(key)) is not None:
            self.known.move_to_end(key)
            return found
        self.known[key] = made = await embedder.embed_query(text)
        if len(self.known) > self.size:
            self.known.popitem(last=False)
        return made


@dataclass(slots=True)
class CrowdCache:
    """Which callers may see many passages: counted, then known for a minute. It only chooses how vectors are compared."""

    least: int = EXACT_UP_TO
    per_root: float = PER_ROOT
    size: int = CROWDS
    known: OrderedDict[tuple[UUID, UUID], tuple[float, bool]] = field(
        default_factory=OrderedDict[tuple[UUID, UUID], tuple[float, bool]]
    )

    async def has_many(self, conn: ReadConn, scope: Scope, constraints: Constraints) -> bool:
        """Say whether so many passages may be seen within the constraints that the index is cheaper."""
        if constraints.items is not None:
            return await self._counted(conn, scope, constraints)
        key = (scope.workspace_id, scope.account_id)
        until, many = self.known.get(key, (0.0, False))
        if monotonic() >= until:
            many = await self._counted(conn, scope, constraints)
            self.known[key] = (monotonic() + CROWD_S, many)
            if len(self.known) > self.size:
                self.known.popitem(last=False)
        return many

    async def _counted(self, conn: ReadConn, scope: Scope, constraints: Constraints) -> bool:
        crowd = await fetch_one(
            conn, _count_visible, **scope.ids, items=constraints.items, at_most=COUNTED + 1
        )
        even = self.per_root * sqrt(max(crowd.largest_graph, 0.0))
        return crowd.passages > min(max(self.least, even), COUNTED)


async def find_nearest(
    conn: ReadConn,
    scope: Scope,
    question: SemanticQuestion,
    *,
    constraints: Constraints,
    crowds: CrowdCache,
) -> Nearest:
    """Return the nearest passages that the caller may see, best first."""
    may_ask_index = not question.exact and len(question.vector) == INDEXED
    if may_ask_index and await crowds.has_many(conn, scope, constraints):
        found = await _ask(conn, scope, question, constraints=constraints, exact=False)
        if len(found) >= min(question.enough, question.depth):
            return Nearest(found, "approximate")
    return Nearest(await _ask(conn, scope, question, constraints=constraints, exact=True), "exact")


async def _ask(
    conn: ReadConn,
    scope: Scope,
    question: SemanticQuestion,
    *,
    constraints: Constraints,
    exact: bool,
) -> tuple[UUID, ...]:
    rows = await fetch(
        conn, _find_near_exact if exact else _find_near_hnsw, **scope.ids, **constraints.values(),
        vector=question.vector, generation=question.generation_id, condition=question.condition, depth=question.depth,
        apart=sorted(question.apart),
    )  # fmt: skip
    return tuple(row.id for row in rows)
