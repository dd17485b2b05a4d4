"""What a search works with, and one search under way: the shapes that question.py, legs.py and rank.py share."""

from dataclasses import dataclass, field, replace
from time import perf_counter
from uuid import UUID

from redis.asyncio import Redis

from core.scope import Scope
from search.answer import SearchRequest
from search.embed import Embedder, OtherModels, Reranker, no_others
from search.filters import Constraints
from search.query import Query
from search.semantic import CrowdCache, VectorCache
from sql.pool import Pool


@dataclass(frozen=True, slots=True)
class Searcher:
    """What a search works with; made once by app/resources.py."""

    search_pool: Pool  # reads the narrow index
    read_pool: Pool  # the application role: what leaves is read under row-level security
    embedder: Embedder | None
    redis: Redis | None
    cursor_key: bytes
    reranker: Reranker | None = None  # an optional model
    semantic_timeout_s: float = 0.15
    lexical_timeout_s: float = 0.3
    facets_timeout_s: float = 0.3
    rerank_timeout_s: float = 0.6
    real_words: frozenset[str] = frozenset()  # never corrected, whether or not a text holds them
    other_models: OtherModels = no_others  # of generations by another model than the embedder's
    vectors: VectorCache = field(default_factory=VectorCache)
    crowds: CrowdCache = field(default_factory=CrowdCache)
    models: dict[UUID, str] = field(
        default_factory=dict[UUID, str]
    )  # of workspaces, when last asked
    languages: dict[UUID, tuple[str, ...]] = field(default_factory=dict[UUID, tuple[str, ...]])
    generation_id: UUID | None = None  # whose vectors are compared in place of the live ones

    def by_generation(self, generation_id: UUID) -> "Searcher":
        """Return one that searches as if this generation were promoted, in its workspace."""
        return replace(self, generation_id=generation_id, models={})

    def embedder_of(self, model: str | None) -> Embedder | None:
        """Return who embeds queries for a generation of this model; None names the settings' own."""
        if self.embedder is None or model in (None, self.embedder.model):
            return self.embedder
        return self.other_models(model)

    def with_patience(self, times: float) -> "Searcher":
        """Return one whose every deadline is that many times as long."""
        return replace(
            self,
            semantic_timeout_s=self.semantic_timeout_s * times,
            lexical_timeout_s=self.lexical_timeout_s * times,
            facets_timeout_s=self.facets_timeout_s * times,
            rerank_timeout_s=self.rerank_timeout_s * times,
        )


@dataclass(slots=True)
class Watch:
    """Milliseconds of each stage, and what did not answer."""

    embed: float = 0.0
    lexical: float = 0.0
    semantic: float = 0.0
    fuse: float = 0.0
    degraded: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Search:
    """One search under way: who asks what, within which filters."""

    searcher: Searcher
    scope: Scope
    request: SearchRequest
    query: Query
    within: Constraints
    watch: Watch = field(default_factory=Watch)
    apart: frozenset[bytes] = frozenset()  # hashes of texts that are not looked for any more
    depth: int | None = None  # candidates of each leg; None: by the size of the page


def ms_since(started: float) -> float:
    """Return the milliseconds since a reading of perf_counter()."""
    return round((perf_counter() - started) * 1000, 2)
