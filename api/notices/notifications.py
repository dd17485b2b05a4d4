"""Notifications: what a person is told of, as a list to read and (api/live/event_stream.py) as events.

What may not be seen any more is not in them: permission is asked at each reading. Events begin with the connection, or
after the notice that the client had last; what came before is in the list.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, ResourcesDep, ScopeDep
from api.live.sse import Frame
from api.search.answers import LinksAnswer
from api.wire import Answer, Body, ListPage
from app.resources import Resources
from core.events import nudge
from core.ids import new_id
from core.notifying import NoticeKind
from core.scope import Scope
from search.answer import Kind
from search.notices import Notice, count_unread, list_notices, notice_topic
from sql import execute, write

router = APIRouter(tags=["Notifications"])

LOOK_S: Final = 5.0  # what a lost nudge costs an event
AT_ONCE: Final = 50  # notices that one look of a stream shows; the others are in the list


class MatchAnswer(Answer):
    """`excerpt` is plain text, and empty where the file was read anew since."""

    type: Kind
    file_id: UUID | None
    version: int | None
    conversation_id: UUID | None
    message_id: UUID | None
    title: str
    author: str
    created_at: datetime
    excerpt: str
    links: LinksAnswer


class SearchNameAnswer(Answer):
    id: UUID
    name: str
    q: str


class SubjectAnswer(Answer):
    """What happened where: `actor` did it, `open` is the page's link to it."""

    conversation_id: UUID | None
    message_id: UUID | None
    file_id: UUID | None
    title: str
    actor: str
    excerpt: str
    open: str


class NotificationAnswer(Answer):
    """Of a saved search `matches` is what may be seen of it now, and `reason` says why its webhook was disabled; all others have a `subject`."""

    id: UUID
    kind: NoticeKind
    created_at: datetime
    read_at: datetime | None
    saved_search: SearchNameAnswer | None
    matches: list[MatchAnswer]
    reason: str
    subject: SubjectAnswer | None


class NotificationPage(ListPage[NotificationAnswer]):
    """`unread` counts all that are not read, up to 1,000."""

    unread: int


class ReadBody(Body):
    """These, or all up to this one."""

    ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=100)] = None
    up_to: UUID | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "ReadBody":
        if (self.ids is None) == (self.up_to is None):
            raise ValueError("exactly one of ids and up_to must be given")
        return self


class UnreadAnswer(Answer):
    unread: int


class EventAnswer(Answer):
    """What an event `notification` carries."""

    notification: NotificationAnswer
    unread: int


class UnreadEventAnswer(UnreadAnswer):
    """What an event `unread` carries; `after` is the notice to resume after."""

    after: UUID


@dataclass(frozen=True, slots=True)
class _Look:
    """The latest notices, newest first, and how many are unread; all up to the notice `newest` are told with it."""

    notices: list[Notice]
    unread: int
    newest: UUID


_NONE: Final = UUID(int=0)
_read_notifications = write("saved_search.sql", "read_notifications")


@router.get("/notifications", summary="What I am told of, newest first")
async def list_notifications(
    scope: ScopeDep,
    api: ApiDep,
    unread: Annotated[bool, Query(description="Only what is not read")] = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> NotificationPage:
    listing = f"notifications {unread}"
    before = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        before_id = before.id if before else None
        rows = await list_notices(conn, scope, limit=limit + 1, before=before_id, unread=unread)
        count = await count_unread(conn, scope)
    page = api.cursors.page(
        scope, listing, rows=rows, limit=limit, position_of=lambda row: Position("", row.id)
    )
    items = [NotificationAnswer.model_validate(row) for row in page.items]
    return NotificationPage(items=items, next_cursor=page.next_cursor, unread=count)


@router.post("/notifications/read", summary="Mark notifications as read")
async def read_notifications(
    body: ReadBody, scope: ScopeDep, resources: ResourcesDep
) -> UnreadAnswer:
    async with resources.app.write_tx(scope) as conn:
        await execute(conn, _read_notifications, **scope.ids, ids=body.ids or [], up_to=body.up_to)
        count = await count_unread(conn, scope)
    await nudge(resources.redis, notice_topic(scope.account_id))
    return UnreadAnswer(unread=count)


async def frames(
    resources: Resources, scope: Scope, *, after: UUID | None = None
) -> AsyncGenerator[Frame | None]:
    """Yield how many notices are unread whenever that changes, and each notice written after one, or from now on."""
    counted: int | None = None
    with resources.feed.listen(notice_topic(scope.account_id)) as ear:
        looked = await _look(resources, scope)
        told = {notice.id for notice in looked.notices if after is None or notice.id <= after}
        # Older ones that come into view when others leave it are no news.
        oldest = after or (min(told, default=_NONE) if len(told) == AT_ONCE else _NONE)
        if after is not None and not told and len(looked.notices) == AT_ONCE:
            yield Frame("gap", '{"refetch":"/api/v1/notifications"}')
        while True:
            for notice in reversed(looked.notices):
                if notice.id not in told and notice.id > oldest:
                    told.add(notice.id)
                    yield _event(notice, looked.unread)
            yield _unread(looked) if looked.unread != counted else None
            counted = looked.unread
            await ear.heard(within_s=LOOK_S)
            looked = await _look(resources, scope)


async def _look(resources: Resources, scope: Scope) -> _Look:
    async with resources.stream.read_tx(scope) as conn:
        notices = await list_notices(conn, scope, limit=AT_ONCE)
        newest = notices[0].id if notices else new_id()
        return _Look(notices, await count_unread(conn, scope), newest)


def _event(notice: Notice, unread: int) -> Frame:
    answer = NotificationAnswer.model_validate(notice)
    event = EventAnswer(notification=answer, unread=unread)
    return Frame("notification", event.model_dump_json(), str(notice.id))


def _unread(looked: _Look) -> Frame:
    event = UnreadEventAnswer(unread=looked.unread, after=looked.newest)
    return Frame("unread", event.model_dump_json(), str(looked.newest))
