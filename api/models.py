"""GET /models: which models may write replies, which one makes vectors, whether they answer, and whether one reranks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter

from api.deps import ResourcesDep, ScopeDep
from api.wire import Answer
from core.errors import CallerError, Unavailable
from search.embed import Embedder
from sql import fetch, read

router = APIRouter(prefix="/models", tags=["Models"])

EMBEDDER_TIMEOUT_S = 0.5
Health = Literal["ok", "failing"]


class ChatModelAnswer(Answer):
    """`failing`: its last reply here, at most five minutes ago, was refused or cut off by its provider."""

    name: str
    provider: Literal["extractive", "openai", "anthropic"]
    is_default: bool
    health: Health


class EmbeddingModelAnswer(Answer):
    name: str
    dimension: int
    max_tokens: int
    health: Health


class ModelsAnswer(Answer):
    """`can_rerank`: a search with `rerank=true` has a model that reads its best hits again."""

    chat: Sequence[ChatModelAnswer]
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
    chat = [
        ChatModelAnswer(
            name=info.name,
            provider=info.provider,
            is_default=info.is_default,
            health="failing" if info.name in failing else "ok",
        )
        for info in resources.chat.listed()
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
        embedding=embedding,
        default=resources.chat.default,
        can_rerank=resources.reranker is not None,
    )


async def _health(embedder: Embedder) -> Health:
    try:
        async with asyncio.timeout(EMBEDDER_TIMEOUT_S):
            await embedder.embed_query("ready")
    except (Unavailable, CallerError, TimeoutError):
        return "failing"
    return "ok"
