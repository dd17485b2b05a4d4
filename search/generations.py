"""Generations: a workspace's vectors by one model. Another model's are made beside the live ones, then take their place.

Every function takes the caller's transaction in the workspace and never commits. Promoting and rolling back are two rows of
one transaction: a search reads which generation is active once, and all it compares afterwards is of that one. Making the
vectors is ingest/generations.py, deciding by itself workers/generations.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from core.errors import Conflict, NotFound
from core.ids import first_id_of, new_id
from search.index import index_seq_raised
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn

State = Literal["building", "paused", "failed", "ready", "active", "retired", "dropping"]
# A passage's id tells when it was made, its commit comes later: whoever goes on from a moment begins that much before it.
WRITTEN_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Generation:
    """`embedded` of `passages` have a vector, `refused` never will; self_recall is None until it was measured."""

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


@dataclass(frozen=True, slots=True)
class GenerationModel:
    id: UUID
    model: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a generation's job and its promotion go by."""

    model: str
    state: State
    is_automatic: bool
    refused: int
    scanned_at: datetime | None
    now: datetime

    @property
    def scan_from(self) -> UUID:
        """Return an id before which every passage has been seen to have its vector."""
        if self.scanned_at is None:
            return UUID(int=0)
        return first_id_of(self.scanned_at - WRITTEN_WITHIN)


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    passages: int


_find_live = read("generation.sql", "find_live_generation", GenerationModel)
_create_first = write("generation.sql", "create_first_generation")
_revive = write("generation.sql", "revive_generation", _Id)
_create = write("generation.sql", "create_generation", _Id)
_list = read("generation.sql", "list_generations", Generation)
_find = read("generation.sql", "find_generation", Standing)
_change = write("generation.sql", "change_generation", _Id)
_retire = write("generation.sql", "retire_generation", _Id)
_activate = write("generation.sql", "activate_generation", _Id)
_find_previous = read("generation.sql", "find_previous_generation", GenerationModel)
_lock_workspace = write("generation.sql", "lock_workspace", _Id)
_count_without_vector = read("generation.sql", "count_without_vector", _Count)


async def live_generation(
    conn: Conn, workspace_id: UUID, *, model: str, dimension: int
) -> GenerationModel:
    """Return the generation that search uses; a workspace without one gets its first, of this model."""
    found = await fetch_opt(conn, _find_live, workspace_id=workspace_id)
    if found is None:
        await execute(
            conn, _create_first,
            workspace_id=workspace_id, id=new_id(), model=model, dimension=dimension,
        )  # fmt: skip
        found = await fetch_one(conn, _find_live, workspace_id=workspace_id)
    return found


async def list_generations(conn: ReadConn, workspace_id: UUID) -> list[Generation]:
    """Return the workspace's generations, the newest first."""
    return await fetch(conn, _list, workspace_id=workspace_id, id=None)


async def find_generation(conn: ReadConn, workspace_id: UUID, generation_id: UUID) -> Generation:
    """Return one generation; NotFound when the workspace has no such."""
    found = await fetch_opt(conn, _list, workspace_id=workspace_id, id=generation_id)
    if found is None:
        raise NotFound("No such generation.")
    return found


async def standing(conn: ReadConn, workspace_id: UUID, generation_id: UUID) -> Standing | None:
    """Return how a generation stands; None when it is gone."""
    return await fetch_opt(conn, _find, workspace_id=workspace_id, id=generation_id)


async def begin(
    conn: Conn, workspace_id: UUID, *, model: str, dimension: int, is_automatic: bool
) -> UUID:
    """Make room for another model's vectors; one of that model that was retired is brought up to date instead."""
    asked = {"workspace_id": workspace_id, "model": model, "is_automatic": is_automatic}
    made = await fetch_opt(conn, _revive, **asked)
    if made is None:
        made = await fetch_opt(conn, _create, id=new_id(), dimension=dimension, **asked)
    if made is None:
        raise Conflict(f"There is a generation of {model} already.")
    return made.id


async def pause(conn: Conn, workspace_id: UUID, generation_id: UUID) -> None:
    """Have the job stop after the batch that it is at; what has been made stays."""
    await _move(conn, workspace_id, generation_id, to="paused", out_of=("building", "ready"))


async def resume(conn: Conn, workspace_id: UUID, generation_id: UUID) -> None:
    """Go on where it stopped; the caller enqueues the job."""
    await _move(conn, workspace_id, generation_id, to="building", out_of=("paused", "failed"))


async def drop(conn: Conn, workspace_id: UUID, generation_id: UUID) -> None:
    """Give a generation up that is not active; the worker deletes its vectors."""
    others = ("building", "paused", "failed", "ready", "retired")
    await _move(conn, workspace_id, generation_id, to="dropping", out_of=others)


async def become_ready(conn: Conn, workspace_id: UUID, generation_id: UUID, *, reason: str) -> None:
    """Note that a generation is complete and measured; `reason` says why it is not promoted by itself."""
    asked = {"workspace_id": workspace_id, "id": generation_id, "state": "ready", "reason": reason}
    await fetch_opt(conn, _change, states=["building"], **asked)


async def give_up(conn: Conn, workspace_id: UUID, generation_id: UUID, *, reason: str) -> None:
    """Note that the job ended without success."""
    asked = {"workspace_id": workspace_id, "id": generation_id, "state": "failed", "reason": reason}
    await fetch_opt(conn, _change, states=["building"], **asked)


async def promote(
    conn: Conn, workspace_id: UUID, generation_id: UUID, *, allow_gaps: bool = False
) -> None:
    """Have search use this generation from the commit on; Conflict while passages wait for their vectors."""
    await fetch_one(conn, _lock_workspace, workspace_id=workspace_id)
    found = await standing(conn, workspace_id, generation_id)
    if found is None:
        raise NotFound("No such generation.")
    if found.state not in ("ready", "retired"):
        raise Conflict(
            f"The generation is {found.state}; only a ready or a retired one is promoted."
        )
    if not allow_gaps:
        await _require_complete(conn, workspace_id, generation_id, found)
    await _swap(conn, workspace_id, generation_id, is_rollback=False)


async def roll_back(conn: Conn, workspace_id: UUID) -> UUID:
    """Have search use the generation before this one again; return its id. What it lacks is found by words meanwhile."""
    await fetch_one(conn, _lock_workspace, workspace_id=workspace_id)
    previous = await fetch_opt(conn, _find_previous, workspace_id=workspace_id)
    if previous is None:
        raise Conflict("There is no generation to go back to.")
    await _swap(conn, workspace_id, previous.id, is_rollback=True)
    return previous.id


async def _swap(conn: Conn, workspace_id: UUID, generation_id: UUID, *, is_rollback: bool) -> None:
    await fetch_opt(conn, _retire, workspace_id=workspace_id, is_rollback=is_rollback)
    await fetch_one(conn, _activate, workspace_id=workspace_id, id=generation_id)
    await index_seq_raised(conn, workspace_id)


async def _require_complete(
    conn: Conn, workspace_id: UUID, generation_id: UUID, found: Standing
) -> None:
    counted = await fetch_one(
        conn, _count_without_vector,
        workspace_id=workspace_id, generation_id=generation_id, after=found.scan_from,
    )  # fmt: skip
    if counted.passages > found.refused:
        raise Conflict(f"{counted.passages} passages wait for their vectors; they are being made.")


async def _move(
    conn: Conn, workspace_id: UUID, generation_id: UUID, *, to: State, out_of: tuple[State, ...]
) -> None:
    asked = {"workspace_id": workspace_id, "id": generation_id, "state": to, "reason": ""}
    if await fetch_opt(conn, _change, states=list(out_of), **asked) is None:
        found = await find_generation(conn, workspace_id, generation_id)
        raise Conflict(f"The generation is {found.state}.")
