"""Generations in the background: the turns of their jobs, what new passages set off, and what EMBEDDER asks for.

The job's row and the generation's state are enough to go on after any crash: attend() gives a generation without a job a
new one, deletes what was dropped, and builds for workspaces whose model is not the one that the settings want.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from core.errors import Conflict, Unavailable
from core.scope import Scope
from ingest.generations import fill, measure
from ingest.vectors import Asking
from search.embed import OtherModels
from search.generations import (
    GenerationModel,
    become_ready,
    begin,
    promote,
    standing,
)
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Conn, Pool
from workers.queue import enqueue_build

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# Of its own sentences a generation has to find this share before it is promoted by itself. Among 240 to 395 passages MiniLM
# found .80 to .96 and E5 .94 and more in five languages, and noise .04 (bench/generations.py): less means that something broke.
LEAST_SELF_RECALL: Final = 0.6
SETTLE_S: Final = 5.0  # a search under way when a generation was dropped has ended by then
_REMOVED_AT_ONCE: Final = 5_000  # rows; about a second with their index entries


@dataclass(frozen=True, slots=True)
class Holding:
    """What a workspace holds, and the models that it has a generation of, or had and did not want."""

    workspace_id: UUID
    model: str
    passages: int
    detected: int
    english: int
    known: list[str]


@dataclass(frozen=True, slots=True)
class _Unattended:
    workspace_id: UUID
    id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class _Owner:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class _Removed:
    passages: int


LIST_FOLLOWED = read("generation.sql", "list_followed", GenerationModel)
LIST_MODELS_IN_USE = read("generation.sql", "list_models_in_use", Holding)
LIST_UNATTENDED = read("generation.sql", "list_unattended", _Unattended)
FIND_OWNER = read("generation.sql", "find_owner", _Owner)
REMOVE_VECTORS = write("generation.sql", "remove_vectors", _Removed)
REMOVE_GENERATION = write("generation.sql", "remove_generation")


async def build(asking: Asking, fence: Fence, *, generation_id: UUID, account_id: UUID) -> None:
    """Do one turn and end its job: what is left is the next turn's; what is complete is measured, and promoted if automatic."""
    outcome = await fill(asking, fence, generation_id=generation_id)
    if outcome == "complete":
        await _complete(asking, fence, generation_id)
        return
    async with fence.last_tx() as conn:
        if outcome == "more":
            scope = Scope(account_id, fence.workspace_id, "owner")
            await enqueue_build(conn, scope, generation_id=generation_id)


async def _complete(asking: Asking, fence: Fence, generation_id: UUID) -> None:
    ws = fence.workspace_id
    async with fence.tx() as conn:
        found = await standing(conn, ws, generation_id)
    if found is None or found.state != "building":
        async with fence.last_tx():
            return
    share = await measure(asking, fence, generation_id=generation_id)
    is_sane = share is None or share >= LEAST_SELF_RECALL
    reason = "" if is_sane else f"It finds {share:.0%} of its own sentences."
    async with fence.last_tx() as conn:
        await become_ready(conn, ws, generation_id, reason=reason)
        if found.is_automatic and is_sane:
            # What was written while it was measured is found by its words until the turn that follows it.
            await promote(conn, ws, generation_id, allow_gaps=True)
    log.info("built a generation", model=found.model, workspace_id=str(ws), self_recall=share)


async def follow(fence: Fence, *, account_id: UUID) -> None:
    """Have passages that a job has just written embedded for generations in the making too."""
    async with fence.pool.tenant_tx(fence.workspace_id) as conn:
        followed = await fetch(conn, LIST_FOLLOWED, workspace_id=fence.workspace_id)
        scope = Scope(account_id, fence.workspace_id, "owner")
        for generation in followed:
            await enqueue_build(conn, scope, generation_id=generation.id)


async def attend(
    pool: Pool, *, wanted: Callable[[Holding], str | None], models: OtherModels
) -> None:
    """Do what nobody asked for: build what the settings want, go on with what was left alone, delete what was dropped."""
    async with pool.write_tx() as conn:
        holdings = await fetch(conn, LIST_MODELS_IN_USE)
        unattended = await fetch(conn, LIST_UNATTENDED, settle_s=SETTLE_S)
    for holding in holdings:
        model = wanted(holding)
        if model is not None and model not in holding.known:
            await _begin(pool, holding.workspace_id, model, models=models)
    for generation in unattended:
        if generation.state == "dropping":
            await remove(pool, generation.workspace_id, generation_id=generation.id)
        else:
            async with pool.tenant_tx(generation.workspace_id) as conn:
                await _enqueue_for_owner(conn, generation.workspace_id, generation.id)


async def keep_loaded(
    pool: Pool, models: OtherModels, *, computes_here: Callable[[str], bool]
) -> None:
    """Ask every model of this machine that workspaces search with, so that no person waits for one to be loaded."""
    async with pool.write_tx() as conn:
        holdings = await fetch(conn, LIST_MODELS_IN_USE)
    for model in sorted({holding.model for holding in holdings}):
        embedder = models(model)
        if embedder is None:
            log.warning("a model of the index cannot be asked", model=model)
        if embedder is None or not computes_here(model):
            continue
        try:
            await embedder.embed_query("ready")
        except Unavailable as error:
            log.warning("a model does not answer", model=model, error=error.message)


async def remove(pool: Pool, workspace_id: UUID, *, generation_id: UUID) -> int:
    """Delete a dropped generation, some rows in each transaction; return how many vectors it had."""
    removed = 0
    while True:
        async with pool.tenant_tx(workspace_id) as conn:
            gone = await fetch_one(
                conn,
                REMOVE_VECTORS,
                workspace_id=workspace_id,
                generation_id=generation_id,
                at_most=_REMOVED_AT_ONCE,
            )
            removed += gone.passages
            if gone.passages == 0:
                await execute(conn, REMOVE_GENERATION, workspace_id=workspace_id, id=generation_id)
                return removed


async def _begin(pool: Pool, workspace_id: UUID, model: str, *, models: OtherModels) -> None:
    embedder = models(model)
    if embedder is None:
        return
    async with pool.tenant_tx(workspace_id) as conn:
        try:
            generation_id = await begin(
                conn, workspace_id, model=model, dimension=embedder.dimension, is_automatic=True
            )
        except Conflict:  # another worker was faster
            return
        await _enqueue_for_owner(conn, workspace_id, generation_id)
    log.info("builds another generation", model=model, workspace_id=str(workspace_id))


async def _enqueue_for_owner(conn: Conn, workspace_id: UUID, generation_id: UUID) -> None:
    owner = await fetch_opt(conn, FIND_OWNER, workspace_id=workspace_id)
    if owner is not None:
        scope = Scope(owner.account_id, workspace_id, "owner")
        await enqueue_build(conn, scope, generation_id=generation_id)
