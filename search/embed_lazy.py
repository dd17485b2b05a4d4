"""An embedder whose model is loaded when it is first asked: what no workspace uses takes no memory."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from core.errors import RecollectError, Unavailable
from search.embed import Embedder, EmbedderSpec, Matrix, QueryVector

log = structlog.get_logger(__name__)


class LazyEmbedder:
    """`load` runs in a thread; when it fails the question is Unavailable and the next one tries again."""

    def __init__(self, spec: EmbedderSpec, load: Callable[[], Embedder]) -> None:
        self.model = spec.model
        self.dimension = spec.dimension
        self.max_tokens = spec.max_tokens
        self._load = load
        self._loading: asyncio.Task[Embedder] | None = None

    async def embed_query(self, text: str) -> QueryVector:
        return await (await self._loaded()).embed_query(text)

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        return await (await self._loaded()).embed_documents(texts)

    async def _loaded(self) -> Embedder:
        """Wait for the one loading that all questions share; who gives up waiting does not end it."""
        if self._loading is None:
            log.info("loading a model", model=self.model)
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))
        try:
            return await asyncio.shield(self._loading)
        except (RecollectError, OSError) as exc:
            self._loading = None
            raise Unavailable(f"{self.model} could not be loaded: {exc}") from exc
