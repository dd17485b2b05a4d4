"""Which embedders there are: those that compute (in the embedder process) and those that ask (elsewhere).

The settings name one; a workspace whose vectors are another model's is answered by that one for as long as it can be
asked: a generation outlives a change of EMBEDDER. Vendors' embedders need no process of ours.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from app.model_files import prepare_apart
from app.model_recipes import E5, MINILM, RECIPES
from app.settings import Settings
from core.errors import StartFailed
from search.embed import DIMENSION, Embedder, EmbedderSpec, FakeEmbedder
from search.embed_client import EmbedClient
from search.embed_lazy import LazyEmbedder

_OPENAI_URL: Final = "https://api.openai.com/v1"
_BY_SETTING: Final = {"auto": MINILM, "minilm": MINILM, "e5": E5}
# What MiniLM loses on a foreign passage is much more than it gains on an English one (docs/adr/0006-generations.md), so the
# share may be small; it must be no accident: of English chat 0.3 to 0.6 % is read as foreign, of code 0.8 %. Fewer than
# twenty passages have no language mean, and are found by their words as well.
FOREIGN_SHARE: Final = 0.1
FOREIGN_LEAST: Final = 20
_DOCUMENTS_TIMEOUT_S: Final = (
    300.0  # of 64: 6 s of E5 on idle cores; making and loading it, and a busy machine, take more
)
_ST_DIMENSION, _ST_TOKENS = 384, 512  # what the server of any sentence-transformers model answers


def needs_process(settings: Settings) -> bool:
    """Return whether a model may have to compute on this machine, and so in a process of its own."""
    return settings.embedder != "fake" or settings.reranker is not None


def first_model(settings: Settings) -> str:
    """Return the model of a workspace's first generation, by the name that generations bear."""
    if settings.embedder == "fake":
        return FakeEmbedder.model
    recipe = _BY_SETTING.get(settings.embedder)
    if recipe is not None:
        return recipe.spec.model
    kind, _, model = settings.embedder.partition(":")
    if kind in ("openai", "st") and model:
        return settings.embedder
    raise StartFailed(
        f"EMBEDDER={settings.embedder} is unknown: use auto, minilm, e5, openai:<model>, st:<directory> or fake"
    )


def computes_here(model: str) -> bool:
    """Return whether a model is one that this machine computes, not a vendor's."""
    return _local_spec(model) is not None


def model_named(name: str) -> str:
    """Return the model that a person means by the name of a setting or of the model itself."""
    recipe = _BY_SETTING.get(name)
    return name if recipe is None else recipe.spec.model


@dataclass(frozen=True, slots=True)
class Languages:
    """What is known of a workspace's passages: whose vectors they have, and how many are in English."""

    model: str
    detected: int
    english: int


def wanted_model(settings: Settings, *, of: Languages) -> str | None:
    """Return the model that a workspace's vectors should be of; None when they are as they should be.

    Nothing goes back to the English one by itself: what that would gain on English text (.006) is less than it costs.
    """
    if settings.embedder != "auto":
        model = first_model(settings)
    elif of.model == E5.spec.model:
        return None
    else:
        foreign = of.detected - of.english
        is_mixed = foreign >= FOREIGN_LEAST and foreign >= FOREIGN_SHARE * of.detected
        model = (E5 if is_mixed else MINILM).spec.model
    return None if model == of.model else model


class LocalModels:
    """The models of the embedder process. That of the settings is loaded at once, any other when it is first asked."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.recollect_home
        self._others: dict[str, Embedder] = {}
        model = first_model(settings)
        is_ours = _local_spec(model) is not None
        self.default = _load(self._home, model) if is_ours else self._lazy(MINILM.spec)

    def find(self, model: str) -> Embedder | None:
        """Return another model that computes on this machine, by its name."""
        if model not in self._others:
            if (spec := _local_spec(model)) is None:
                return None
            self._others[model] = self._lazy(spec)
        return self._others[model]

    def _lazy(self, spec: EmbedderSpec) -> Embedder:
        return LazyEmbedder(spec, partial(_load, self._home, spec.model))


class _Closable(Embedder, Protocol):
    async def close(self) -> None: ...


class AskedModels:
    """The embedders that API and worker use; none connects before it is asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, _Closable] = {}
        default = self.find(first_model(settings))
        assert default is not None  # first_model() names nothing that find() does not know
        self.default: Embedder = default

    def find(self, model: str) -> Embedder | None:
        """Return the embedder of a model; None when this installation cannot ask it."""
        if self._settings.embedder == "fake":
            return FakeEmbedder() if model == FakeEmbedder.model else None
        if model not in self._known:
            if (made := self._make(model)) is None:
                return None
            self._known[model] = made
        return self._known[model]

    async def close(self) -> None:
        for embedder in self._known.values():
            await embedder.close()

    def _make(self, model: str) -> _Closable | None:
        kind, _, name = model.partition(":")
        if kind == "openai" and name:
            return self._vendor(name)
        spec = _local_spec(model)
        if spec is None:
            return None
        socket = self._settings.embed_socket
        return EmbedClient(socket, spec, documents_timeout_s=_DOCUMENTS_TIMEOUT_S)

    def _vendor(self, name: str) -> _Closable:
        """Return the embedder of `<model>` or `<model>@<dimension>`."""
        from search.embed_openai import OpenAIEmbedder

        model, _, dimension = name.rpartition("@")
        if not (model and dimension.isdecimal()):
            model, dimension = name, str(DIMENSION)
        key = self._settings.openai_api_key
        return OpenAIEmbedder(
            model,
            base_url=self._settings.openai_base_url or _OPENAI_URL,
            api_key=key.get_secret_value() if key else "none",
            dimension=int(dimension),
        )


@asynccontextmanager
async def asked_models(settings: Settings) -> AsyncGenerator[AskedModels]:
    """Lend the embedders that API and worker use."""
    models = AskedModels(settings)
    yield models
    await models.close()


def _local_spec(model: str) -> EmbedderSpec | None:
    if model in RECIPES:
        return RECIPES[model].spec
    if model.startswith("st:"):
        return EmbedderSpec(model, _ST_DIMENSION, _ST_TOKENS)
    return None


def _load(home: Path, model: str) -> Embedder:
    """Load a model into this process, its files made first where they are absent."""
    if model in RECIPES:
        from search.embed_onnx import OnnxEmbedder

        return OnnxEmbedder(prepare_apart(home, RECIPES[model]))
    from search.embed_st import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model.removeprefix("st:"))
