"""Messages as they are read: one, or a stretch of a conversation on either side of a seq."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.wire import Answer
from core.errors import NotFound
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

MessageRole = Literal["user", "assistant"]


class MessageAnswer(Answer):
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
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its reader may see it: without words when deleted, with the attachments that he may open."""

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
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


_find_message = read("message.sql", "find_message", Message)
_list_messages = read("message.sql", "list_messages", Message)
_list_messages_before = read("message.sql", "list_messages_before", Message)


async def find_message(
    conn: ReadConn, scope: Scope, message_id: UUID, *, within: UUID | None = None
) -> Message:
    """Return a message of a conversation that the caller may read (of that one, if named), else NotFound."""
    found = await fetch_opt(conn, _find_message, **scope.ids, id=message_id)
    if found is None or within not in {None, found.conversation_id}:
        raise NotFound("No such message.")
    return found


async def messages_after(
    conn: ReadConn, scope: Scope, conversation_id: UUID, *, seq: int, limit: int
) -> Sequence[Message]:
    """Return messages with a higher seq, in order."""
    return await fetch(
        conn,
        _list_messages,
        **scope.ids,
        conversation_id=conversation_id,
        after_seq=seq,
        limit=limit,
    )


async def messages_before(
    conn: ReadConn, scope: Scope, conversation_id: UUID, *, seq: int, limit: int
) -> Sequence[Message]:
    """Return messages with a lower seq, the nearest first."""
    return await fetch(
        conn,
        _list_messages_before,
        **scope.ids,
        conversation_id=conversation_id,
        before_seq=seq,
        limit=limit,
    )
