"""Post a message, and have it answered: everything that one transaction writes.

The message, its index rows, the job that embeds it and, with a reply, the run and its job are committed together; seq
follows the order of commits without gaps, because the conversation's row is locked first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.conversations.mentioning import note_mentions
from api.conversations.reading import Message, find_message
from core.changes import ChangeKind
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.ids import new_id
from core.scope import Scope
from search.index import MessageText, index_message
from sql import execute, fetch_one, fetch_opt, read, write
from sql.changes import note_change
from sql.pool import Conn
from workers.queue import enqueue_embed_message, enqueue_reply

TITLE_CHARACTERS = 60  # of a conversation that nobody named: the beginning of its first message


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What an author sends; without a parent it follows the last message of the branch that he reads."""

    content: str
    client_id: str | None
    parent_id: UUID | None
    attachments: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A reply asked for: the model's name, and the options as JSON for the worker."""

    model: str
    request: str


@dataclass(frozen=True, slots=True)
class Posted:
    """The message as it now stands; index_seq says from when on search finds it, run_id where its reply comes."""

    message: Message
    index_seq: int | None
    run_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Locked:
    id: UUID
    can_write: bool


@dataclass(frozen=True, slots=True)
class _Place:
    branch_id: UUID | None
    latest_id: UUID | None
    parent_id: UUID | None
    posted_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Created:
    seq: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Run:
    id: UUID


_lock_conversation = read("message.sql", "lock_conversation", _Locked)
_find_place = read("message.sql", "find_place", _Place)
_create_message = write("message.sql", "create_message", _Created)
_attach_files = write("message.sql", "attach_files")
_look_at_branch = write("tree.sql", "look_at_branch")
_create_run = write("message.sql", "create_run")
_find_run_of = read("message.sql", "find_run_of", _Run)


async def post(
    conn: Conn, scope: Scope, conversation_id: UUID, *, new: NewMessage, run: NewRun | None
) -> Posted:
    """Write a message, and the run of its reply; the same client_id again returns the first one, with what it lacked of a run."""
    place = await _lock_place(conn, scope, conversation_id, new=new)
    if place.posted_id is not None:
        return await _posted_before(conn, scope, place.posted_id, new=new, run=run)
    parent_id = place.parent_id if new.parent_id is not None else place.latest_id
    posted = await _write(conn, scope, conversation_id, new=new, run=run, parent_id=parent_id)
    if place.branch_id not in {None, posted.message.branch_id}:
        await look_at(conn, scope, posted.message)
    return posted


async def branch(conn: Conn, scope: Scope, *, beside: Message, content: str) -> Posted:
    """Write another version of a message as its sibling; the first stays as it is."""
    new = NewMessage(content, None, None, tuple(beside.attachments))
    await _lock_place(conn, scope, beside.conversation_id, new=new)
    posted = await _write(
        conn, scope, beside.conversation_id, new=new, run=None, parent_id=beside.parent_id
    )
    await look_at(conn, scope, posted.message)
    return posted


async def look_at(conn: Conn, scope: Scope, message: Message) -> None:
    """Have the caller read the branch of a message from now on."""
    await note(conn, scope, message.conversation_id, kind="leaf.changed", subject_id=message.id)
    await execute(
        conn,
        _look_at_branch,
        **scope.ids,
        conversation_id=message.conversation_id,
        branch_id=message.branch_id,
    )


async def index(conn: Conn, scope: Scope, message: Message) -> int:
    """Make a new or edited message searchable with this transaction; return the index_seq."""
    assert message.author_id is not None, "a person's message"
    index_seq = await index_message(
        conn,
        MessageText(
            workspace_id=scope.workspace_id,
            conversation_id=message.conversation_id,
            message_id=message.id,
            author_id=message.author_id,
            created_at=message.created_at,
            content=message.content,
        ),
    )
    await enqueue_embed_message(conn, scope, message_id=message.id, revision=message.revision)
    return index_seq


async def _lock_place(
    conn: Conn, scope: Scope, conversation_id: UUID, *, new: NewMessage
) -> _Place:
    locked = await fetch_opt(conn, _lock_conversation, **scope.ids, conversation_id=conversation_id)
    if locked is None:
        raise NotFound("No such conversation.")
    if not locked.can_write:
        raise Forbidden("You may read this conversation, not write in it.")
    place = await fetch_one(
        conn,
        _find_place,
        **scope.ids,
        conversation_id=conversation_id,
        parent_id=new.parent_id,
        client_id=new.client_id,
    )
    if new.parent_id is not None and place.parent_id is None:
        raise InvalidInput.of("parent_id", "is no message of this conversation")
    return place


async def _write(
    conn: Conn,
    scope: Scope,
    conversation_id: UUID,
    *,
    new: NewMessage,
    run: NewRun | None,
    parent_id: UUID | None,
) -> Posted:
    message_id = new_id()
    await fetch_one(
        conn,
        _create_message,
        **scope.ids,
        id=message_id,
        conversation_id=conversation_id,
        parent_id=parent_id,
        title=title_of(new.content),
        content=new.content,
        client_id=new.client_id,
    )
    await _attach(conn, scope, message_id, file_ids=new.attachments)
    message = await find_message(conn, scope, message_id)
    await note(conn, scope, conversation_id, kind="message.created", subject_id=message_id)
    message = await note_mentions(conn, scope, message)
    index_seq = await index(conn, scope, message)
    run_id = await start_run(conn, scope, message, run=run) if run else None
    return Posted(message, index_seq, run_id)


async def note(
    conn: Conn, scope: Scope, conversation_id: UUID, *, kind: ChangeKind, subject_id: UUID
) -> int:
    """Note a change that the caller makes in the conversation; return its seq."""
    return await note_change(
        conn,
        workspace_id=scope.workspace_id,
        conversation_id=conversation_id,
        kind=kind,
        subject_id=subject_id,
        actor_id=scope.account_id,
    )


async def _attach(conn: Conn, scope: Scope, message_id: UUID, *, file_ids: Sequence[UUID]) -> None:
    wanted = list(dict.fromkeys(file_ids))
    if not wanted:
        return
    done = await execute(conn, _attach_files, **scope.ids, message_id=message_id, file_ids=wanted)
    if done != len(wanted):
        raise InvalidInput.of("attachments", "names a file that is not there for you")


async def start_run(conn: Conn, scope: Scope, message: Message, *, run: NewRun) -> UUID:
    """Have a message answered; return the run."""
    run_id = new_id()
    await execute(
        conn,
        _create_run,
        **scope.ids,
        id=run_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        model=run.model,
        request=run.request,
    )
    await note(conn, scope, message.conversation_id, kind="run.started", subject_id=run_id)
    await enqueue_reply(conn, scope, run_id=run_id)
    return run_id


async def _posted_before(
    conn: Conn, scope: Scope, message_id: UUID, *, new: NewMessage, run: NewRun | None
) -> Posted:
    message = await find_message(conn, scope, message_id)
    if message.revision == 1 and message.deleted_at is None and message.content != new.content:
        raise Conflict("This client_id was used for another message; make a new one.")
    found = await fetch_opt(
        conn, _find_run_of, workspace_id=scope.workspace_id, message_id=message_id
    )
    if found is not None or run is None:
        return Posted(message, None, found.id if found else None)
    if message.deleted_at is not None:
        raise Conflict("The message was deleted; nothing answers it.")
    return Posted(message, None, await start_run(conn, scope, message, run=run))


def title_of(content: str) -> str:
    """Return the beginning of a text as a title: whole words of its first line."""
    line = " ".join(next((line for line in content.splitlines() if line.strip()), "").split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    return (
        line[
            : line.rfind(" ", 1, TITLE_CHARACTERS)
            if " " in line[:TITLE_CHARACTERS]
            else TITLE_CHARACTERS
        ]
        + "…"
    )
