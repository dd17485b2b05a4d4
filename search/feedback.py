"""What people say of search results: clicks and thumbs, kept for `recollect eval` (search/evaluate.py) and for nothing else.

A judgement names the message or file, not the passage, so that it outlives edits and new builds. Queries are personal: never
logged, read by their author alone, gone with the membership, after KEPT_DAYS, and when the person or the workspace says no.
"""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from core.errors import InvalidInput, NotFound
from core.scope import Role, Scope
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn

KEPT_DAYS: Final = 180
MOST: Final = 10_000  # judgements of one person in one workspace; the oldest go first

Verdict = Literal["click", "up", "down", "none"]
Thumb = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What was said of one hit: exactly one of the three ids names it, `rank` is where it stood, from 1."""

    query: str
    kind: Verdict
    rank: int | None = None
    passage_id: UUID | None = None
    message_id: UUID | None = None
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """Whether the workspace keeps feedback, whether the caller gives any, and how many judgements of theirs are kept."""

    keeps_feedback: bool
    gives_feedback: bool
    kept: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one person said of one message or file, found by one query."""

    account_id: UUID
    role: Role
    query: str
    target_id: UUID
    clicks: int
    thumb: Thumb | None


@dataclass(frozen=True, slots=True)
class _Judged:
    target_id: UUID
    item_id: UUID


_find_judged = read("feedback.sql", "find_judged", _Judged)
_record = write("feedback.sql", "record_feedback")
_take_back = write("feedback.sql", "take_back_feedback")
_forget = write("feedback.sql", "forget_feedback")
_find_switches = read("feedback.sql", "find_switches", Switches)
_switch_workspace = write("feedback.sql", "switch_workspace")
_switch_own = write("feedback.sql", "switch_own")
_remove_old = write("feedback.sql", "remove_old_feedback")
_list_judgements = read("feedback.sql", "list_judgements", Judgement)


async def record(conn: Conn, scope: Scope, feedback: Feedback) -> bool:
    """Keep what was said, or take it back (`none`); False where feedback is switched off.

    Raises NotFound for what the caller may not read, as for what is not there.
    """
    judged = await fetch_opt(
        conn, _find_judged, **scope.ids, passage_id=feedback.passage_id,
        message_id=feedback.message_id, file_id=feedback.file_id,
    )  # fmt: skip
    if judged is None:
        raise NotFound("No such hit.")
    asked = " ".join(feedback.query.split())
    if not asked:  # of blanks that only Python counts as such, U+001C say
        raise InvalidInput.of("query", "holds only blanks")
    if feedback.kind == "none":
        await execute(conn, _take_back, **scope.ids, target_id=judged.target_id, asked=asked)
        return True
    written = await execute(
        conn, _record, **scope.ids, asked=asked, target_id=judged.target_id, item_id=judged.item_id,
        clicks=1 if feedback.kind == "click" else 0,
        thumb=None if feedback.kind == "click" else feedback.kind, rank=feedback.rank,
    )  # fmt: skip
    return written > 0


async def switches(conn: ReadConn, scope: Scope) -> Switches:
    """Return what is switched on in the caller's workspace."""
    return await fetch_one(conn, _find_switches, **scope.ids)


async def switch_workspace(conn: Conn, scope: Scope, *, on: bool) -> None:
    """Let the workspace keep feedback or not; switched off, the worker removes what is kept. Needs the role admin."""
    scope.require("admin")
    await execute(conn, _switch_workspace, workspace_id=scope.workspace_id, on=on)


async def switch_own(conn: Conn, scope: Scope, *, on: bool) -> None:
    """Let the caller's feedback be kept or not; switched off, what is kept is gone with the same transaction."""
    await execute(conn, _switch_own, **scope.ids, on=on)
    if not on:
        await forget(conn, scope)


async def forget(conn: Conn, scope: Scope) -> None:
    """Remove everything that the caller said in this workspace."""
    await execute(conn, _forget, **scope.ids)


async def remove_old(conn: Conn) -> int:
    """Remove what may not be kept any longer, of all workspaces (worker); return how much."""
    return await execute(conn, _remove_old, days=KEPT_DAYS, most=MOST)


async def list_judgements(conn: ReadConn, workspace_id: UUID) -> list[Judgement]:
    """Return what the members of a workspace said, by person and query (worker: other roles see only their own)."""
    return await fetch(conn, _list_judgements, workspace_id=workspace_id)
