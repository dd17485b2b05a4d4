"""Changes of a conversation as frames: what each of its watchers is shown of them, read once for all.

A change names its subject; what is shown is the subject as it is now. Who may see it is asked in the same transaction.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from api.live.subjects import (
    OF_MESSAGES,
    OF_ONES_OWN,
    About,
    Subjects,
    ids_of,
    read_subjects,
)
from core.changes import ChangeKind
from core.scope import Scope
from sql import fetch, read
from sql.pool import ReadConn

AT_ONCE: Final = 100  # changes of one reading
# Who is further behind reads the conversation again: that costs him less than so many frames.
MOST_BEHIND: Final = 1000
SKIPPED: Final = (
    "skipped"  # the event of a change that is not this watcher's to see; seq stays without gaps
)


@dataclass(frozen=True, slots=True)
class Place:
    workspace_id: UUID
    conversation_id: UUID

    @property
    def topic(self) -> str:
        return f"conversation:{self.conversation_id}"


@dataclass(frozen=True, slots=True)
class Framed:
    """One frame: its text, and of what is in it that which a connection has to know."""

    topic: str
    event: str
    seq: int | None
    text: str
    notice_id: str | None = None  # of notifications, in place of a seq


@dataclass(frozen=True, slots=True)
class Shown:
    """A change as frames: one for everybody, but another for some accounts."""

    seq: int
    frame: Framed
    of: Mapping[UUID, Framed] = field(default_factory=dict[UUID, Framed])

    def to(self, account_id: UUID) -> Framed:
        return self.of.get(account_id, self.frame)


@dataclass(frozen=True, slots=True)
class Reading:
    """What follows a seq: `latest` is how far the conversation has got, `audience` who of the asked may read it."""

    latest: int
    audience: frozenset[UUID]
    changes: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class _Row:
    """All but change_seq are None in the one row of a conversation without changes after the asked one."""

    change_seq: int
    seq: int | None
    kind: ChangeKind | None
    subject_id: UUID | None
    actor_id: UUID | None
    data: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class _Change:
    seq: int
    kind: ChangeKind
    subject_id: UUID | None
    actor_id: UUID
    data: str | None
    at: datetime

    @property
    def about(self) -> About:
        return About(self.kind, self.subject_id)


@dataclass(frozen=True, slots=True)
class _Listener:
    account_id: UUID
    can_write: bool
    file_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class _Attachment:
    message_id: UUID
    file_id: UUID


@dataclass(frozen=True, slots=True)
class _Files:
    """Which files are attached to which message, and who may see which of them."""

    of: Mapping[UUID | None, Sequence[UUID]]
    listeners: Sequence[_Listener]


_list_changes = read("changes.sql", "list_changes", _Row)
_list_audience = read("changes.sql", "list_audience", _Listener)
_list_attachments = read("changes.sql", "list_changed_attachments", _Attachment)


async def read_changes(
    conn: ReadConn, place: Place, *, after: int, accounts: Sequence[UUID]
) -> Reading:
    """Return the next changes as those of the accounts who may see them now are shown them."""
    rows = await fetch(conn, _list_changes, **_ids(place), after=after, limit=AT_ONCE)
    changes = [change for row in rows if (change := _change(row)) is not None]
    attached = await _attachments(conn, place, changes)
    file_ids = sorted({file_id for files in attached.values() for file_id in files})
    listeners = await fetch(
        conn, _list_audience, **_ids(place), account_ids=list(accounts), file_ids=file_ids
    )
    audience = frozenset(listener.account_id for listener in listeners)
    shown: list[Shown] = []
    if changes and listeners:
        reader = Scope(listeners[0].account_id, place.workspace_id, "guest")
        about = [change.about for change in changes]
        subjects = await read_subjects(conn, reader, place.conversation_id, of=about)
        files = _Files(attached, listeners)
        shown = [_shown(place, change, subjects, files) for change in changes]
    return Reading(rows[0].change_seq if rows else 0, audience, shown)


def frame(
    topic: str, event: str, data: object, *, seq: int | None = None, notice_id: str | None = None
) -> Framed:
    """Return one frame as it is sent."""
    told = {"topic": topic, "seq": seq, "event": event, "data": data}
    # asyncpg has a class of its own for ids.
    text = orjson.dumps(told, default=str, option=orjson.OPT_UTC_Z).decode()
    return Framed(topic, event, seq, text, notice_id)


def gap(place: Place, *, latest: int) -> Framed:
    """Return the frame for who is too far behind: read it again, and go on from `latest`."""
    refetch = f"/api/v1/conversations/{place.conversation_id}"
    return frame(place.topic, "gap", {"refetch": refetch}, seq=latest)


async def _attachments(
    conn: ReadConn, place: Place, changes: Sequence[_Change]
) -> dict[UUID | None, list[UUID]]:
    message_ids = ids_of([change.about for change in changes], OF_MESSAGES)
    found: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
    if message_ids:
        named = {"workspace_id": place.workspace_id, "message_ids": message_ids}
        for row in await fetch(conn, _list_attachments, **named):
            found[row.message_id].append(row.file_id)
    return dict(found)


def _shown(place: Place, change: _Change, subjects: Subjects, files: _Files) -> Shown:
    whole = frame(place.topic, change.kind, _told(change, subjects), seq=change.seq)
    if change.kind in OF_ONES_OWN:
        skipped = frame(place.topic, SKIPPED, {}, seq=change.seq)
        return Shown(change.seq, skipped, {change.actor_id: whole})
    if change.kind not in OF_MESSAGES or change.subject_id not in files.of:
        return Shown(change.seq, whole)
    own: dict[UUID, Framed] = {}
    for listener in files.listeners:
        seen = [file_id for file_id in files.of[change.subject_id] if file_id in listener.file_ids]
        mine = _told(change, subjects, attachments=seen)
        own[listener.account_id] = frame(place.topic, change.kind, mine, seq=change.seq)
    return Shown(change.seq, whole, own)


def _told(
    change: _Change, subjects: Subjects, *, attachments: Sequence[UUID] = ()
) -> dict[str, object]:
    """Return the data of a change's frame."""
    told = subjects.tell(change.about, attachments=attachments)
    more: dict[str, object] = orjson.loads(change.data) if change.data else {}
    return {"actor_id": change.actor_id, "at": change.at, **told, **more}


def _change(row: _Row) -> _Change | None:
    if row.seq is None or row.kind is None or row.actor_id is None or row.at is None:
        return None
    return _Change(row.seq, row.kind, row.subject_id, row.actor_id, row.data, row.at)


def _ids(place: Place) -> dict[str, object]:
    return {"workspace_id": place.workspace_id, "conversation_id": place.conversation_id}
