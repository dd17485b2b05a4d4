"""Conversations: list, create, open around a message, rename, archive, and the bin.

Archiving is each person's own: it moves a conversation out of his list, and out of nobody else's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, model_validator

from api.conversations.posting import note
from api.conversations.reading import (
    MessageAnswer,
    Stretch,
    find_message,
    find_messages,
    ids_after,
    ids_before,
)
from api.conversations.seen import (
    MOST_UNREAD,
    Conversation,
    ConversationAnswer,
    find_conversation,
    find_owned,
    find_writable,
    leaf_of,
    stretch_through,
)
from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ScopeDep
from api.etags import IfMatch, check_etag
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.wire import Answer, Body, ListPage, Text
from core.changes import ChangeKind, ring_change
from core.errors import Stale
from core.ids import new_id
from core.scope import Scope
from search.index import index_seq_raised
from sql import execute, fetch, fetch_one, read, write
from sql.pool import Conn

router = APIRouter(prefix="/conversations", tags=["Conversations"])

MAX_TITLE_CHARACTERS = 300
Title = Annotated[Text, Field(max_length=MAX_TITLE_CHARACTERS)]
View = Annotated[
    Literal["linear", "tree"],
    Query(
        description="What I read, from the first message to my leaf; or all branches, in the order of seq"
    ),
]
Around = Annotated[int, Query(ge=0, le=100)]


class ConversationBody(Body):
    title: Title = Field(default="", examples=["Pension plan"])


class ChangeBody(Body):
    """What is not named stays. `archived` is the caller's own, and so a reader may set it."""

    title: Annotated[Title, Field(min_length=1, examples=["Pension plan 2026"])] | None = None
    archived: bool | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.title is None and self.archived is None:
            raise ValueError("must name title or archived")
        return self


class DeletedConversation(Answer):
    id: UUID
    title: str
    created_at: datetime
    deleted_at: datetime


class OpenedConversation(ConversationAnswer):
    """A conversation with a window of its messages, oldest first. `live_runs` are replies that are still being written.

    `active_leaf_id` is the last message of what the caller reads: the end of his own branch, or of the one written to last.
    """

    active_leaf_id: UUID | None
    messages: list[MessageAnswer]
    has_before: bool
    has_after: bool
    live_runs: list[UUID]


@dataclass(frozen=True, slots=True)
class _Deleted:
    id: UUID
    title: str
    created_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_create_conversation = write("conversation.sql", "create_conversation", Conversation)
_list_conversations = read("conversation.sql", "list_conversations", Conversation)
_list_deleted = read("conversation.sql", "list_deleted_conversations", _Deleted)
_rename_conversation = write("conversation.sql", "rename_conversation")
_archive_conversation = write("conversation.sql", "archive_conversation")
_bin_conversation = write("conversation.sql", "bin_conversation")
_restore_conversation = write("conversation.sql", "restore_conversation")
_list_live_runs = read("run.sql", "list_live_runs", _Id)


@router.get("", summary="My conversations and those shared with me, last changed first")
async def list_conversations(
    scope: ScopeDep,
    api: ApiDep,
    cursor: CursorText = None,
    limit: Limit = 50,
    q: Annotated[str, Query(max_length=200, description="Beginnings of words in the title")] = "",
    archived: Annotated[bool, Query(description="Those that I archived, instead")] = False,
) -> ListPage[ConversationAnswer]:
    listing = f"conversations {archived} {q}"
    after = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_conversations,
            **scope.ids,
            most_unread=MOST_UNREAD,
            is_archived=archived,
            words=q.replace("\0", "").split(),
            before_at=after.at if after else None,
            before_id=after.id if after else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope,
        listing,
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
    view: View = "linear",
) -> OpenedConversation:
    async with api.resources.app.read_tx(scope, by_key=True) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        own = Stretch(conversation_id, found.branch_id)
        seq, stretch = found.last_seq + 1, own
        if around is not None:
            message = await find_message(conn, scope, around, within=conversation_id)
            seq = message.seq
            stretch = await stretch_through(conn, scope, found, message_id=message.id)
        if view == "tree":
            stretch = Stretch(conversation_id)
        # Before the messages: a run that ends in between is told twice, never not at all.
        live = await fetch(conn, _list_live_runs, **scope.ids, conversation_id=conversation_id)
        earlier = await ids_before(conn, scope, stretch, seq=seq, limit=before + 1)
        later = []
        if around is not None:
            later = await ids_after(conn, scope, stretch, seq=seq - 1, limit=after + 2)
        has_after = len(later) > after + 1
        ids = [*reversed(earlier[:before]), *later[: after + 1]]
        window = await find_messages(conn, scope, ids)
        if stretch == own and not has_after:
            leaf = next(iter([*reversed(later), *earlier]), None)
        else:
            leaf = await leaf_of(conn, scope, own)
    response.headers["ETag"] = found.etag
    return OpenedConversation(
        **ConversationAnswer.model_validate(found).model_dump(),
        messages=[MessageAnswer.model_validate(message) for message in window],
        active_leaf_id=leaf,
        has_before=len(earlier) > before,
        has_after=has_after,
        live_runs=[run.id for run in live],
    )


@router.patch("/{conversation_id}", summary="Rename a conversation; archive it for yourself")
async def change_conversation(
    conversation_id: PathId,
    body: ChangeBody,
    scope: ScopeDep,
    api: ApiDep,
    response: Response,
    if_match: IfMatch = None,
) -> ConversationAnswer:
    async with api.resources.app.write_tx(scope, by_key=True) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        check_etag(if_match, found.etag)
        if body.title is not None:
            await _rename(conn, scope, conversation_id, title=body.title.strip())
        if body.archived is not None:
            await _archive(conn, scope, conversation_id, is_archived=body.archived)
        new = await find_conversation(conn, scope, conversation_id)
    await ring_change(api.resources.redis, conversation_id)
    response.headers["ETag"] = new.etag
    return ConversationAnswer.model_validate(new)


async def _archive(conn: Conn, scope: Scope, conversation_id: UUID, *, is_archived: bool) -> None:
    me = scope.account_id
    await note(conn, scope, conversation_id, kind="own.changed", subject_id=me)
    named = {**scope.ids, "id": conversation_id}
    await execute(conn, _archive_conversation, **named, is_archived=is_archived)


async def _rename(conn: Conn, scope: Scope, conversation_id: UUID, *, title: str) -> None:
    old = await find_writable(conn, scope, conversation_id)
    await _note(conn, scope, conversation_id, kind="conversation.updated")
    changed = await execute(
        conn,
        _rename_conversation,
        **scope.ids,
        id=conversation_id,
        title=title or old.title,
        old_title=old.title,
    )
    if not changed:
        raise Stale("The conversation was changed meanwhile; read it again.")
    await index_seq_raised(conn, scope.workspace_id)


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


async def _note(conn: Conn, scope: Scope, conversation_id: UUID, *, kind: ChangeKind) -> None:
    await note(conn, scope, conversation_id, kind=kind, subject_id=conversation_id)
