"""Generations: the vectors of the workspace that a request acts in, by one model each. For its owner and admins.

Search uses the active one. Another is built in the background, and takes its place when it is told to, or by itself when
the settings asked for it; the one before can be gone back to until it is dropped.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.deps import PathId, ResourcesDep, ScopeDep
from api.wire import Answer, Body, ListPage, Text
from app.accounts import record
from app.embedders import model_named
from app.resources import Resources
from core.errors import InvalidInput
from core.scope import Scope
from search import generations
from search.generations import Generation, State
from sql.pool import Conn
from workers.queue import enqueue_build

router = APIRouter(prefix="/admin/generations", tags=["Administration"])

Move = Callable[[Conn, UUID, UUID], Awaitable[None]]


class GenerationBody(Body):
    """minilm, e5, or a model as EMBEDDER names it."""

    model: Annotated[Text, Field(min_length=1, max_length=200, examples=["e5"])]


class PromotionBody(Body):
    """`allow_gaps` does not wait for passages that were written a moment ago: they are found by their words meanwhile."""

    allow_gaps: bool = False


class GenerationAnswer(Answer):
    """`embedded` of `passages` have their vector, `refused` never will; `self_recall` of 1 finds all of its own sentences."""

    id: UUID
    model: str
    dimension: int
    state: State
    is_automatic: bool
    embedded: int
    passages: int
    refused: int
    sigma: float | None
    self_recall: float | None
    reason: str
    created_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None
    rolled_back_at: datetime | None


@router.get("", summary="Generations of the index, newest first")
async def list_generations(scope: ScopeDep, resources: ResourcesDep) -> ListPage[GenerationAnswer]:
    scope.require("admin")
    async with resources.app.read_tx(scope) as conn:
        rows = await generations.list_generations(conn, scope.workspace_id)
    return ListPage(items=[GenerationAnswer.model_validate(row) for row in rows], next_cursor=None)


@router.post("", status_code=201, summary="Build another model's vectors in the background")
async def build_generation(
    body: GenerationBody, scope: ScopeDep, resources: ResourcesDep
) -> GenerationAnswer:
    scope.require("admin")
    embedder = resources.other_models(model_named(body.model))
    if embedder is None:
        raise InvalidInput.of("model", "is none that these settings can ask")
    async with resources.app.write_tx(scope) as conn:
        generation_id = await generations.begin(
            conn,
            scope.workspace_id,
            model=embedder.model,
            dimension=embedder.dimension,
            is_automatic=False,
        )
        await enqueue_build(conn, scope, generation_id=generation_id)
        return await _told(conn, scope, generation_id, action="generation.built")


@router.post("/rollback", summary="Go back to the generation before")
async def roll_back(scope: ScopeDep, resources: ResourcesDep) -> GenerationAnswer:
    scope.require("admin")
    async with resources.app.write_tx(scope) as conn:
        generation_id = await generations.roll_back(conn, scope.workspace_id)
        await enqueue_build(conn, scope, generation_id=generation_id)  # what it lacks
        return await _told(conn, scope, generation_id, action="generation.rolled_back")


@router.post("/{generation_id}/promote", summary="Have search use a generation")
async def promote(
    generation_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    body: PromotionBody | None = None,
) -> GenerationAnswer:
    scope.require("admin")
    allow_gaps = body is not None and body.allow_gaps
    async with resources.app.write_tx(scope) as conn:
        await generations.promote(conn, scope.workspace_id, generation_id, allow_gaps=allow_gaps)
        await enqueue_build(conn, scope, generation_id=generation_id)  # what it lacks
        return await _told(conn, scope, generation_id, action="generation.promoted")


@router.post("/{generation_id}/pause", summary="Stop building for now")
async def pause(
    generation_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> GenerationAnswer:
    return await _moved(resources, scope, generation_id, generations.pause)


@router.post("/{generation_id}/resume", summary="Go on building")
async def resume(
    generation_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> GenerationAnswer:
    async def go_on(conn: Conn, workspace_id: UUID, wanted: UUID) -> None:
        await generations.resume(conn, workspace_id, wanted)
        await enqueue_build(conn, scope, generation_id=wanted)

    return await _moved(resources, scope, generation_id, go_on)


@router.delete("/{generation_id}", status_code=204, summary="Drop a generation and its vectors")
async def drop(generation_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> None:
    await _moved(resources, scope, generation_id, generations.drop)


async def _moved(
    resources: Resources, scope: Scope, generation_id: UUID, move: Move
) -> GenerationAnswer:
    scope.require("admin")
    async with resources.app.write_tx(scope) as conn:
        await move(conn, scope.workspace_id, generation_id)
        found = await generations.find_generation(conn, scope.workspace_id, generation_id)
        return await _told(conn, scope, generation_id, action=f"generation.{found.state}")


async def _told(conn: Conn, scope: Scope, generation_id: UUID, *, action: str) -> GenerationAnswer:
    """Write the audit's line; return the generation as it now is."""
    await record(
        conn, scope.workspace_id,
        account_id=scope.account_id, action=action, object_id=generation_id,
    )  # fmt: skip
    found: Generation = await generations.find_generation(conn, scope.workspace_id, generation_id)
    return GenerationAnswer.model_validate(found)
