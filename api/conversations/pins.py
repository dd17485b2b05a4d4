"""Pinned messages of a conversation: set by its owner and writers, seen by all who read it, found by is:pinned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter

from api.conversations.posting import note
from api.conversations.reading import find_message
from api.conversations.seen import find_conversation, find_writable
from api.deps import Api, ApiDep, PathId, ScopeDep
from api.wire import Answer, ListPage
from core.changes import ring_change
from core.errors import Conflict
from core.scope import Scope
from search.index import index_seq_raised
from sql import execute, fetch, read, write

router = APIRouter(tags=["Messages"])

MOST_PINS: Final = 100  # of one conversation
EXCERPT: Final = 300  # characters


class PinAnswer(Answer):
    message_id: UUID
    seq: int
    author: str
    excerpt: str
    pinned_by: str
    pinned_at: datetime


@dataclass(frozen=True, slots=True)
class _Pin:
    message_id: UUID
    seq: int
    author: str
    excerpt: str
    pinned_by: str
    pinned_at: datetime


_list_pins = read("mark.sql", "list_pins", _Pin)
_pin_message = write("mark.sql", "pin_message")
_unpin_message = write("mark.sql", "unpin_message")
_index_pin = write("mark.sql", "index_pin")


@router.get(
    "/conversations/{conversation_id}/pins", summary="Pinned messages, the last pinned first"
)
async def list_pins(conversation_id: PathId, scope: ScopeDep, api: ApiDep) -> ListPage[PinAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        await find_conversation(conn, scope, conversation_id)
        bounds = {"excerpt": EXCERPT, "most": MOST_PINS}
        named = {**scope.ids, "conversation_id": conversation_id}
        rows = await fetch(conn, _list_pins, **named, **bounds)
    return ListPage[PinAnswer].model_validate({"items": rows, "next_cursor": None})


@router.put("/messages/{message_id}/pin", status_code=204, summary="Pin a message")
async def pin_message(message_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    await _set(api, scope, message_id, is_pinned=True)


@router.delete("/messages/{message_id}/pin", status_code=204, summary="Unpin a message")
async def unpin_message(message_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    await _set(api, scope, message_id, is_pinned=False)


async def _set(api: Api, scope: Scope, message_id: UUID, *, is_pinned: bool) -> None:
    named = {**scope.ids, "message_id": message_id}
    async with api.resources.app.write_tx(scope) as conn:
        message = await find_message(conn, scope, message_id)
        talk = message.conversation_id
        await find_writable(conn, scope, talk)
        if is_pinned and message.deleted_at is not None:
            raise Conflict("The message was deleted.")
        await note(conn, scope, talk, kind="pin.changed", subject_id=message_id)
        if not is_pinned:
            await execute(conn, _unpin_message, **named)
        elif not await execute(conn, _pin_message, **named, most=MOST_PINS):
            raise Conflict(f"A conversation has at most {MOST_PINS} pinned messages; unpin one.")
        passages = {"workspace_id": scope.workspace_id, "message_id": message_id}
        await execute(conn, _index_pin, **passages, is_pinned=is_pinned)
        await index_seq_raised(conn, scope.workspace_id)
    await ring_change(api.resources.redis, talk)
