"""How far I have read conversations, what is new in them, and which of them are to be quiet.

A marker never goes back; others see it among the members. Who posts has read what stands before.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.conversations.posting import note
from api.conversations.seen import find_conversation
from api.deps import ApiDep, PathId, ScopeDep
from api.wire import Answer, Body
from core.changes import ring_change
from core.scope import Scope
from sql import execute, fetch_opt, read, write
from sql.pool import ReadConn

router = APIRouter(prefix="/conversations/{conversation_id}", tags=["Members"])


class MarkerBody(Body):
    seq: Annotated[int, Field(ge=0, lt=2**63, description="That of the last message read")]


class QuietBody(Body):
    is_quiet: Annotated[bool, Field(description="Nothing of it goes out by e-mail or push")]


class MarkerAnswer(Answer):
    """`unread` counts what others wrote after `read_seq`, among the next 100 messages."""

    read_seq: int
    unread: int
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`wanted_seq` is what was asked for, or the latest message's where that is less."""

    read_seq: int
    wanted_seq: int


_find_marker = read("marker.sql", "find_marker", _Wanted)
_raise_marker = write("marker.sql", "raise_marker")
_set_quiet = write("marker.sql", "set_quiet")


@router.put("/read", summary="Mark a conversation as read up to a message")
async def mark_read(
    conversation_id: PathId, body: MarkerBody, scope: ScopeDep, api: ApiDep
) -> MarkerAnswer:
    named = {**scope.ids, "conversation_id": conversation_id}
    async with api.resources.app.write_tx(scope) as conn:
        found = await fetch_opt(conn, _find_marker, **named, seq=body.seq)
        rises = found is not None and found.wanted_seq > found.read_seq
        if found is not None and rises:
            # Noted first: who posts locks the conversation before his marker, too.
            me = scope.account_id
            await note(conn, scope, conversation_id, kind="read.changed", subject_id=me)
            await execute(conn, _raise_marker, **named, seq=found.wanted_seq)
        answer = await _answer(conn, scope, conversation_id)
    if rises:
        await ring_change(api.resources.redis, conversation_id)
    return answer


@router.put("/quiet", summary="Have a conversation be quiet, or not any more")
async def set_quiet(
    conversation_id: PathId, body: QuietBody, scope: ScopeDep, api: ApiDep
) -> MarkerAnswer:
    named = {**scope.ids, "conversation_id": conversation_id}
    async with api.resources.app.write_tx(scope) as conn:
        await find_conversation(conn, scope, conversation_id)
        await note(conn, scope, conversation_id, kind="own.changed", subject_id=scope.account_id)
        await execute(conn, _set_quiet, **named, is_quiet=body.is_quiet)
        answer = await _answer(conn, scope, conversation_id)
    await ring_change(api.resources.redis, conversation_id)
    return answer


async def _answer(conn: ReadConn, scope: Scope, conversation_id: UUID) -> MarkerAnswer:
    return MarkerAnswer.model_validate(await find_conversation(conn, scope, conversation_id))
