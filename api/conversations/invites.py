"""Links that let members of the workspace into a conversation, for some days and some uses; shown once, revoked at will.

The link holds 32 random bytes, of which the hash is kept. To whom the workspace is closed, a link is none at all.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.conversations.posting import note
from api.conversations.seen import find_owned
from api.deps import ApiDep, PathId, ScopeDep
from api.sharing import GrantRole
from api.wire import Answer, Body, ListPage
from core.changes import ring_change
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.scope import Role, Scope
from search.index import index_seq_raised
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, Pool

router = APIRouter(tags=["Members"])

TOKEN_BYTES: Final = 32
MOST_INVITES: Final = 100  # of one conversation, at a time
InviteRole = Literal["writer", "reader"]
_DAYS: Final = 24
_NO_LINK: Final = "No such link, or it was used up or has expired."


class InviteBody(Body):
    role: InviteRole = "reader"
    hours: Annotated[int, Field(ge=1, le=90 * _DAYS, description="Until it expires")] = 7 * _DAYS
    uses: Annotated[int, Field(ge=1, le=1000, description="How many it lets in")] = 10


class InviteAnswer(Answer):
    id: UUID
    role: InviteRole
    created_at: datetime
    expires_at: datetime
    uses_left: int


class NewInviteAnswer(InviteAnswer):
    """`token` is told this once; `open` is the page's own link with it."""

    token: str
    open: str


class JoinedAnswer(Answer):
    """Where the link has led; `role` is what the person may do there now."""

    workspace_id: UUID
    conversation_id: UUID
    role: GrantRole


@dataclass(frozen=True, slots=True)
class _Invite:
    id: UUID
    role: InviteRole
    created_at: datetime
    expires_at: datetime
    uses_left: int


@dataclass(frozen=True, slots=True)
class _Count:
    invites: int


@dataclass(frozen=True, slots=True)
class _Invited:
    workspace_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class _Locked:
    """An invite that is being used; `held` is the role that its user has already."""

    id: UUID
    conversation_id: UUID
    role: InviteRole
    uses_left: int
    held: GrantRole | None


_create_invite = write("members.sql", "create_invite", _Invite)
_count_invites = read("members.sql", "count_invites", _Count)
_list_invites = read("members.sql", "list_invites", _Invite)
_revoke_invite = write("members.sql", "revoke_invite")
_find_invited = read("members.sql", "find_invited", _Invited)
_lock_invite = read("members.sql", "lock_invite", _Locked)
_use_invite = write("members.sql", "use_invite")


@router.get(
    "/conversations/{conversation_id}/invites", summary="Links that let others in, as its owner"
)
async def list_invites(
    conversation_id: PathId, scope: ScopeDep, api: ApiDep
) -> ListPage[InviteAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        await find_owned(conn, scope, conversation_id)
        rows = await fetch(
            conn,
            _list_invites,
            workspace_id=scope.workspace_id,
            conversation_id=conversation_id,
        )
    return ListPage[InviteAnswer].model_validate({"items": rows, "next_cursor": None})


@router.post(
    "/conversations/{conversation_id}/invites",
    status_code=201,
    summary="Make a link that lets members of the workspace in",
)
async def create_invite(
    conversation_id: PathId, scope: ScopeDep, api: ApiDep, body: InviteBody | None = None
) -> NewInviteAnswer:
    wanted, token = body or InviteBody(), secrets.token_urlsafe(TOKEN_BYTES)
    named = {"workspace_id": scope.workspace_id, "conversation_id": conversation_id}
    async with api.resources.app.write_tx(scope) as conn:
        await find_owned(conn, scope, conversation_id)
        if (await fetch_one(conn, _count_invites, **named)).invites >= MOST_INVITES:
            raise Conflict(f"A conversation has at most {MOST_INVITES} links; revoke one.")
        made = await fetch_one(
            conn,
            _create_invite,
            **scope.ids,
            id=new_id(),
            conversation_id=conversation_id,
            token_hash=_hash(token),
            role=wanted.role,
            hours=wanted.hours,
            uses=wanted.uses,
        )
    answer = InviteAnswer.model_validate(made)
    return NewInviteAnswer(**answer.model_dump(), token=token, open=f"/#/join/{token}")


@router.delete(
    "/conversations/{conversation_id}/invites/{invite_id}",
    status_code=204,
    summary="Revoke a link; whom it let in stays",
)
async def revoke_invite(
    conversation_id: PathId, invite_id: PathId, scope: ScopeDep, api: ApiDep
) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        await find_owned(conn, scope, conversation_id)
        named = {"workspace_id": scope.workspace_id, "conversation_id": conversation_id}
        if not await execute(conn, _revoke_invite, **named, id=invite_id):
            raise NotFound("No such link.")


@router.post("/invites/{token}/accept", summary="Take part by a link")
async def accept_invite(token: str, scope: ScopeDep, api: ApiDep) -> JoinedAnswer:
    there = await _scope_of(api.resources.signin, scope.account_id, token=token)
    async with api.resources.app.write_tx(there) as conn:
        joined = await _use(conn, there, token=token)
    await ring_change(api.resources.redis, joined.conversation_id)
    return joined


async def _scope_of(signin: Pool, account_id: UUID, *, token: str) -> Scope:
    """Return the Scope in which the link is used: that of its workspace, for who belongs there."""
    async with signin.autocommit() as conn:
        found = await fetch_opt(conn, _find_invited, account_id=account_id, token_hash=_hash(token))
    if found is None:
        raise NotFound(_NO_LINK)
    return Scope(account_id, found.workspace_id, found.role)


async def _use(conn: Conn, scope: Scope, *, token: str) -> JoinedAnswer:
    """Let the caller in; who may do as much already uses nothing up."""
    invite = await fetch_opt(conn, _lock_invite, **scope.ids, token_hash=_hash(token))
    if invite is None:
        raise NotFound(_NO_LINK)
    role = invite.held
    if role is None or (role == "reader" and invite.role == "writer"):
        if not invite.uses_left:
            raise NotFound(_NO_LINK)
        role = invite.role
        found_id, me = invite.conversation_id, scope.account_id
        await note(conn, scope, found_id, kind="member.changed", subject_id=me)
        await execute(conn, _use_invite, **scope.ids, id=invite.id)
        await index_seq_raised(conn, scope.workspace_id, shown=invite.conversation_id)
    return JoinedAnswer(
        workspace_id=scope.workspace_id, conversation_id=invite.conversation_id, role=role
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
