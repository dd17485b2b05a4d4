"""Messages as they are read: one, or a stretch of a conversation on either side of a seq.

A stretch is of the way to a branch, which reads as one, or of the whole tree in the order in which it was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import orjson
from pydantic import BeforeValidator

from api.wire import Answer
from core.errors import NotFound
from core.scope import Scope
from sql import fetch, read
from sql.pool import ReadConn

MessageRole = Literal["user", "assistant"]


class ReactionCount(Answer):
    emoji: str
    count: int
    is_mine: bool


def _from_json(found: object) -> object:
    return orjson.loads(found) if isinstance(found, str) else found


class MessageAnswer(Answer):
    """`siblings` are the versions that stand in this message's place, itself among them, counted to 100.

    `mentions` are the people it names; `reactions` stand in the order in which they came first.
    """

    id: UUID
    conversation_id: UUID
    parent_id: UUID | None
    seq: int
    role: MessageRole
    author_id: UUID | None
    author: str
    content: str
    revision: int
    run_id: UUID | None
    attachments: list[UUID]
    siblings: int
    sibling_index: int
    previous_sibling_id: UUID | None
    next_sibling_id: UUID | None
    mentions: list[UUID]
    is_pinned: bool
    reactions: Annotated[list[ReactionCount], BeforeValidator(_from_json)]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its reader may see it: without words when deleted, with the attachments that he may open.

    `reactions` is JSON, as it is shown.
    """

    id: UUID
    conversation_id: UUID
    parent_id: UUID | None
    branch_id: UUID
    seq: int
    role: MessageRole
    author_id: UUID | None
    author: str
    content: str
    revision: int
    run_id: UUID | None
    attachments: list[UUID]
    siblings: int
    sibling_index: int
    previous_sibling_id: UUID | None
    next_sibling_id: UUID | None
    mentions: list[UUID]
    is_pinned: bool
    reactions: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None

    @property
    def etag(self) -> str:
        return etag_of(self.revision)


def etag_of(revision: int) -> str:
    """Return the ETag of a message as of a revision."""
    return f'"{revision}"'


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a conversation is read: the way to a branch, or without one all of it."""

    conversation_id: UUID
    branch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_find_messages = read("message.sql", "find_messages", Message)
_list_after = read("tree.sql", "list_after", _Id)
_list_before = read("tree.sql", "list_before", _Id)
_list_path_after = read("tree.sql", "list_path_after", _Id)
_list_path_before = read("tree.sql", "list_path_before", _Id)


async def find_message(
    conn: ReadConn, scope: Scope, message_id: UUID, *, within: UUID | None = None
) -> Message:
    """Return a message of a conversation that the caller may read (of that one, if named), else NotFound."""
    found = await find_messages(conn, scope, [message_id])
    if not found or within not in {None, found[0].conversation_id}:
        raise NotFound("No such message.")
    return found[0]


async def find_messages(conn: ReadConn, scope: Scope, ids: Sequence[UUID]) -> list[Message]:
    """Return those of the messages that the caller may read, in order of seq."""
    return await fetch(conn, _find_messages, **scope.ids, ids=list(ids)) if ids else []


async def ids_after(
    conn: ReadConn, scope: Scope, stretch: Stretch, *, seq: int, limit: int
) -> list[UUID]:
    """Return the next messages, in order; that the conversation may be read is known."""
    named: dict[str, object] = {
        "workspace_id": scope.workspace_id, "after_seq": seq, "limit": limit,
    }  # fmt: skip
    if stretch.branch_id is None:
        rows = await fetch(conn, _list_after, **named, conversation_id=stretch.conversation_id)
    else:
        rows = await fetch(conn, _list_path_after, **named, branch_id=stretch.branch_id)
    return [row.id for row in rows]


async def ids_before(
    conn: ReadConn, scope: Scope, stretch: Stretch, *, seq: int, limit: int
) -> list[UUID]:
    """Return the messages before, the nearest first; that the conversation may be read is known."""
    named: dict[str, object] = {
        "workspace_id": scope.workspace_id, "before_seq": seq, "limit": limit,
    }  # fmt: skip
    if stretch.branch_id is None:
        rows = await fetch(conn, _list_before, **named, conversation_id=stretch.conversation_id)
    else:
        rows = await fetch(conn, _list_path_before, **named, branch_id=stretch.branch_id)
    return [row.id for row in rows]
