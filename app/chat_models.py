"""Which chat models replies may use, from the settings. Names are `extractive`, `openai:<model>`, `anthropic:<model>` and LOCAL.

The vendors' SDKs cost 60 MB and half a second to import, so each is imported when its first reply is written: the API,
which only lists models, never loads them.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast, get_args

import structlog
from redis.asyncio import Redis

from app.settings import Settings, local_socket
from core.errors import InvalidInput
from core.rest import Rest
from llm.budget import MICROS, Budgets
from llm.catalogue import EXTRACTIVE, LOCAL, Facts, facts_of, read_contexts, read_prices
from llm.chat import ChatModel, Source
from llm.fallback import Breaker, FallbackChat, RestingChat, UnseeingChat

if TYPE_CHECKING:
    from llm.local import LocalServer

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Provider = Literal["extractive", "local", "openai", "anthropic"]
# What a provider's key alone gives; any other model of the provider can be named in a reply or in CHAT_MODEL.
_FIRST_CHOICE: dict[Provider, str] = {
    "extractive": EXTRACTIVE,
    "local": LOCAL,
    "openai": "openai:gpt-4.1-mini",
    "anthropic": "anthropic:claude-sonnet-4-5",
}
_ONE_MODEL: tuple[Provider, ...] = ("extractive", "local")
_OPENAI_URL = "https://api.openai.com/v1"
_ANTHROPIC_URL = "https://api.anthropic.com"


class _Closing(ChatModel, Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ChatModelInfo:
    """One line of GET /api/models."""

    name: str
    provider: Provider
    is_default: bool


class ChatModels:
    """The configured models; opened when first used, closed together. By `redis` processes tell each other who rests."""

    def __init__(self, settings: Settings, redis: Redis | None = None) -> None:
        self._settings = settings
        self._redis = redis
        self._open: dict[str, _Closing] = {}
        self._server: LocalServer | None = None
        self._breakers: dict[Provider, Breaker] = {}
        self._prices = read_prices(settings.chat_prices)
        self._contexts = read_contexts(settings.chat_context)
        self._seeing = frozenset(_names(settings.chat_vision))

    @property
    def default(self) -> str:
        """Return CHAT_MODEL, else the local model where there is one, the first provider with a key, `extractive`."""
        return self._settings.chat_model or _FIRST_CHOICE[self._providers()[0]]

    def listed(self) -> tuple[ChatModelInfo, ...]:
        """Return the default and the first choice of each provider, the default first."""
        names = [self.default, *(_FIRST_CHOICE[provider] for provider in self._providers())]
        return tuple(
            ChatModelInfo(n, self._provider(n), n == self.default) for n in dict.fromkeys(names)
        )

    def check(self, name: str) -> None:
        """Raise InvalidInput, naming what there is, unless a reply could use `name`."""
        provider = self._provider(name)
        has_model = name == _FIRST_CHOICE[provider] or (
            provider not in _ONE_MODEL and name.partition(":")[2]
        )
        if provider not in self._providers() or not has_model:
            known = ", ".join(info.name for info in self.listed())
            raise InvalidInput.of("model", f"{name} is not configured; there is {known}")

    @property
    def fallback(self) -> tuple[str, ...]:
        """Return the models that write where the one asked for cannot begin, of those that are configured."""
        return tuple(name for name in _names(self._settings.chat_fallback) if self._is_there(name))

    def chain(self, name: str) -> tuple[str, ...]:
        """Return the models that may come to write a reply asked of `name`, in the order in which they are asked."""
        if name == EXTRACTIVE:
            return (name,)
        return (name, *(other for other in self.fallback if other != name))

    def facts(self, name: str) -> Facts:
        """Return what is known of a model."""
        return facts_of(name, self._prices, seeing=self._seeing, contexts=self._contexts)

    async def rests(self, name: str) -> bool:
        """Return whether a model's provider is left alone for now, by what this process and others saw."""
        return await self._breaker(name).rests_s() > 0

    def get(
        self, name: str, *, question: str, sources: Sequence[Source], abstain: bool = True
    ) -> ChatModel:
        """Return the model for one reply, with those that stand in for it. Raises as `check` does."""
        self.check(name)
        chain = [
            (each, self._one(each, question, sources, abstain=abstain)) for each in self.chain(name)
        ]
        return FallbackChat(chain) if len(chain) > 1 else chain[0][1]

    def _one(
        self, name: str, question: str, sources: Sequence[Source], *, abstain: bool
    ) -> ChatModel:
        if name == EXTRACTIVE:
            from llm.extractive import ExtractiveChat

            return ExtractiveChat(question, sources)
        model = self._local(abstain=abstain) if name == LOCAL else self._vendor(name)
        seen = model if self.facts(name).images else UnseeingChat(model)
        return RestingChat(seen, self._breaker(name))

    def _breaker(self, name: str) -> Breaker:
        provider = self._provider(name)
        if provider not in self._breakers:
            # Each machine has a local model of its own.
            redis = None if provider in _ONE_MODEL else self._redis
            self._breakers[provider] = Breaker(Rest(provider, redis))
        return self._breakers[provider]

    def _vendor(self, name: str) -> ChatModel:
        if name not in self._open:
            self._open[name] = self._build(name)
        return self._open[name]

    def _local(self, *, abstain: bool) -> ChatModel:
        from llm.local import LocalChat, local_server

        if self._server is None:
            self._server = local_server(local_socket(self._settings), LOCAL)
        return LocalChat(self._server, LOCAL, may_abstain=abstain)

    def _is_there(self, name: str) -> bool:
        try:
            self.check(name)
        except InvalidInput:
            log.warning("CHAT_FALLBACK names a model that is not configured", model=name)
            return False
        return True

    async def close(self) -> None:
        for model in self._open.values():
            await model.aclose()
        if self._server is not None:
            await self._server.aclose()

    def _providers(self) -> tuple[Provider, ...]:
        """Return the configured providers; the first is the default's."""
        settings = self._settings
        there: dict[Provider, object] = {
            "local": settings.llm,
            "openai": settings.openai_api_key or settings.openai_base_url,
            "anthropic": settings.anthropic_api_key,
            "extractive": True,
        }
        return tuple(provider for provider, configured in there.items() if configured)

    def _provider(self, name: str) -> Provider:
        provider = "local" if name == LOCAL else name.partition(":")[0]
        if provider not in get_args(Provider):
            raise InvalidInput.of(
                "model",
                f"{name} must start with openai: or anthropic:, or be {LOCAL} or extractive",
            )
        return cast("Provider", provider)

    def _build(self, name: str) -> _Closing:
        provider, _, model = name.partition(":")
        if provider == "openai":
            return self._build_openai(model)
        from llm.anthropic import AnthropicChat

        key = self._settings.anthropic_api_key
        return AnthropicChat(
            model,
            api_key=key.get_secret_value() if key else "",
            base_url=self._settings.anthropic_base_url or _ANTHROPIC_URL,
        )

    def _build_openai(self, model: str) -> _Closing:
        own, which = self._settings.openai_base_url, self._settings.openai_api
        key = self._settings.openai_api_key
        api_key = key.get_secret_value() if key else "none"
        if which == "responses" or (which == "auto" and own is None):
            from llm.openai_responses import ResponsesChat

            return ResponsesChat(model, api_key=api_key, base_url=own or _OPENAI_URL)
        from llm.openai import OpenAIChat

        return OpenAIChat(model, api_key=api_key, base_url=own or _OPENAI_URL)


def _names(text: str) -> tuple[str, ...]:
    """Return the names between commas, each once."""
    return tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))


def budgets_of(settings: Settings) -> Budgets:
    """Return the budgets of replies."""
    person_usd, workspace_usd = settings.person_usd_per_day, settings.workspace_usd_per_day
    return Budgets(
        person_tokens=settings.person_tokens_per_day,
        workspace_tokens=settings.workspace_tokens_per_day,
        person_micros=None if person_usd is None else round(person_usd * MICROS),
        workspace_micros=None if workspace_usd is None else round(workspace_usd * MICROS),
    )


@asynccontextmanager
async def open_chat_models(
    settings: Settings, redis: Redis | None = None
) -> AsyncGenerator[ChatModels]:
    """Lend the configured models and close what was opened."""
    models = ChatModels(settings, redis)
    try:
        yield models
    finally:
        await models.close()
