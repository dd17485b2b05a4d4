"""Conversations: list, create, open around a message, rename, and the bin."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ScopeDep
from api.etags import IfMatch, check_etag
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.posting import note
from api.reading import MessageAnswer, find_message, messages_after, messages_before
from api.wire import Answer, Body, ListPage, Text
from core.changes import ChangeKind, ring_change
from core.errors import Forbidden, NotFound, Stale
from core.ids import new_id
from core.scope import Scope
from search.index import index_seq_raised
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn

router = APIRouter(prefix="/conversations", tags=["Conversations"])

MAX_TITLE_CHARACTERS = 300
Title = Annotated[Text, Field(max_length=MAX_TITLE_CHARACTERS)]
Around = Annotated[int, Query(ge=0, le=100)]


class ConversationBody(Body):
    title: Title = Field(default="", examples=["Pension plan"])


class RenameBody(Body):
    title: Title = Field(min_length=1, examples=["Pension plan 2026"])


class ConversationAnswer(Answer):
    id: UUID
    title: str
    owner_id: UUID
    can_write: bool
    is_owner: bool
    last_seq: int
    change_seq: int
    created_at: datetime
    updated_at: datetime


class DeletedConversation(Answer):
    id: UUID
    title: str
    created_at: datetime
    deleted_at: datetime


class OpenedConversation(ConversationAnswer):
    """A conversation with a window of its messages, oldest first. `live_runs` are replies that are still being written."""

    messages: list[MessageAnswer]
    has_before: bool
    has_after: bool
    live_runs: list[UUID]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its reader may use it; `last_seq` is its latest message's, `change_seq` its latest change's."""

    id: UUID
    title: str
    owner_id: UUID
    can_write: bool
    is_owner: bool
    last_seq: int
    change_seq: int
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """Name what a PATCH can change."""
        return f'"{hashlib.sha256(self.title.encode()).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class _Deleted:
    id: UUID
    title: str
    created_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class _Run:
    id: UUID


_create_conversation = write("conversation.sql", "create_conversation", Conversation)
_list_conversations = read("conversation.sql", "list_conversations", Conversation)
_list_deleted = read("conversation.sql", "list_deleted_conversations", _Deleted)
_find_conversation = read("conversation.sql", "find_conversation", Conversation)
_rename_conversation = write("conversation.sql", "rename_conversation")
_bin_conversation = write("conversation.sql", "bin_conversation")
_restore_conversation = write("conversation.sql", "restore_conversation")
_list_live_runs = read("run.sql", "list_live_runs", _Run)


@router.get("", summary="My conversations and those shared with me, last changed first")
async def list_conversations(
    scope: ScopeDep, api: ApiDep, cursor: CursorText = None, limit: Limit = 50
) -> ListPage[ConversationAnswer]:
    after = api.cursors.read(scope, "conversations", cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_conversations,
            **scope.ids,
            before_at=after.at if after else None,
            before_id=after.id if after else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope,
        "conversations",
        rows=rows,
        limit=limit,
        position_of=lambda row: Position(row.updated_at.isoformat(), row.id),
    )
    return ListPage[ConversationAnswer].model_validate(page)


@router.get("/deleted", summary="My conversations in the bin")
async def list_deleted_conversations(
    scope: ScopeDep, api: ApiDep, cursor: CursorText = None, limit: Limit = 50
) -> ListPage[DeletedConversation]:
    before = api.cursors.read(scope, "deleted conversations", cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        before_id = before.id if before else None
        rows = await fetch(conn, _list_deleted, **scope.ids, before_id=before_id, limit=limit + 1)
    page = api.cursors.page(
        scope,
        "deleted conversations",
        rows=rows,
        limit=limit,
        position_of=lambda row: Position("", row.id),
    )
    return ListPage[DeletedConversation].model_validate(page)


@router.post("", status_code=201, summary="Begin a conversation", response_model=ConversationAnswer)
async def create_conversation(
    request: Request,
    scope: ScopeDep,
    api: ApiDep,
    body: ConversationBody | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    scope.require("member")
    title = (body.title if body else "").strip()

    async def create(conn: Conn) -> Answered:
        made = await fetch_one(conn, _create_conversation, **scope.ids, id=new_id(), title=title)
        return Answered(201, ConversationAnswer.model_validate(made).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=create)
    return answered.response()


@router.get("/{conversation_id}", summary="A conversation and a window of its messages")
async def get_conversation(
    conversation_id: PathId,
    scope: ScopeDep,
    api: ApiDep,
    response: Response,
    *,
    around: Annotated[
        PathId | None, Query(description="The message to open at; else the end")
    ] = None,
    before: Around = 50,
    after: Around = 50,
) -> OpenedConversation:
    async with api.resources.app.read_tx(scope) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        seq = found.last_seq + 1
        if around is not None:
            seq = (await find_message(conn, scope, around, within=conversation_id)).seq
        # Before the messages: a run that ends in between is told twice, never not at all.
        live = await fetch(conn, _list_live_runs, **scope.ids, conversation_id=conversation_id)
        earlier = await messages_before(conn, scope, conversation_id, seq=seq, limit=before + 1)
        later = await messages_after(conn, scope, conversation_id, seq=seq - 1, limit=after + 2)
    window = [*reversed(earlier[:before]), *later[: after + 1]]
    response.headers["ETag"] = found.etag
    return OpenedConversation(
        **ConversationAnswer.model_validate(found).model_dump(),
        messages=[MessageAnswer.model_validate(message) for message in window],
        has_before=len(earlier) > before,
        has_after=len(later) > after + 1,
        live_runs=[run.id for run in live],
    )


@router.patch("/{conversation_id}", summary="Rename a conversation")
async def rename_conversation(
    conversation_id: PathId,
    body: RenameBody,
    scope: ScopeDep,
    api: ApiDep,
    response: Response,
    if_match: IfMatch = None,
) -> ConversationAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        old = await find_writable(conn, scope, conversation_id)
        check_etag(if_match, old.etag)
        await _note(conn, scope, conversation_id, kind="conversation.updated")
        changed = await execute(
            conn,
            _rename_conversation,
            **scope.ids,
            id=conversation_id,
            title=body.title.strip() or old.title,
            old_title=old.title,
        )
        if not changed:
            raise Stale("The conversation was changed meanwhile; read it again.")
        await index_seq_raised(conn, scope.workspace_id)
        new = await find_conversation(conn, scope, conversation_id)
    await ring_change(api.resources.redis, conversation_id)
    response.headers["ETag"] = new.etag
    return ConversationAnswer.model_validate(new)


@router.delete("/{conversation_id}", status_code=204, summary="Put a conversation into the bin")
async def delete_conversation(conversation_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        await find_owned(conn, scope, conversation_id)
        await _note(conn, scope, conversation_id, kind="conversation.deleted")
        await execute(conn, _bin_conversation, **scope.ids, id=conversation_id)
        await index_seq_raised(conn, scope.workspace_id)
    await ring_change(api.resources.redis, conversation_id)


@router.post("/{conversation_id}/restore", summary="Take a conversation back out of the bin")
async def restore_conversation(
    conversation_id: PathId, scope: ScopeDep, api: ApiDep
) -> ConversationAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        if await execute(conn, _restore_conversation, **scope.ids, id=conversation_id):
            await _note(conn, scope, conversation_id, kind="conversation.restored")
            await index_seq_raised(conn, scope.workspace_id, shown=conversation_id)
        found = await find_conversation(conn, scope, conversation_id)
    await ring_change(api.resources.redis, conversation_id)
    return ConversationAnswer.model_validate(found)


async def find_conversation(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return a conversation that the caller may read, else NotFound."""
    found = await fetch_opt(conn, _find_conversation, **scope.ids, id=conversation_id)
    if found is None:
        raise NotFound("No such conversation.")
    return found


async def find_writable(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return a conversation that the caller may write to; one that he may only read is Forbidden."""
    found = await find_conversation(conn, scope, conversation_id)
    if not found.can_write:
        raise Forbidden("You may read this conversation, not change it.")
    return found


async def _note(conn: Conn, scope: Scope, conversation_id: UUID, *, kind: ChangeKind) -> None:
    await note(conn, scope, conversation_id, kind=kind, subject_id=conversation_id)


async def find_owned(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Conversation:
    """Return the caller's own conversation; one that he may only read or write to is Forbidden."""
    found = await find_conversation(conn, scope, conversation_id)
    if not found.is_owner:
        raise Forbidden("Only the owner of the conversation may do this.")
    return found
