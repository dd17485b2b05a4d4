"""Take a conversation in from the file that an export wrote, here or elsewhere, as a conversation of the importer's own.

Nothing in the file is trusted: ids are good within it only, an author is a name and no account, attachments are those files
that the importer may read, and a citation keeps its verdict only if the quoted words stand in a source that he may read.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.conversations.file import ConversationFile, FileMessage
from api.conversations.fork import index_copies
from api.conversations.posting import look_at
from api.conversations.reading import find_message, find_messages
from api.conversations.seen import ConversationAnswer, find_conversation
from api.conversations.sources import Checked, checked_citations
from api.deps import ApiDep, ScopeDep
from api.idempotency import Answered, IdempotencyKey, OneRequest, once
from api.invalid import problems_of
from core.errors import FieldProblem, InvalidInput, TooLarge
from core.ids import new_id
from core.scope import Scope
from sql import execute, execute_many, write
from sql.pool import Conn
from workers.queue import ring

router = APIRouter(prefix="/conversations", tags=["Conversations"])

MAX_FILE_BYTES: Final = 20_000_000
_AT_ONCE: Final = 500  # rows of one round trip


class ImportedConversation(ConversationAnswer):
    """`unverified` counts citations whose source is not there to be looked at, `missing_files` attachments that were left out."""

    messages: int
    unverified: int
    missing_files: int


_begin_import = write("transfer.sql", "begin_import")
_import_message = write("transfer.sql", "import_message")
_import_revision = write("transfer.sql", "import_revision")
_import_run = write("transfer.sql", "import_run")
_import_citation = write("transfer.sql", "import_citation")
_end_copied_runs = write("tree.sql", "end_copied_runs")
_attach_files = write("message.sql", "attach_files")


@router.post(
    "/import",
    status_code=201,
    summary="Take a conversation in from the JSON of an export",
    response_model=ImportedConversation,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "description": "What GET .../export?format=json gives",
                    }
                }
            },
        }
    },
)
async def import_conversation(
    request: Request, scope: ScopeDep, api: ApiDep, idempotency_key: IdempotencyKey = None
) -> Response:
    scope.require("member")
    body = await _body(request)
    given = await asyncio.to_thread(_read, body)  # 20 MB take a second

    async def take_in(conn: Conn) -> Answered:
        made = await _take_in(conn, scope, given)
        return Answered(201, made.model_dump_json())

    same = OneRequest(scope, idempotency_key, hashlib.sha256(b"import\0" + body).digest())
    answered = await once(api.resources.app, same, work=take_in)
    await ring(api.resources.redis, "embed_message")
    return answered.response()


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FILE_BYTES:
            raise TooLarge(f"The file is over the limit of {MAX_FILE_BYTES} bytes.")
    return bytes(body)


def _read(body: bytes) -> ConversationFile:
    """Return the file, or raise with the paths of the fields at fault."""
    try:
        given = ConversationFile.model_validate_json(body)
    except ValidationError as error:
        found = [
            {**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)
        ]
        problems = tuple(problems_of(found))  # pyright: ignore[reportArgumentType]
        raise InvalidInput("The file is no export of a conversation.", details=problems) from None
    problems = tuple(tree_problems(given))
    if problems:
        raise InvalidInput("The messages of the file make no tree.", details=problems[:20])
    return given


def tree_problems(given: ConversationFile) -> list[FieldProblem]:
    """Return what keeps the messages from being a tree: ids that are there twice, parents that do not stand before."""
    seen: set[UUID] = set()
    problems: list[FieldProblem] = []
    for n, message in enumerate(given.messages):
        if message.id in seen:
            problems.append(FieldProblem(f"messages.{n}.id", "is another message's already"))
        if message.parent_id is not None and message.parent_id not in seen:
            problems.append(
                FieldProblem(f"messages.{n}.parent_id", "must be a message before this one")
            )
        if message.reply is not None and (message.role == "user" or message.parent_id is None):
            problems.append(
                FieldProblem(f"messages.{n}.reply", "needs the role assistant and a parent_id")
            )
        seen.add(message.id)
    leaf = given.conversation.active_leaf_id
    if leaf is not None and leaf not in seen:
        problems.append(FieldProblem("conversation.active_leaf_id", "is no message of this file"))
    return problems


@dataclass(frozen=True, slots=True)
class _Ids:
    """The new ids: of the conversation, and by the file's ids of its messages and of their runs."""

    conversation: UUID
    messages: dict[UUID, UUID]
    runs: dict[UUID, UUID]


async def _take_in(conn: Conn, scope: Scope, given: ConversationFile) -> ImportedConversation:
    ids = _Ids(
        new_id(),
        {message.id: new_id() for message in given.messages},
        {message.id: new_id() for message in given.messages if message.reply is not None},
    )
    checked = await checked_citations(
        conn, scope, given, conversation_id=ids.conversation, new_ids=ids.messages
    )
    await execute(
        conn,
        _begin_import,
        **scope.ids,
        id=ids.conversation,
        title=given.conversation.title.strip(),
        created_at=given.conversation.created_at,
        messages=len(given.messages),
    )
    await _add_messages(conn, scope, given, ids)
    await _add_replies(conn, scope, given, ids=ids, checked=checked)
    missing = await _attach(conn, scope, given, ids)
    for start in range(0, len(given.messages), _AT_ONCE):
        page = [ids.messages[m.id] for m in given.messages[start : start + _AT_ONCE]]
        rows = await find_messages(conn, scope, page)
        await index_copies(conn, scope, [row for row in rows if row.deleted_at is None])
    if (leaf := given.conversation.active_leaf_id) is not None:
        await look_at(conn, scope, await find_message(conn, scope, ids.messages[leaf]))
    made = await find_conversation(conn, scope, ids.conversation)
    return ImportedConversation(
        **ConversationAnswer.model_validate(made).model_dump(),
        messages=len(given.messages),
        unverified=sum(row.verdict == "unverified" for rows in checked.values() for row in rows),
        missing_files=missing,
    )


async def _add_messages(conn: Conn, scope: Scope, given: ConversationFile, ids: _Ids) -> None:
    rows = [
        _message_row(scope, message, seq=seq, ids=ids)
        for seq, message in enumerate(given.messages, start=1)
    ]
    revisions: list[dict[str, object]] = [
        {**scope.ids, "message_id": ids.messages[message.id], **revision.model_dump()}
        for message in given.messages
        if message.deleted_at is None
        for revision in {r.revision: r for r in message.revisions}.values()
    ]
    for start in range(0, len(rows), _AT_ONCE):
        await execute_many(conn, _import_message, rows[start : start + _AT_ONCE])
    for start in range(0, len(revisions), _AT_ONCE):
        await execute_many(conn, _import_revision, revisions[start : start + _AT_ONCE])


def _message_row(scope: Scope, message: FileMessage, *, seq: int, ids: _Ids) -> dict[str, object]:
    return {
        "workspace_id": scope.workspace_id,
        "id": ids.messages[message.id],
        "conversation_id": ids.conversation,
        "parent_id": ids.messages[message.parent_id] if message.parent_id else None,
        "seq": seq,
        "role": message.role,
        "author": message.author,
        "content": "" if message.deleted_at else message.content,
        "revision": message.revision,
        "run_id": ids.runs.get(message.id),
        "created_at": message.created_at,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
    }


async def _add_replies(
    conn: Conn,
    scope: Scope,
    given: ConversationFile,
    *,
    ids: _Ids,
    checked: dict[UUID, list[Checked]],
) -> None:
    runs: list[dict[str, object]] = [
        {
            **scope.ids,
            "id": ids.runs[message.id],
            "conversation_id": ids.conversation,
            "prompt_message_id": ids.messages[message.parent_id],
            "reply_message_id": ids.messages[message.id],
            "model": message.reply.model,
            "state": message.reply.state,
            "content": "" if message.deleted_at else message.content,
            "created_at": message.created_at,
        }
        for message in given.messages
        if message.reply is not None and message.parent_id is not None
    ]
    citations: list[dict[str, object]] = [
        {"workspace_id": scope.workspace_id, "run_id": ids.runs[message_id], **citation.columns}
        for message_id, found in checked.items()
        for citation in found
    ]
    for start in range(0, len(runs), _AT_ONCE):
        await execute_many(conn, _import_run, runs[start : start + _AT_ONCE])
    for start in range(0, len(citations), _AT_ONCE):
        await execute_many(conn, _import_citation, citations[start : start + _AT_ONCE])
    await execute(
        conn,
        _end_copied_runs,
        workspace_id=scope.workspace_id,
        new_run_ids=list(ids.runs.values()),
    )


async def _attach(conn: Conn, scope: Scope, given: ConversationFile, ids: _Ids) -> int:
    """Attach what may be read; return how many are missing."""
    missing = 0
    for message in given.messages:
        wanted = list({file.file_id for file in message.attachments})
        if wanted:
            done = await execute(
                conn,
                _attach_files,
                **scope.ids,
                message_id=ids.messages[message.id],
                file_ids=wanted,
            )
            missing += len(wanted) - done
    return missing
