"""Which embedder the settings name: the one that computes (in the embedder process) and the one that asks it (elsewhere).

A vendor's embedder needs no process of ours; the API and the worker call it themselves.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.settings import Settings
from core.errors import StartFailed
from search.embed import Embedder, EmbedderSpec, FakeEmbedder
from search.embed_client import EmbedClient

MINILM = EmbedderSpec(model="all-MiniLM-L6-v2", dimension=384, max_tokens=256)
_OPENAI_URL = "https://api.openai.com/v1"


def needs_process(settings: Settings) -> bool:
    """Return whether the embedder computes on this machine, and so in a process of its own."""
    return settings.embedder == "minilm" or settings.embedder.startswith("st:")


def local_embedder(settings: Settings) -> Embedder:
    """Load the model; only the embedder process does."""
    if settings.embedder == "minilm":
        from search.embed_onnx import OnnxEmbedder

        return OnnxEmbedder(settings.recollect_home / "models" / MINILM.model)
    from search.embed_st import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.embedder.removeprefix("st:"))


@asynccontextmanager
async def embedder_client(settings: Settings) -> AsyncGenerator[Embedder]:
    """Lend the embedder that API and worker use."""
    kind, _, model = settings.embedder.partition(":")
    if settings.embedder == "fake":
        yield FakeEmbedder()
    elif kind == "openai" and model:
        from search.embed_openai import OpenAIEmbedder

        key = settings.openai_api_key
        vendor = OpenAIEmbedder(
            model,
            base_url=settings.openai_base_url or _OPENAI_URL,
            api_key=key.get_secret_value() if key else "none",
        )
        yield vendor
        await vendor.close()
    elif needs_process(settings):
        spec = (
            MINILM if settings.embedder == "minilm" else EmbedderSpec(settings.embedder, 384, 512)
        )
        client = EmbedClient(settings.embed_socket, spec)
        yield client
        await client.close()
    else:
        raise StartFailed(
            f"EMBEDDER={settings.embedder} is unknown: use minilm, openai:<model>, st:<directory> or fake"
        )
