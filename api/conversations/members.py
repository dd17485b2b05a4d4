"""Who takes part in a conversation: let in, change what somebody may do, hand over, remove, leave.

An owner decides who takes part; a writer posts, edits, pins; a reader reads, marks as read, and reacts. There is one
owner, who leaves only after handing over. Who may do what is decided by readable() and the grants behind it.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.conversations.posting import note
from api.conversations.seen import find_conversation, find_owned
from api.deps import Api, ApiDep, PathId, ScopeDep
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.sharing import (
    GrantBody,
    GrantRole,
    find_principal,
    list_grants,
    remove_grant,
    set_grant,
)
from api.wire import Answer, Body, ListPage
from core.changes import ring_change
from core.errors import Conflict, NotFound
from core.events import nudge
from core.ids import new_id
from core.scope import Scope
from search.index import index_seq_raised
from search.notices import Happening, notice_topic, tell
from sql import execute, fetch, read, write
from sql.pool import Conn, ReadConn

router = APIRouter(prefix="/conversations/{conversation_id}/members", tags=["Members"])


class ParticipantRoleBody(Body):
    """`owner` hands the conversation over; the former owner stays as a writer."""

    role: Literal["owner", "writer", "reader"]


class ParticipantAnswer(Answer):
    """`read_seq` says up to which message the person has read; None where nothing was marked, and for the workspace."""

    principal_id: UUID
    name: str
    email: str | None
    role: GrantRole
    created_at: datetime
    read_seq: int | None


@dataclass(frozen=True, slots=True)
class _Participant:
    principal_id: UUID
    name: str
    email: str | None
    role: GrantRole
    created_at: datetime
    read_seq: int | None


Participants = ListPage[ParticipantAnswer]
_list_participants = read("members.sql", "list_participants", _Participant)
_hand_over = write("members.sql", "hand_over")


@router.get("", summary="Who may see a conversation, and how far they have read")
async def list_members(conversation_id: PathId, scope: ScopeDep, api: ApiDep) -> Participants:
    async with api.resources.app.read_tx(scope) as conn:
        await find_conversation(conn, scope, conversation_id)
        return await _page(conn, scope, conversation_id)


@router.post(
    "",
    status_code=201,
    summary="Let a person, or the workspace, into a conversation",
    response_model=Participants,
)
async def add_member(
    conversation_id: PathId,
    request: Request,
    body: GrantBody,
    scope: ScopeDep,
    api: ApiDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    told: list[UUID] = []

    async def let_in(conn: Conn) -> Answered:
        who = await _begin_change(conn, scope, conversation_id, principal=body.principal)
        if who in await _principals(conn, scope, conversation_id):
            raise Conflict("Takes part already; change the role instead.")
        await _let_in(conn, scope, conversation_id, who=who, body=body)
        told.append(who)
        return Answered(201, (await _page(conn, scope, conversation_id)).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=let_in)
    for who in told:
        await _tell_change(api, conversation_id, who)
    return answered.response()


@router.put("", summary="Share a conversation, or change what someone may do")
async def set_member(
    conversation_id: PathId, body: GrantBody, scope: ScopeDep, api: ApiDep
) -> Participants:
    async with _changing(api, scope, conversation_id, principal=body.principal) as (conn, who):
        await _let_in(conn, scope, conversation_id, who=who, body=body)
        return await _page(conn, scope, conversation_id)


@router.patch("/{principal}", summary="Change what someone may do, or hand the conversation over")
async def change_member(
    conversation_id: PathId,
    principal: str,
    body: ParticipantRoleBody,
    scope: ScopeDep,
    api: ApiDep,
) -> Participants:
    async with _changing(api, scope, conversation_id, principal=principal) as (conn, who):
        if who not in await _principals(conn, scope, conversation_id):
            raise NotFound("No such member.")
        if body.role == "owner":
            await _give_away(conn, scope, conversation_id, to=who)
        else:
            grant = GrantBody(principal=principal, role=body.role)
            await set_grant(conn, scope, item_id=conversation_id, body=grant)
        return await _page(conn, scope, conversation_id)


@router.delete("/{principal}", status_code=204, summary="Remove someone, or leave")
async def remove_member(
    conversation_id: PathId, principal: str, scope: ScopeDep, api: ApiDep
) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        found = await find_conversation(conn, scope, conversation_id)
        who = await find_principal(conn, scope, principal)
        if found.is_owner and who == scope.account_id:
            raise Conflict("The owner leaves after handing the conversation over.")
        await note(conn, scope, conversation_id, kind="member.changed", subject_id=who)
        await remove_grant(conn, scope, item_id=conversation_id, principal=principal)
        await index_seq_raised(conn, scope.workspace_id)
    await ring_change(api.resources.redis, conversation_id)


@asynccontextmanager
async def _changing(
    api: Api, scope: Scope, conversation_id: UUID, *, principal: str
) -> AsyncGenerator[tuple[Conn, UUID]]:
    """Open what the owner of a conversation does to a principal: noted first, told after the commit."""
    async with api.resources.app.write_tx(scope) as conn:
        who = await _begin_change(conn, scope, conversation_id, principal=principal)
        yield conn, who
    await _tell_change(api, conversation_id, who)


async def _begin_change(conn: Conn, scope: Scope, conversation_id: UUID, *, principal: str) -> UUID:
    """Note that the owner changes something for a principal; return whom."""
    await find_owned(conn, scope, conversation_id)
    who = await find_principal(conn, scope, principal)
    await note(conn, scope, conversation_id, kind="member.changed", subject_id=who)
    return who


async def _tell_change(api: Api, conversation_id: UUID, who: UUID) -> None:
    await ring_change(api.resources.redis, conversation_id)
    await nudge(api.resources.redis, notice_topic(who))


async def _let_in(
    conn: Conn, scope: Scope, conversation_id: UUID, *, who: UUID, body: GrantBody
) -> None:
    """Give a principal a role; a person who did not take part is told of it."""
    is_new = who not in await _principals(conn, scope, conversation_id)
    await set_grant(conn, scope, item_id=conversation_id, body=body)
    await index_seq_raised(conn, scope.workspace_id, shown=conversation_id)
    if is_new and who != scope.workspace_id:
        again = new_id()  # who was removed and is let in again is told again
        event = Happening("invited", conversation_id, subject_id=again, actor_id=scope.account_id)
        await tell(conn, scope.workspace_id, event, account_ids=[who])


async def _give_away(conn: Conn, scope: Scope, conversation_id: UUID, *, to: UUID) -> None:
    named = {**scope.ids, "conversation_id": conversation_id, "principal_id": to}
    if to != scope.account_id and not await execute(conn, _hand_over, **named):
        raise Conflict("Only a person who is more than a guest of the workspace can own it.")


async def _page(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Participants:
    found = await fetch(conn, _list_participants, **scope.ids, conversation_id=conversation_id)
    return Participants.model_validate({"items": found, "next_cursor": None})


async def _principals(conn: ReadConn, scope: Scope, conversation_id: UUID) -> Sequence[UUID]:
    return [grant.principal_id for grant in await list_grants(conn, scope, item_id=conversation_id)]
