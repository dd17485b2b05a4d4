"""What people are told: notices, written once for each person and thing, read as permission is at the moment of reading.

Each match of a saved search belongs to one notice; a notice whose matches, or whose message or file, may not be seen any
more is not there. Whether and how somebody is told is his to say (core/notifying.py); what goes out is workers/sending.py.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core.ids import new_id
from core.notifying import USUAL, NoticeKind
from core.scope import Scope
from search.answer import Kind, Links
from search.links import file_links, message_links
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn

EXCERPT: Final = 300  # characters
MOST_UNREAD: Final = 1000


@dataclass(frozen=True, slots=True)
class ReportedMatch:
    """A message, or a version of a file, that a saved search found; `excerpt` is empty where its file was read anew."""

    type: Kind
    file_id: UUID | None
    version: int | None
    conversation_id: UUID | None
    message_id: UUID | None
    title: str
    author: str
    created_at: datetime
    excerpt: str
    links: Links


@dataclass(frozen=True, slots=True)
class SearchName:
    id: UUID
    name: str
    q: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What somebody did or what happened: in a conversation (to a message of it), or to a file. `open` is the page's link."""

    conversation_id: UUID | None
    message_id: UUID | None
    file_id: UUID | None
    title: str
    actor: str
    excerpt: str
    open: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: what was found, why a webhook is called no more, or (`subject`) what happened to something."""

    id: UUID
    kind: NoticeKind
    created_at: datetime
    read_at: datetime | None
    saved_search: SearchName | None
    matches: tuple[ReportedMatch, ...]
    reason: str
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class _Notice:
    id: UUID
    kind: NoticeKind
    created_at: datetime
    read_at: datetime | None
    search_id: UUID | None
    search_name: str
    q: str
    webhook_reason: str
    item_id: UUID | None
    is_file: bool
    message_id: UUID | None
    title: str
    actor: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class _Match:
    notification_id: UUID
    item_id: UUID
    message_id: UUID | None
    version: int | None
    title: str
    author: str
    created_at: datetime
    span_start: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class _EndedFile:
    owner_id: UUID
    version_id: UUID
    has_failed: bool


@dataclass(frozen=True, slots=True)
class _Unread:
    unread: int


_list_notifications = read("notice.sql", "list_notifications", _Notice)
_list_matches = read("saved_search.sql", "list_matches", _Match)
_find_ended_file = read("notice.sql", "find_ended_file", _EndedFile)
_tell = write("notice.sql", "tell")
_count_unread = read("notice.sql", "count_unread", _Unread)


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice for the owner of a saved search; `is_called` says that a webhook is called with it, whatever he wants himself."""

    id: UUID
    account_id: UUID
    kind: NoticeKind
    search_id: UUID
    is_called: bool = False


async def add_notice(conn: Conn, workspace_id: UUID, notice: NewNotice) -> None:
    """Write a notice; nudge notice_topic() after the commit."""
    nothing = dict.fromkeys(("subject_id", "item_id", "message_id", "actor_id"))
    named = {"kind": notice.kind, "search_id": notice.search_id, **nothing}
    named["is_called"] = notice.is_called
    people = {"ids": [notice.id], "account_ids": [notice.account_id]}
    await execute(conn, _tell, workspace_id=workspace_id, **named, **people, **_usual(notice.kind))


@dataclass(frozen=True, slots=True)
class Happening:
    """What people are told of an item; `subject_id` is what they are told of once, by default the message or item."""

    kind: NoticeKind
    item_id: UUID
    message_id: UUID | None = None
    subject_id: UUID | None = None
    actor_id: UUID | None = None


async def tell(
    conn: Conn, workspace_id: UUID, happening: Happening, *, account_ids: Sequence[UUID]
) -> None:
    """Write a notice for each of these people but who did it; nudge notice_topic() of each after the commit."""
    told = [id_ for id_ in account_ids if id_ != happening.actor_id]
    if not told:
        return
    await execute(
        conn,
        _tell,
        workspace_id=workspace_id,
        kind=happening.kind,
        search_id=None,
        subject_id=happening.subject_id or happening.message_id or happening.item_id,
        item_id=happening.item_id,
        message_id=happening.message_id,
        actor_id=happening.actor_id,
        ids=[new_id() for _ in told],
        is_called=False,
        account_ids=told,
        **_usual(happening.kind),
    )


async def tell_of_file(conn: Conn, workspace_id: UUID, *, file_id: UUID) -> None:
    """Tell the owner of a file how its reading has ended, each version once."""
    named = {"workspace_id": workspace_id, "file_id": file_id}
    ended = await fetch_opt(conn, _find_ended_file, **named)
    if ended is not None:
        kind: NoticeKind = "file.failed" if ended.has_failed else "file.ready"
        happening = Happening(kind, file_id, subject_id=ended.version_id)
        await tell(conn, workspace_id, happening, account_ids=[ended.owner_id])


def _usual(kind: NoticeKind) -> dict[str, object]:
    ways = USUAL[kind]
    return {"in_app": ways.in_app, "email": ways.email, "push": ways.push}


def notice_topic(account_id: UUID) -> str:
    """Return the topic of nudges about a person's notices."""
    return f"notices:{account_id}"


async def list_notices(
    conn: ReadConn, scope: Scope, *, limit: int, before: UUID | None = None, unread: bool = False
) -> list[Notice]:
    """Return the notices of a person's list, newest first, each with the matches that he may see now."""
    page = {"limit": limit, "before_id": before, "unread": unread, "ids": None}
    return await _read(conn, scope, page)


async def find_notices(conn: ReadConn, scope: Scope, ids: Sequence[UUID]) -> list[Notice]:
    """Return these notices of a person, newest first, as far as he may see what they are about now."""
    page = {"limit": len(ids), "before_id": None, "unread": False, "ids": list(ids)}
    return await _read(conn, scope, page)


async def _read(conn: ReadConn, scope: Scope, page: Mapping[str, object]) -> list[Notice]:
    rows = await fetch(conn, _list_notifications, **scope.ids, **page, excerpt=EXCERPT)
    matches = await list_matches(conn, scope, [row.id for row in rows])
    return [_notice(row, matches.get(row.id, ())) for row in rows]


async def list_matches(
    conn: ReadConn, scope: Scope, notification_ids: Sequence[UUID]
) -> dict[UUID, tuple[ReportedMatch, ...]]:
    """Return the matches of notices, as far as the caller may see them now."""
    if not notification_ids:
        return {}
    rows = await fetch(
        conn,
        _list_matches,
        **scope.ids,
        notification_ids=list(notification_ids),
        excerpt=EXCERPT,
    )
    found = defaultdict[UUID, list[ReportedMatch]](list)
    for row in rows:
        found[row.notification_id].append(_match(row))
    return {id_: tuple(matches) for id_, matches in found.items()}


async def count_unread(conn: ReadConn, scope: Scope) -> int:
    """Return how many notices a person has not read, up to MOST_UNREAD."""
    return (await fetch_one(conn, _count_unread, **scope.ids, most=MOST_UNREAD)).unread


def _notice(row: _Notice, matches: tuple[ReportedMatch, ...]) -> Notice:
    search = None if row.search_id is None else SearchName(row.search_id, row.search_name, row.q)
    return Notice(
        id=row.id,
        kind=row.kind,
        created_at=row.created_at,
        read_at=row.read_at,
        saved_search=search,
        matches=matches,
        reason=row.webhook_reason if row.kind == "webhook.disabled" else "",
        subject=None if row.item_id is None else _subject(row, row.item_id),
    )


def _subject(row: _Notice, item_id: UUID) -> Subject:
    place = f"/#/file/{item_id}" if row.is_file else f"/#/c/{item_id}"
    return Subject(
        conversation_id=None if row.is_file else item_id,
        message_id=row.message_id,
        file_id=item_id if row.is_file else None,
        title=row.title,
        actor=row.actor,
        excerpt=row.excerpt,
        open=place if row.message_id is None else f"{place}?m={row.message_id}",
    )


def _match(row: _Match) -> ReportedMatch:
    shown = range(row.span_start, row.span_start + len(row.excerpt))
    is_file = row.message_id is None
    if row.message_id is None:
        links = file_links(row.item_id, shown=shown)
    else:
        links = message_links(row.item_id, row.message_id, shown=shown)
    return ReportedMatch(
        type="file" if is_file else "message",
        file_id=row.item_id if is_file else None,
        version=row.version,
        conversation_id=None if is_file else row.item_id,
        message_id=row.message_id,
        title=row.title,
        author=row.author,
        created_at=row.created_at,
        excerpt=row.excerpt,
        links=links,
    )
