"""Messages: read a conversation's, post one (and have it answered), edit with the revision kept, delete."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field, model_validator

from api.conversations.conversations import View
from api.conversations.mentioning import note_mentions, ring_mentions
from api.conversations.posting import NewMessage, NewRun, Posted, branch, index, note, post
from api.conversations.reading import (
    Message,
    MessageAnswer,
    Stretch,
    etag_of,
    find_message,
    find_messages,
    ids_after,
)
from api.conversations.seen import find_conversation, find_writable, stretch_through
from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ScopeDep
from api.etags import IfMatch, check_etag
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.replies.runs import stream_begun, wants_stream
from api.wire import Answer, Body, ListPage, Text
from app.chat_models import ChatModels
from core.changes import ring_change
from core.errors import Conflict, Forbidden, Stale
from core.scope import Scope
from llm.options import MOST_FILES
from search.index import remove_message
from sql import execute, write
from sql.pool import Conn
from workers.queue import ring

router = APIRouter(tags=["Messages"])

MAX_CONTENT_CHARACTERS = 100_000
MAX_ATTACHMENTS = 20


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


Content = Annotated[
    Text, AfterValidator(_not_blank), Field(min_length=1, max_length=MAX_CONTENT_CHARACTERS)
]


class RetrieveBody(Body):
    """How the sources of a reply are looked for; without `q` the message is the query, a follow-up made to stand alone.

    `sources` may confine to this conversation and its attachments, or to `files`, which are those attached here when empty.
    """

    q: Annotated[Text, Field(max_length=512)] | None = None
    filters: Annotated[tuple[Text, ...], Field(max_length=32)] = ()
    k: Annotated[int, Field(ge=1, le=20)] = 5
    mode: Literal["hybrid", "lexical", "semantic"] = "hybrid"
    sources: Literal["everything", "conversation", "files"] = "everything"
    files: Annotated[tuple[UUID, ...], Field(max_length=MOST_FILES)] = ()
    context_tokens: Annotated[int, Field(ge=100, le=100_000)] = 3_000

    @model_validator(mode="after")
    def _names_files_only_to_confine(self) -> "RetrieveBody":
        if self.files and self.sources != "files":
            raise ValueError("files confine a reply where sources is files, and only there")
        return self


class ReplyBody(Body):
    """A reply asked for; `model` is one of GET /api/models, else the default.

    Without `stream` the answer is the run, also to a caller who accepts its events.
    """

    model: Annotated[Text, Field(max_length=200)] | None = None
    retrieve: RetrieveBody = RetrieveBody()
    stream: bool = True
    max_tokens: Annotated[int, Field(ge=1, le=32_000)] = 1024
    citations: Literal["required", "auto", "off"] = "auto"
    abstain: bool = True


class MessageBody(Body):
    content: Content = Field(examples=["When does the pension start?"])
    client_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    parent_id: UUID | None = None
    attachments: Annotated[tuple[UUID, ...], Field(max_length=MAX_ATTACHMENTS)] = ()
    reply: ReplyBody | None = None


class EditBody(Body):
    content: Content
    branch: bool = False


class RunAnswer(Answer):
    id: UUID
    state: str


class PostedMessage(MessageAnswer):
    index_seq: int | None


class MessageWithRun(Answer):
    message: PostedMessage
    run: RunAnswer


_keep_revision = write("message.sql", "keep_revision")
_edit_message = write("message.sql", "edit_message")
_delete_message = write("message.sql", "delete_message")


@router.get(
    "/conversations/{conversation_id}/messages", summary="A conversation's messages, oldest first"
)
async def list_messages(
    conversation_id: PathId,
    scope: ScopeDep,
    api: ApiDep,
    cursor: CursorText = None,
    limit: Limit = 50,
    view: View = "linear",
) -> ListPage[MessageAnswer]:
    listing = f"messages {conversation_id} {view}"
    after = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope, by_key=True) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        stretch = Stretch(conversation_id, found.branch_id if view == "linear" else None)
        if after is not None and view == "linear":  # whoever turns a page stays on his branch
            stretch = await stretch_through(conn, scope, found, message_id=after.id)
        seq = int(after.value) if after else 0
        ids = await ids_after(conn, scope, stretch, seq=seq, limit=limit + 1)
        rows = await find_messages(conn, scope, ids)
    page = api.cursors.page(
        scope,
        listing,
        rows=rows,
        limit=limit,
        position_of=lambda row: Position(str(row.seq), row.id),
    )
    return ListPage[MessageAnswer].model_validate(page)


@router.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    summary="Post a message; with `reply` have it answered",
    response_model=PostedMessage,
    responses={202: {"model": MessageWithRun, "description": "With `reply`: the run to follow"}},
)
async def post_message(
    conversation_id: PathId,
    request: Request,
    body: MessageBody,
    scope: ScopeDep,
    api: ApiDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    new = NewMessage(body.content, body.client_id, body.parent_id, body.attachments)
    run = run_of(body.reply, api.resources.chat) if body.reply else None
    streamed = body.reply is not None and body.reply.stream and wants_stream(request, scope)

    named: list[UUID] = []

    async def write_message(conn: Conn) -> Answered:
        posted = await post(conn, scope, conversation_id, new=new, run=run)
        named.extend(posted.message.mentions)
        return _answered(posted)

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=write_message)
    if answered.fresh:
        await ring_change(api.resources.redis, conversation_id)
        await ring_mentions(api.resources.redis, named)
        await ring(api.resources.redis, "reply" if run else "embed_message")
    if streamed:
        run_id = MessageWithRun.model_validate_json(answered.body).run.id
        return await stream_begun(request, api.resources, scope, run_id=run_id, begun=answered)
    return answered.response()


@router.patch(
    "/messages/{message_id}",
    summary="Edit a message; `branch` writes a sibling instead",
    response_model=PostedMessage,
)
async def edit_message(
    message_id: PathId,
    request: Request,
    body: EditBody,
    scope: ScopeDep,
    api: ApiDep,
    *,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    async def write_edit(conn: Conn) -> Answered:
        old = await _own_message(conn, scope, message_id)
        check_etag(if_match, old.etag)
        posted = (
            await branch(conn, scope, beside=old, content=body.content)
            if body.branch
            else await _edit(conn, scope, old, content=body.content)
        )
        return Answered(200, _posted(posted).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=write_edit)
    written = PostedMessage.model_validate_json(answered.body)
    if answered.fresh:
        await ring_change(api.resources.redis, written.conversation_id)
        await ring_mentions(api.resources.redis, written.mentions)
        await ring(api.resources.redis, "embed_message")
    response = answered.response()
    response.headers["ETag"] = etag_of(written.revision)
    return response


@router.delete("/messages/{message_id}", status_code=204, summary="Delete a message")
async def delete_message(message_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope, by_key=True) as conn:
        old = await find_message(conn, scope, message_id)
        conversation = await find_writable(conn, scope, old.conversation_id)
        if scope.account_id != old.author_id and not conversation.is_owner:
            raise Forbidden(
                "Only its author or the owner of the conversation may delete a message."
            )
        if await execute(conn, _delete_message, **scope.ids, id=message_id):
            await note(conn, scope, conversation.id, kind="message.deleted", subject_id=message_id)
            await remove_message(conn, scope.workspace_id, message_id=message_id)
    await ring_change(api.resources.redis, conversation.id)


async def _own_message(conn: Conn, scope: Scope, message_id: UUID) -> Message:
    message = await find_message(conn, scope, message_id)
    await find_writable(conn, scope, message.conversation_id)
    if message.author_id != scope.account_id:
        raise Forbidden("Only its author may edit a message.")
    if message.deleted_at is not None:
        raise Conflict("The message was deleted.")
    return message


async def _edit(conn: Conn, scope: Scope, old: Message, *, content: str) -> Posted:
    if content == old.content:
        return Posted(old, None, None)
    named = {**scope.ids, "id": old.id, "revision": old.revision}
    await execute(conn, _keep_revision, **named)
    if not await execute(conn, _edit_message, **named, content=content):
        raise Stale("The message was changed meanwhile; read it again.")
    await note(conn, scope, old.conversation_id, kind="message.edited", subject_id=old.id)
    message = await find_message(conn, scope, old.id)
    message = await note_mentions(conn, scope, message, before=old.content)
    return Posted(message, await index(conn, scope, message), None)


def run_of(reply: ReplyBody, chat: ChatModels) -> NewRun:
    """Return the run to start; a model that is not there is InvalidInput now, not a failed run later."""
    model = reply.model or chat.default
    chat.check(model)
    return NewRun(model, reply.model_dump_json())


def _answered(posted: Posted) -> Answered:
    message = _posted(posted)
    if posted.run_id is None:
        return Answered(201, message.model_dump_json())
    run = RunAnswer(id=posted.run_id, state="running")
    return Answered(202, MessageWithRun(message=message, run=run).model_dump_json())


def _posted(posted: Posted) -> PostedMessage:
    message = MessageAnswer.model_validate(posted.message)
    return PostedMessage(**message.model_dump(), index_seq=posted.index_seq)
