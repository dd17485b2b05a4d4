"""Note that something changed in a conversation, in the transaction that changes it.

Call it before the item's row or the index is written: posting locks conversation, item and index in this order, and who
locks them in another waits for it while it waits for him.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from core.changes import ChangeKind
from sql import fetch, fetch_one, write
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class _Noted:
    seq: int


@dataclass(frozen=True, slots=True)
class _Place:
    conversation_id: UUID


_note_change = write("changes.sql", "note_change", _Noted)
_note_attachment = write("changes.sql", "note_attachment", _Place)
_note_departure = write("changes.sql", "note_departure", _Place)


async def note_change(  # noqa: PLR0913  (the columns of a change)
    conn: Conn,
    *,
    workspace_id: UUID,
    conversation_id: UUID,
    kind: ChangeKind,
    subject_id: UUID | None,
    actor_id: UUID,
    data: Mapping[str, str | int | bool | None] | None = None,
) -> int:
    """Write a change and return its seq, for `ring_change()` after the commit.

    `data` says what the subject as it is now does not tell; never words of a message, which may be deleted later.
    """
    noted = await fetch_one(
        conn,
        _note_change,
        workspace_id=workspace_id,
        conversation_id=conversation_id,
        kind=kind,
        subject_id=subject_id,
        actor_id=actor_id,
        data=None if data is None else orjson.dumps(data).decode(),
    )
    return noted.seq


async def note_departure(
    conn: Conn, workspace_id: UUID, *, account_id: UUID, actor_id: UUID
) -> list[UUID]:
    """Note in every conversation that knows a person that he leaves the workspace; return those, for `ring_change()`."""
    named = {"workspace_id": workspace_id, "subject_id": account_id, "actor_id": actor_id}
    return [row.conversation_id for row in await fetch(conn, _note_departure, **named)]


async def note_attachment(
    conn: Conn, workspace_id: UUID, *, file_id: UUID, actor_id: UUID
) -> list[UUID]:
    """Note of the messages that a file is attached to that they may show it no more, or again; return the conversations."""
    named = {"workspace_id": workspace_id, "file_id": file_id, "actor_id": actor_id}
    return [row.conversation_id for row in await fetch(conn, _note_attachment, **named)]
