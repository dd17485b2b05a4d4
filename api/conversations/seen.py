"""A conversation as one person sees it, and whether he may read it, write to it, or it is his."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.conversations.reading import Stretch, ids_before
from api.wire import Answer
from core.errors import Forbidden, NotFound
from core.scope import Scope
from sql import fetch_one, fetch_opt, read
from sql.pool import ReadConn

MOST_UNREAD = 100  # nobody reads the difference between a hundred and more
LAST_SEQ = 2**62  # as PostgreSQL counts, with room to spare


class ConversationAnswer(Answer):
    """`forked_from_id` is the conversation that this one was copied from, where the caller may read it.

    `unread` counts what others wrote after `read_seq`, among the next 100 messages; `is_quiet` is the caller's own.
    """

    id: UUID
    title: str
    owner_id: UUID
    can_write: bool
    is_owner: bool
    last_seq: int
    change_seq: int
    is_archived: bool
    forked_from_id: UUID | None
    forked_at_id: UUID | None
    imported_at: datetime | None
    read_seq: int
    unread: int
    is_quiet: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its reader may use it; `last_seq` is its latest message's, `change_seq` its latest change's.

    `branch_id` is the branch that he reads; None when there is no message.
    """

    id: UUID
    title: str
    owner_id: UUID
    can_write: bool
    is_owner: bool
    last_seq: int
    change_seq: int
    branch_id: UUID | None
    forked_from_id: UUID | None
    forked_at_id: UUID | None
    imported_at: datetime | None
    read_seq: int
    unread: int
    is_quiet: bool
    is_archived: bool
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """Name what a PATCH can change."""
        return f'"{hashlib.sha256(self.title.encode()).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_find_conversation = read("conversation.sql", "find_conversation", Conversation)
_find_branch_through = read("tree.sql", "find_branch_through", _Id)


async def find_conversation(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return a conversation that the caller may read, else NotFound."""
    found = await fetch_opt(
        conn, _find_conversation, **scope.ids, id=conversation_id, most_unread=MOST_UNREAD
    )
    if found is None:
        raise NotFound("No such conversation.")
    return found


async def find_writable(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return a conversation that the caller may write to; one that he may only read is Forbidden."""
    found = await find_conversation(conn, scope, conversation_id)
    if not found.can_write:
        raise Forbidden("You may read this conversation, not change it.")
    return found


async def find_owned(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return the caller's own conversation; one that he may only read or write to is Forbidden."""
    found = await find_conversation(conn, scope, conversation_id)
    if not found.is_owner:
        raise Forbidden("Only the owner of the conversation may do this.")
    return found


async def stretch_through(
    conn: ReadConn, scope: Scope, conversation: Conversation, *, message_id: UUID
) -> Stretch:
    """Return what the caller reads where the message is in it, else the message's own branch."""
    found = await fetch_one(
        conn,
        _find_branch_through,
        workspace_id=scope.workspace_id,
        branch_id=conversation.branch_id,
        message_id=message_id,
    )
    return Stretch(conversation.id, found.id)


async def leaf_of(conn: ReadConn, scope: Scope, stretch: Stretch) -> UUID | None:
    """Return the last message of a stretch."""
    last = await ids_before(conn, scope, stretch, seq=LAST_SEQ, limit=1)
    return last[0] if last else None
