"""Copy the way to a message into a conversation of one's own: what was said, with its files and citations, to go on elsewhere.

Messages get new ids and keep their authors and times; the conversation says where it comes from to those who may see that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.conversations.conversations import Title
from api.conversations.file import MOST_IMPORTED
from api.conversations.reading import Message, Stretch, find_message, find_messages, ids_after
from api.conversations.seen import (
    Conversation,
    ConversationAnswer,
    find_conversation,
    leaf_of,
    stretch_through,
)
from api.deps import ApiDep, PathId, ScopeDep
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.wire import Body
from core.errors import Conflict, TooLarge
from core.ids import new_id
from core.scope import Scope
from search.index import MessageText, index_messages
from sql import execute, write
from sql.pool import Conn
from workers.queue import enqueue_embed_message, ring

router = APIRouter(prefix="/conversations", tags=["Conversations"])

# A request that copies more would keep others waiting.
MOST_COPIED: Final = 2_000


class ForkBody(Body):
    """Without a message the copy ends at the caller's leaf; without a title it has that of the first conversation."""

    message_id: UUID | None = None
    title: Annotated[Title, Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class _Copy:
    """Old ids beside new ones, in order; runs are those of the replies among the messages."""

    old_ids: Sequence[UUID]
    new_ids: Sequence[UUID]
    old_run_ids: Sequence[UUID]
    new_run_ids: Sequence[UUID]

    @property
    def messages(self) -> dict[str, object]:
        return {"old_ids": self.old_ids, "new_ids": self.new_ids}

    @property
    def runs(self) -> dict[str, object]:
        return {"old_run_ids": self.old_run_ids, "new_run_ids": self.new_run_ids}


_begin_copy = write("tree.sql", "begin_copy")
_copy_messages = write("tree.sql", "copy_messages")
_copy_attachments = write("tree.sql", "copy_attachments")
_copy_runs = write("tree.sql", "copy_runs")
_end_copied_runs = write("tree.sql", "end_copied_runs")
_copy_citations = write("tree.sql", "copy_citations")


@router.post(
    "/{conversation_id}/fork",
    status_code=201,
    summary="Copy a conversation up to a message into a new one of mine",
    response_model=ConversationAnswer,
)
async def fork_conversation(
    conversation_id: PathId,
    request: Request,
    scope: ScopeDep,
    api: ApiDep,
    body: ForkBody | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    wanted = body or ForkBody()

    async def copy(conn: Conn) -> Answered:
        found = await find_conversation(conn, scope, conversation_id)
        scope.require("member")
        way = await _way(conn, scope, found, message_id=wanted.message_id)
        made = await _copy(conn, scope, found, way=way, title=(wanted.title or "").strip())
        return Answered(201, ConversationAnswer.model_validate(made).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=copy)
    if answered.fresh:
        await ring(api.resources.redis, "embed_message")
    return answered.response()


async def _way(
    conn: Conn, scope: Scope, conversation: Conversation, *, message_id: UUID | None
) -> list[Message]:
    """Return the messages from the root to the one that is named, or to the caller's leaf."""
    stretch = Stretch(conversation.id, conversation.branch_id)
    if message_id is not None:
        await find_message(conn, scope, message_id, within=conversation.id)
        stretch = await stretch_through(conn, scope, conversation, message_id=message_id)
    last = message_id or await leaf_of(conn, scope, stretch)
    if last is None:
        raise Conflict("There is no message to copy yet.")
    ids = await ids_after(conn, scope, stretch, seq=0, limit=MOST_COPIED + 1)
    if last in ids:
        ids = ids[: ids.index(last) + 1]
    if len(ids) > MOST_COPIED:
        raise TooLarge(_too_long(conversation.last_seq))
    return await find_messages(conn, scope, ids)


def _too_long(messages: int) -> str:
    """Return what to do about a way that is too long, of a conversation of so many messages."""
    remedy = "fork it at an earlier message"
    if messages <= MOST_IMPORTED:
        remedy += ", or export the conversation and import it"
    return f"A fork holds at most {MOST_COPIED} messages; {remedy}."


async def _copy(
    conn: Conn, scope: Scope, old: Conversation, *, way: Sequence[Message], title: str
) -> Conversation:
    conversation_id = new_id()
    runs = [message.run_id for message in way if message.run_id is not None]
    copy = _Copy([m.id for m in way], [new_id() for _ in way], runs, [new_id() for _ in runs])
    ws: dict[str, object] = {"workspace_id": scope.workspace_id}
    new = {**ws, "conversation_id": conversation_id}
    await execute(
        conn,
        _begin_copy,
        **scope.ids,
        id=conversation_id,
        title=title or old.title,
        named_by="person" if title or old.title else "nobody",
        messages=len(way),
        from_id=old.id,
        at_id=way[-1].id,
    )
    await execute(conn, _copy_messages, **new, **copy.messages, **copy.runs)
    await execute(conn, _copy_attachments, **ws, **copy.messages)
    await execute(conn, _copy_runs, **new, **copy.messages, **copy.runs)
    await execute(conn, _end_copied_runs, **ws, new_run_ids=copy.new_run_ids)
    await execute(conn, _copy_citations, **ws, **copy.runs)
    await _index(conn, scope, conversation_id, ids=copy.new_ids)
    return await find_conversation(conn, scope, conversation_id)


async def _index(conn: Conn, scope: Scope, conversation_id: UUID, *, ids: Sequence[UUID]) -> None:
    messages = [m for m in await find_messages(conn, scope, ids) if m.deleted_at is None]
    await index_copies(conn, scope, messages)


async def index_copies(conn: Conn, scope: Scope, messages: Sequence[Message]) -> None:
    """Make messages that were not posted but taken over findable, and have them embedded."""
    await index_messages(
        conn,
        [
            MessageText(
                scope.workspace_id,
                m.conversation_id,
                m.id,
                m.author_id,
                m.created_at,
                m.content,
                m.role,
            )
            for m in messages
        ],
    )
    for message in messages:
        await enqueue_embed_message(conn, scope, message_id=message.id, revision=message.revision)
