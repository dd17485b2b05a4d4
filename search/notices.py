"""What people are told about their saved searches: notices, read as permission is at the moment of reading.

Each match belongs to one notice; a notice whose matches may all not be seen any more is not there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from core.scope import Scope
from search.answer import Kind, Links
from search.links import file_links, message_links
from sql import execute, fetch, fetch_one, read, write
from sql.pool import Conn, ReadConn

EXCERPT: Final = 300  # characters
MOST_UNREAD: Final = 1000
NoticeKind = Literal["saved_search.matches", "webhook.disabled"]


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
class Notice:
    """One notice: what was found, or why a webhook is called no more."""

    id: UUID
    kind: NoticeKind
    created_at: datetime
    read_at: datetime | None
    saved_search: SearchName
    matches: tuple[ReportedMatch, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _Notice:
    id: UUID
    kind: NoticeKind
    created_at: datetime
    read_at: datetime | None
    search_id: UUID
    search_name: str
    q: str
    webhook_reason: str


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
class _Unread:
    unread: int


_list_notifications = read("saved_search.sql", "list_notifications", _Notice)
_list_matches = read("saved_search.sql", "list_matches", _Match)
_add_notification = write("saved_search.sql", "add_notification")
_count_unread = read("saved_search.sql", "count_unread", _Unread)


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice for the owner of a saved search."""

    id: UUID
    account_id: UUID
    kind: NoticeKind
    search_id: UUID


async def add_notice(conn: Conn, workspace_id: UUID, notice: NewNotice) -> None:
    """Write a notice; nudge notice_topic() after the commit."""
    await execute(
        conn,
        _add_notification,
        workspace_id=workspace_id,
        id=notice.id,
        account_id=notice.account_id,
        kind=notice.kind,
        search_id=notice.search_id,
    )


def notice_topic(account_id: UUID) -> str:
    """Return the topic of nudges about a person's notices."""
    return f"notices:{account_id}"


async def list_notices(
    conn: ReadConn, scope: Scope, *, limit: int, before: UUID | None = None, unread: bool = False
) -> list[Notice]:
    """Return a person's notices, newest first, each with the matches that he may see now."""
    rows = await fetch(
        conn,
        _list_notifications,
        **scope.ids,
        unread=unread,
        before_id=before,
        limit=limit,
    )
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
    return Notice(
        id=row.id,
        kind=row.kind,
        created_at=row.created_at,
        read_at=row.read_at,
        saved_search=SearchName(row.search_id, row.search_name, row.q),
        matches=matches,
        reason=row.webhook_reason if row.kind == "webhook.disabled" else "",
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
