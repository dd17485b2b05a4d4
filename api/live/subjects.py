"""What changes are about, as it is now: one statement for each sort of subject that occurs among them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from api.conversations.reading import MessageAnswer, find_messages
from core.changes import ChangeKind
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

OF_MESSAGES: Final = frozenset({"message.created", "message.edited", "message.deleted"})
_OF_TITLES: Final = frozenset({"conversation.updated", "conversation.restored"})
_OF_MEMBERS: Final = frozenset({"member.changed"})
_OF_RUNS: Final = frozenset({"run.started", "run.ended"})
_OF_MARKS: Final = frozenset({"read.changed"})
_OF_REACTIONS: Final = frozenset({"reaction.changed"})
_OF_PINS: Final = frozenset({"pin.changed"})
OF_ONES_OWN: Final = frozenset({"leaf.changed", "own.changed"})  # told to their person alone


@dataclass(frozen=True, slots=True)
class About:
    """A change's kind and subject."""

    kind: ChangeKind
    subject_id: UUID | None


@dataclass(frozen=True, slots=True)
class Title:
    title: str
    owner_id: UUID
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    id: UUID
    state: str
    model: str
    prompt_message_id: UUID
    reply_message_id: UUID | None


@dataclass(frozen=True, slots=True)
class Reaction:
    message_id: UUID
    emoji: str
    account_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class _Member:
    principal_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class _Mark:
    account_id: UUID
    read_seq: int


@dataclass(frozen=True, slots=True)
class _Pin:
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Subjects:
    """By id; what is not there any more is missing."""

    conversation_id: UUID
    messages: Mapping[UUID, MessageAnswer]
    title: Title | None
    roles: Mapping[UUID, str]
    runs: Mapping[UUID, Run]
    marks: Mapping[UUID, int]
    reactions: Mapping[UUID, Sequence[Reaction]]
    pinned: AbstractSet[UUID]

    def tell(self, about: About, *, attachments: Sequence[UUID] = ()) -> dict[str, object]:
        """Return what a frame says of a subject, which shows these of its attachments."""
        kind, subject_id = about.kind, about.subject_id
        if subject_id is None:
            return {}
        if kind in OF_MESSAGES and subject_id in self.messages:
            message = self.messages[subject_id].model_dump(exclude={"reactions"})  # own ones differ
            return {"message": {**message, "attachments": attachments}}
        if kind in _OF_TITLES and self.title is not None:
            return {"conversation": {"id": subject_id, **_fields(self.title)}}
        if kind in _OF_RUNS and subject_id in self.runs:
            return {"run": _fields(self.runs[subject_id])}
        return self._tell_of_people(kind, subject_id)

    def _tell_of_people(self, kind: ChangeKind, subject_id: UUID) -> dict[str, object]:
        if kind in _OF_MEMBERS:
            owner_id = None if self.title is None else self.title.owner_id
            role = self.roles.get(subject_id)
            read_seq = self.marks.get(subject_id)
            who: dict[str, object] = {"principal_id": subject_id, "role": role}
            return {**who, "read_seq": read_seq, "owner_id": owner_id}
        if kind in _OF_MARKS:
            return {"account_id": subject_id, "read_seq": self.marks.get(subject_id, 0)}
        if kind in _OF_REACTIONS:
            given = self.reactions.get(subject_id, ())
            shown = [{"emoji": one.emoji, "account_ids": one.account_ids} for one in given]
            return {"message_id": subject_id, "reactions": shown}
        if kind in _OF_PINS:
            return {"message_id": subject_id, "pinned": subject_id in self.pinned}
        if kind in OF_ONES_OWN:  # where a branch ends depends on what was written since: it is read
            return {"refetch": f"/api/v1/conversations/{self.conversation_id}"}
        return {"subject_id": subject_id}


_find_title = read("changes.sql", "find_title", Title)
_list_members = read("changes.sql", "list_changed_members", _Member)
_list_runs = read("changes.sql", "list_changed_runs", Run)
_list_marks = read("changes.sql", "list_changed_marks", _Mark)
_list_reactions = read("changes.sql", "list_changed_reactions", Reaction)
_list_pins = read("changes.sql", "list_changed_pins", _Pin)


async def read_subjects(
    conn: ReadConn, reader: Scope, conversation_id: UUID, *, of: Sequence[About]
) -> Subjects:
    """Return what the changes are about; the reader is one who may read the conversation."""
    named = {**reader.ids, "conversation_id": conversation_id}
    messages = await find_messages(conn, reader, ids_of(of, OF_MESSAGES))
    members, runs = ids_of(of, _OF_MEMBERS), ids_of(of, _OF_RUNS)
    people = ids_of(of, _OF_MARKS | _OF_MEMBERS)
    liked, pinned = ids_of(of, _OF_REACTIONS), ids_of(of, _OF_PINS)
    titled = any(about.kind in _OF_TITLES | _OF_MEMBERS for about in of)
    roles = await fetch(conn, _list_members, **named, principal_ids=members) if members else []
    found_runs = await fetch(conn, _list_runs, **named, run_ids=runs) if runs else []
    marks = await fetch(conn, _list_marks, **named, people=people) if people else []
    given = await fetch(conn, _list_reactions, **named, message_ids=liked) if liked else []
    pins = await fetch(conn, _list_pins, **named, message_ids=pinned) if pinned else []
    reactions: defaultdict[UUID, list[Reaction]] = defaultdict(list)
    for one in given:
        reactions[one.message_id].append(one)
    return Subjects(
        conversation_id=conversation_id,
        messages={one.id: MessageAnswer.model_validate(one) for one in messages},
        title=await fetch_opt(conn, _find_title, **named) if titled else None,
        roles={one.principal_id: one.role for one in roles},
        runs={one.id: one for one in found_runs},
        marks={one.account_id: one.read_seq for one in marks},
        reactions=reactions,
        pinned={one.message_id for one in pins},
    )


def ids_of(changes: Sequence[About], kinds: AbstractSet[str]) -> list[UUID]:
    """Return the subjects of the changes of these kinds, each once."""
    return sorted({c.subject_id for c in changes if c.kind in kinds and c.subject_id is not None})


def _fields(row: Title | Run) -> dict[str, object]:
    return {field.name: getattr(row, field.name) for field in fields(row)}
