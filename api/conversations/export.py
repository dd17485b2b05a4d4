"""A conversation as a file to take away: JSON with the whole tree, or what one reads as Markdown or HTML.

The file is written page by page, and no connection to the database is held while a slow reader takes one.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse

from api.conversations import transcript_html, transcript_markdown
from api.conversations.file import (
    FORMAT,
    LONGEST_NAME,
    LONGEST_QUOTE,
    MOST_CITATIONS,
    MOST_HEADINGS,
    MOST_REVISIONS,
    FileAttachment,
    FileCitation,
    FileHead,
    FileMessage,
    FileReply,
    FileRevision,
    FileSpan,
)
from api.conversations.reading import Message, Stretch, find_messages, ids_after
from api.conversations.seen import find_conversation, leaf_of
from api.deps import PathId, ResourcesDep, ScopeDep
from api.replies.run_answers import CitationAnswer, citations_of
from app.resources import Resources
from core.errors import NotFound
from core.scope import Scope
from llm.run_log import RunState
from sql import fetch, read
from sql.pool import ReadConn

router = APIRouter(prefix="/conversations", tags=["Conversations"])

Format = Literal["json", "markdown", "html"]
PAGE = 50  # messages read at once
_SUFFIXES: dict[Format, str] = {"json": "json", "markdown": "md", "html": "html"}
_MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class _Revision:
    message_id: UUID
    revision: int
    content: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class _FileName:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class _Run:
    id: UUID
    model: str
    state: RunState


_list_revisions_of = read("transfer.sql", "list_revisions_of", _Revision)
_list_file_names = read("transfer.sql", "list_file_names", _FileName)
_list_ended_runs = read("transfer.sql", "list_ended_runs", _Run)


@router.get(
    "/{conversation_id}/export",
    summary="A conversation as a file, with its citations",
    response_class=Response,
    responses={
        200: {
            "content": {"application/json": {}, "text/markdown": {}, "text/html": {}},
            "description": "JSON has the whole tree and can be imported; the others what I read",
        }
    },
)
async def export_conversation(
    conversation_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    wanted: Annotated[Format, Query(alias="format")] = "json",
) -> Response:
    async with resources.app.read_tx(scope) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        own = Stretch(conversation_id, found.branch_id)
        leaf = await leaf_of(conn, scope, own)
    head = FileHead(
        id=found.id, title=found.title, created_at=found.created_at, active_leaf_id=leaf
    )
    stretch = Stretch(conversation_id) if wanted == "json" else own
    pages = _pages(resources, scope, stretch)
    name = f"conversation-{conversation_id}.{_SUFFIXES[wanted]}"
    return StreamingResponse(
        _WRITERS[wanted](head, pages),
        media_type=_MEDIA_TYPES[wanted],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


Pages = AsyncGenerator[Sequence[FileMessage]]


async def _json(head: FileHead, pages: Pages) -> AsyncGenerator[str]:
    yield f'{{"format": "{FORMAT}", "version": 1, "conversation": {head.model_dump_json()}, "messages": ['
    before = ""
    async for page in pages:
        for message in page:
            yield f"{before}\n{message.model_dump_json()}"
            before = ","
    yield "\n]}\n"


async def _markdown(head: FileHead, pages: Pages) -> AsyncGenerator[str]:
    yield transcript_markdown.title(head)
    async for page in pages:
        for message in page:
            yield transcript_markdown.message(message)


async def _html(head: FileHead, pages: Pages) -> AsyncGenerator[str]:
    yield transcript_html.begin(head)
    async for page in pages:
        for message in page:
            yield transcript_html.message(message)
    yield transcript_html.END


_WRITERS: dict[Format, Callable[[FileHead, Pages], AsyncGenerator[str]]] = {
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}


async def _pages(resources: Resources, scope: Scope, stretch: Stretch) -> Pages:
    seq, more = 0, True
    while more:
        async with resources.app.read_tx(scope) as conn:
            ids = await ids_after(conn, scope, stretch, seq=seq, limit=PAGE)
            messages = await find_messages(conn, scope, ids)
            if len(messages) < len(ids):  # nobody is given half of a file as if it were whole
                raise NotFound("The conversation is not there any more.")
            page = await file_messages(conn, scope, messages)
        if page:
            seq = messages[-1].seq
            yield page
        more = len(ids) == PAGE


async def file_messages(
    conn: ReadConn, scope: Scope, messages: Sequence[Message]
) -> list[FileMessage]:
    """Return messages as they stand in a file, as this reader may see them."""
    run_ids = [m.run_id for m in messages if m.run_id is not None and m.deleted_at is None]
    file_ids = [file_id for m in messages for file_id in m.attachments]
    rows = await fetch(conn, _list_revisions_of, **scope.ids, ids=[m.id for m in messages])
    names = await fetch(conn, _list_file_names, **scope.ids, ids=file_ids) if file_ids else []
    runs = await fetch(conn, _list_ended_runs, **scope.ids, ids=run_ids) if run_ids else []
    cited = await citations_of(conn, scope, run_ids=run_ids) if run_ids else {}
    replies = {run.id: _reply(run, cited.get(run.id, [])) for run in runs}
    revisions: dict[UUID, list[FileRevision]] = {}
    for row in rows:
        revisions.setdefault(row.message_id, []).append(
            FileRevision(revision=row.revision, content=row.content, replaced_at=row.replaced_at)
        )
    files = {row.id: FileAttachment(file_id=row.id, name=row.name) for row in names}
    return [_message(m, revisions=revisions, files=files, replies=replies) for m in messages]


def _message(
    message: Message,
    *,
    revisions: dict[UUID, list[FileRevision]],
    files: dict[UUID, FileAttachment],
    replies: dict[UUID, FileReply],
) -> FileMessage:
    return FileMessage(
        id=message.id,
        parent_id=message.parent_id,
        role=message.role,
        author=message.author,
        content=message.content,
        revision=message.revision,
        created_at=message.created_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
        attachments=tuple(files[file_id] for file_id in message.attachments if file_id in files),
        revisions=tuple(revisions.get(message.id, ())[-MOST_REVISIONS:]),
        reply=replies.get(message.run_id) if message.run_id else None,
    )


def _reply(run: _Run, citations: Sequence[CitationAnswer]) -> FileReply:
    assert run.state != "running", "the query leaves them out"
    return FileReply(
        model=run.model,
        state=run.state,
        citations=tuple(map(_citation, citations[:MOST_CITATIONS])),
    )


def _citation(citation: CitationAnswer) -> FileCitation:
    is_seen = citation.open is not None
    return FileCitation(
        ref=citation.ref,
        kind=citation.kind,
        file_id=citation.file_id if is_seen else None,
        version=citation.version,
        conversation_id=citation.conversation_id if is_seen else None,
        message_id=citation.message_id if is_seen else None,
        title=citation.title[:LONGEST_NAME],
        headings=tuple(heading[:LONGEST_NAME] for heading in citation.headings[:MOST_HEADINGS]),
        pages=citation.pages,
        source_span=FileSpan(start=citation.source_span.start, end=citation.source_span.end),
        answer_span=FileSpan(start=citation.answer_span.start, end=citation.answer_span.end),
        quote=citation.quote[:LONGEST_QUOTE],
        verdict=citation.verdict if is_seen else "unverified",
        score=citation.score,
    )
