"""The tree of a conversation: which branch one reads, what a message said before, and another reply to the same question.

Branches are begun by an edit with `branch` (api/conversations/messages.py), by a message that names a parent which has been followed up
already, and by a second reply. What a person reads is his own affair: nobody else's view moves with it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.conversations.messages import MessageWithRun, PostedMessage, ReplyBody, RunAnswer, run_of
from api.conversations.posting import look_at, note, start_run
from api.conversations.reading import Message, MessageAnswer, Stretch, find_message
from api.conversations.seen import LAST_SEQ, find_conversation, find_writable, leaf_of
from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ScopeDep
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.replies.runs import stream_begun, wants_stream
from api.wire import Answer, Body, ListPage
from core.changes import ring_change
from core.errors import Conflict
from core.scope import Scope
from sql import execute, fetch, fetch_opt, read, write
from sql.pool import Conn, ReadConn
from workers.queue import ring

router = APIRouter(tags=["Messages"])


class LeafBody(Body):
    """A message of the branch to read; null reads the one that was written to last, whichever it is."""

    message_id: UUID | None


class LeafAnswer(Answer):
    active_leaf_id: UUID | None


class RevisionAnswer(Answer):
    revision: int
    content: str
    editor_id: UUID
    editor: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class _Revision:
    revision: int
    content: str
    editor_id: UUID
    editor: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class _Request:
    request: str


_look_at_latest = write("tree.sql", "look_at_latest")
_list_revisions = read("tree.sql", "list_revisions", _Revision)
_find_request = read("tree.sql", "find_request", _Request)


@router.put(
    "/conversations/{conversation_id}/active-leaf",
    summary="Choose the branch that I read",
    tags=["Conversations"],
)
async def set_active_leaf(
    conversation_id: PathId, body: LeafBody, scope: ScopeDep, api: ApiDep
) -> LeafAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        await find_conversation(conn, scope, conversation_id)
        if body.message_id is None:
            await note(
                conn, scope, conversation_id, kind="leaf.changed", subject_id=conversation_id
            )
            await execute(conn, _look_at_latest, **scope.ids, conversation_id=conversation_id)
        else:
            message = await find_message(conn, scope, body.message_id, within=conversation_id)
            await look_at(conn, scope, message)
        found = await find_conversation(conn, scope, conversation_id)
        leaf = await leaf_of(conn, scope, Stretch(conversation_id, found.branch_id))
    await ring_change(api.resources.redis, conversation_id)
    return LeafAnswer(active_leaf_id=leaf)


@router.get(
    "/messages/{message_id}/revisions", summary="What a message said before, the latest first"
)
async def list_revisions(
    message_id: PathId,
    scope: ScopeDep,
    api: ApiDep,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[RevisionAnswer]:
    listing = f"revisions {message_id}"
    position = api.cursors.read(scope, listing, cursor=cursor)
    before = int(position.value) if position else LAST_SEQ
    async with api.resources.app.read_tx(scope) as conn:
        await find_message(conn, scope, message_id)
        rows = await fetch(
            conn,
            _list_revisions,
            **scope.ids,
            message_id=message_id,
            before=before,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope,
        listing,
        rows=rows,
        limit=limit,
        position_of=lambda row: Position(str(row.revision), message_id),
    )
    return ListPage[RevisionAnswer].model_validate(page)


@router.post(
    "/messages/{message_id}/regenerate",
    status_code=202,
    summary="Have a question answered again, beside the replies that it has",
    response_model=MessageWithRun,
)
async def regenerate(
    message_id: PathId,
    request: Request,
    scope: ScopeDep,
    api: ApiDep,
    body: ReplyBody | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """`message_id` is a reply, or the question itself; without a body it is asked as it was for that reply."""
    streamed = (body is None or body.stream) and wants_stream(request, scope)

    async def begin(conn: Conn) -> Answered:
        named = await find_message(conn, scope, message_id)
        await find_writable(conn, scope, named.conversation_id)
        prompt = await _prompt_of(conn, scope, named)
        wanted = run_of(body or await _asked_before(conn, scope, named), api.resources.chat)
        run_id = await start_run(conn, scope, prompt, run=wanted)
        message = PostedMessage(**MessageAnswer.model_validate(prompt).model_dump(), index_seq=None)
        answer = MessageWithRun(message=message, run=RunAnswer(id=run_id, state="running"))
        return Answered(202, answer.model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=begin)
    begun = MessageWithRun.model_validate_json(answered.body)
    if answered.fresh:
        await ring_change(api.resources.redis, begun.message.conversation_id)
        await ring(api.resources.redis, "reply")
    if streamed:
        run_id = begun.run.id
        return await stream_begun(request, api.resources, scope, run_id=run_id, begun=answered)
    return answered.response()


async def _prompt_of(conn: ReadConn, scope: Scope, message: Message) -> Message:
    prompt = message
    if message.role == "assistant":
        if message.parent_id is None:
            raise Conflict("Nothing was asked before this reply.")
        prompt = await find_message(conn, scope, message.parent_id)
    if prompt.deleted_at is not None:
        raise Conflict("The question was deleted.")
    return prompt


async def _asked_before(conn: ReadConn, scope: Scope, message: Message) -> ReplyBody:
    found = message.run_id and await fetch_opt(
        conn, _find_request, workspace_id=scope.workspace_id, run_id=message.run_id
    )
    return ReplyBody.model_validate_json(found.request) if found else ReplyBody()
