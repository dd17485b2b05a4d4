"""Which cross-encoder the setting RERANKER names: loaded in the embedder process, asked from the API. Unset there is none."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from app.settings import Settings
from core.errors import StartFailed, Unavailable
from search.embed import Reranker
from search.rerank_client import RerankClient
from search.rerank_process import reranker_server

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def asked_reranker(settings: Settings) -> Reranker | None:
    """Return what the API asks, or None where no model is configured."""
    return None if settings.reranker is None else RerankClient(_socket(settings))


@asynccontextmanager
async def reranker_of_process(settings: Settings) -> AsyncGenerator[None]:
    """Serve the configured model while inside, if there is one; embedding goes on whether it can be loaded or not."""
    if settings.reranker is None:
        yield
        return
    async with reranker_server(_LoadedLater(settings.reranker), _socket(settings)):
        yield


class _LoadedLater:
    """Loads in a thread from the first moment on; what could not be loaded stays Unavailable until the next start."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loading = asyncio.create_task(self._load())

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        reranker = await asyncio.shield(self._loading)
        if reranker is None:
            raise Unavailable(f"{self._name} could not be loaded; the log says why")
        return await reranker.score(query, passages)

    async def _load(self) -> Reranker | None:
        try:
            return await asyncio.to_thread(local_reranker, self._name)
        except StartFailed as error:
            log.error("reranker not loaded", reason=str(error))  # noqa: TRY400  (the remedy is in it)
        except Exception:
            # The outermost frame of the loading: whatever a foreign folder does must not end embedding.
            log.exception("reranker not loaded", reranker=self._name)
        return None


def local_reranker(name: str) -> Reranker:
    """Load the model into this process; raises StartFailed for a folder that holds none."""
    kind, _, model = name.partition(":")
    if kind == "st" and model:
        from search.rerank_st import SentenceTransformersReranker

        return SentenceTransformersReranker(model)
    from search.rerank_onnx import OnnxReranker

    return OnnxReranker(Path(name).expanduser())


def _socket(settings: Settings) -> Path:
    # As long as the name beside it: a socket's path has at most 107 bytes.
    return settings.embed_socket.with_name("pairs.sock")
