"""GET /models: which models may write replies, which one makes vectors, whether they answer, and whether one reranks."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from fastapi import APIRouter

from api.deps import ResourcesDep, ScopeDep
from api.wire import Answer
from app.chat_models import ChatModelInfo, Provider
from core.errors import CallerError, Unavailable
from llm.catalogue import Capability, Facts
from search.embed import Embedder
from sql import fetch, read

router = APIRouter(prefix="/models", tags=["Models"])

EMBEDDER_TIMEOUT_S = 0.5
Health = Literal["ok", "failing"]


class PriceAnswer(Answer):
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float


class ChatModelAnswer(Answer):
    """`failing`: its last reply here, at most five minutes ago, was refused or cut off, or its provider failed several times.

    Such a provider is left alone for a moment. `price` is None where it is not known.
    """

    name: str
    provider: Provider
    is_default: bool
    health: Health
    context_tokens: int
    capabilities: Sequence[Capability]
    price: PriceAnswer | None


class EmbeddingModelAnswer(Answer):
    name: str
    dimension: int
    max_tokens: int
    health: Health


class ModelsAnswer(Answer):
    """`can_rerank`: a search with `rerank=true` has a model that reads its best hits again.

    `fallback` write, in this order, where the model asked for cannot begin.
    """

    chat: Sequence[ChatModelAnswer]
    fallback: Sequence[str]
    embedding: EmbeddingModelAnswer
    default: str
    can_rerank: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    model: str
    is_failing: bool


_list_model_outcomes = read("run.sql", "list_model_outcomes", _Outcome)


@router.get("", summary="The models there are")
async def list_models(scope: ScopeDep, resources: ResourcesDep) -> ModelsAnswer:
    async with resources.app.read_tx(scope) as conn:
        outcomes = await fetch(conn, _list_model_outcomes, workspace_id=scope.workspace_id)
    failing = {outcome.model for outcome in outcomes if outcome.is_failing}
    models = resources.chat
    chat = [
        _chat_model(
            info,
            models.facts(info.name),
            is_failing=info.name in failing or await models.rests(info.name),
        )
        for info in models.listed()
    ]
    embedder = resources.embedder
    embedding = EmbeddingModelAnswer(
        name=embedder.model,
        dimension=embedder.dimension,
        max_tokens=embedder.max_tokens,
        health=await _health(embedder),
    )
    return ModelsAnswer(
        chat=chat,
        fallback=models.fallback,
        embedding=embedding,
        default=models.default,
        can_rerank=resources.reranker is not None,
    )


def _chat_model(info: ChatModelInfo, facts: Facts, *, is_failing: bool) -> ChatModelAnswer:
    price = facts.price
    return ChatModelAnswer(
        name=info.name,
        provider=info.provider,
        is_default=info.is_default,
        health="failing" if is_failing else "ok",
        context_tokens=facts.context_tokens,
        capabilities=facts.capabilities,
        price=PriceAnswer(**asdict(price)) if price else None,
    )


async def _health(embedder: Embedder) -> Health:
    try:
        async with asyncio.timeout(EMBEDDER_TIMEOUT_S):
            await embedder.embed_query("ready")
    except (Unavailable, CallerError, TimeoutError):
        return "failing"
    return "ok"
