"""Workspaces and who belongs to them. A personal workspace stays its owner's; a shared one has members with roles.

These routes ask for the caller's role in the workspace of the path, not in the one the request acts in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ScopeDep
from api.limits import INVITE
from api.sharing import end_access
from api.wire import Answer, Body, ListPage, Text
from app.accounts import Account, checked_name, record
from core.changes import ring_change
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.events import nudge, rights_topic
from core.ids import new_id
from core.scope import Role, Scope
from sql import execute, fetch, fetch_opt, read, write
from sql.pool import Conn, ReadConn

router = APIRouter(prefix="/workspaces", tags=["Workspaces"])


class WorkspaceBody(Body):
    name: Annotated[Text, Field(max_length=100, examples=["Research"])]


class MemberBody(Body):
    email: Annotated[Text, Field(max_length=254, examples=["bob@example.org"])]
    role: Role = "member"


class RoleBody(Body):
    role: Role


class WorkspaceAnswer(Answer):
    id: UUID
    name: str
    kind: Literal["personal", "shared"]
    role: Role
    created_at: datetime


class MemberAnswer(Answer):
    account_id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace and the role that its reader has in it."""

    id: UUID
    name: str
    kind: Literal["personal", "shared"]
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    account_id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Owner:
    account_id: UUID


_list_workspaces = read("account.sql", "list_workspaces", Workspace)
_find_workspace = read("account.sql", "find_workspace", Workspace)
_create_workspace = write("account.sql", "create_workspace")
_list_members = read("account.sql", "list_members", Member)
_find_member = read("account.sql", "find_member", Member)
_find_account_by_email = read("account.sql", "find_account_by_email", Account)
_set_membership = write("account.sql", "set_membership")
_remove_membership = write("account.sql", "remove_membership")
_lock_owners = write("account.sql", "lock_owners", _Owner)


@router.get("", summary="The workspaces that I belong to")
async def list_workspaces(
    scope: ScopeDep, api: ApiDep, cursor: CursorText = None, limit: Limit = 50
) -> ListPage[WorkspaceAnswer]:
    before = api.cursors.read(scope, "workspaces", cursor=cursor)
    async with api.resources.signin.autocommit() as conn:
        rows = await fetch(
            conn,
            _list_workspaces,
            account_id=scope.account_id,
            before_id=before.id if before else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope, "workspaces", rows=rows, limit=limit, position_of=lambda row: Position("", row.id)
    )
    return ListPage[WorkspaceAnswer].model_validate(page)


@router.post("", status_code=201, summary="Make a shared workspace")
async def create_workspace(body: WorkspaceBody, scope: ScopeDep, api: ApiDep) -> WorkspaceAnswer:
    name, workspace_id = checked_name(body.name, field="name"), new_id()
    async with api.resources.signin.write_tx() as conn:
        await execute(conn, _create_workspace, id=workspace_id, name=name, kind="shared")
        await _let_in(conn, workspace_id, scope.account_id, role="owner")
        await _record(conn, scope, workspace_id, action="workspace.created", object_id=workspace_id)
        made = await _workspace(conn, scope, workspace_id)
    return WorkspaceAnswer.model_validate(made)


@router.get("/{workspace_id}", summary="A workspace, and my role in it")
async def get_workspace(workspace_id: PathId, scope: ScopeDep, api: ApiDep) -> WorkspaceAnswer:
    async with api.resources.signin.autocommit() as conn:
        return WorkspaceAnswer.model_validate(await _workspace(conn, scope, workspace_id))


@router.get("/{workspace_id}/members", summary="Who belongs to a workspace")
async def list_members(
    workspace_id: PathId,
    scope: ScopeDep,
    api: ApiDep,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[MemberAnswer]:
    listing = f"members {workspace_id}"
    after = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.signin.autocommit() as conn:
        await _workspace(conn, scope, workspace_id)
        rows = await fetch(
            conn,
            _list_members,
            workspace_id=workspace_id,
            after_id=after.id if after else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope, listing, rows=rows, limit=limit, position_of=lambda row: Position("", row.account_id)
    )
    return ListPage[MemberAnswer].model_validate(page)


@router.post("/{workspace_id}/members", status_code=201, summary="Let a person in, by e-mail")
async def add_member(
    workspace_id: PathId, body: MemberBody, scope: ScopeDep, api: ApiDep
) -> MemberAnswer:
    await api.limits.take(INVITE, str(scope.account_id))
    async with api.resources.signin.write_tx() as conn:
        await _require_power(conn, scope, workspace_id, over=body.role)
        account = await fetch_opt(conn, _find_account_by_email, email=body.email.strip())
        if account is None:
            raise InvalidInput.of(
                "email", "belongs to no account here; the person must register first"
            )
        if await _member(conn, workspace_id, account.id) is not None:
            raise Conflict("This person is a member already; change the role instead.")
        await _let_in(conn, workspace_id, account.id, role=body.role)
        await _record(conn, scope, workspace_id, action="member.added", object_id=account.id)
        added = await _member(conn, workspace_id, account.id)
    return MemberAnswer.model_validate(added)


@router.patch("/{workspace_id}/members/{account_id}", summary="Change what a member may do")
async def change_role(
    workspace_id: PathId, account_id: PathId, body: RoleBody, scope: ScopeDep, api: ApiDep
) -> MemberAnswer:
    async with api.resources.signin.write_tx() as conn:
        await _require_power(conn, scope, workspace_id, over=body.role)
        await _require_replaceable(conn, scope, workspace_id, account_id=account_id)
        await _let_in(conn, workspace_id, account_id, role=body.role)
        await _record(conn, scope, workspace_id, action="member.changed", object_id=account_id)
        changed = await _member(conn, workspace_id, account_id)
    await nudge(api.resources.redis, rights_topic(account_id))
    return MemberAnswer.model_validate(changed)


@router.delete(
    "/{workspace_id}/members/{account_id}", status_code=204, summary="Remove a member, or leave"
)
async def remove_member(
    workspace_id: PathId, account_id: PathId, scope: ScopeDep, api: ApiDep
) -> None:
    async with api.resources.signin.write_tx() as conn:
        if account_id == scope.account_id:
            await _workspace(conn, scope, workspace_id)
        else:
            await _require_power(conn, scope, workspace_id, over="member")
        await _require_replaceable(conn, scope, workspace_id, account_id=account_id)
        # By another role of the database, so a transaction of its own; first, for what fails then leaves a member with less.
        talks = await end_access(api, scope, workspace_id, account_id=account_id)
        await execute(conn, _remove_membership, workspace_id=workspace_id, account_id=account_id)
        await _record(conn, scope, workspace_id, action="member.removed", object_id=account_id)
    await nudge(api.resources.redis, rights_topic(account_id))
    for talk in talks:
        await ring_change(api.resources.redis, talk)


async def _workspace(conn: ReadConn, scope: Scope, workspace_id: UUID) -> Workspace:
    found = await fetch_opt(
        conn, _find_workspace, account_id=scope.account_id, workspace_id=workspace_id
    )
    if found is None:
        raise NotFound("No such workspace.")
    return found


async def _member(conn: ReadConn, workspace_id: UUID, account_id: UUID) -> Member | None:
    return await fetch_opt(conn, _find_member, workspace_id=workspace_id, account_id=account_id)


async def _require_power(conn: Conn, scope: Scope, workspace_id: UUID, *, over: Role) -> None:
    """Require the role admin there, and owner for giving the role owner; a personal workspace has no members."""
    workspace = await _workspace(conn, scope, workspace_id)
    there = Scope(scope.account_id, workspace_id, workspace.role)
    there.require("owner" if over == "owner" else "admin")
    if workspace.kind == "personal":
        raise Conflict("A personal workspace has no other members; make a shared one.")


async def _require_replaceable(
    conn: Conn, scope: Scope, workspace_id: UUID, *, account_id: UUID
) -> None:
    """Require that the member exists, that only owners touch owners, and that one owner remains."""
    owners = [row.account_id for row in await fetch(conn, _lock_owners, workspace_id=workspace_id)]
    if await _member(conn, workspace_id, account_id) is None:
        raise NotFound("No such member.")
    if account_id not in owners:
        return
    if scope.account_id not in owners:
        raise Forbidden("Only an owner may change an owner.")
    if len(owners) == 1:
        raise Conflict("A workspace keeps at least one owner; make somebody else owner first.")


async def _let_in(conn: Conn, workspace_id: UUID, account_id: UUID, *, role: Role) -> None:
    await execute(
        conn, _set_membership, workspace_id=workspace_id, account_id=account_id, role=role
    )


async def _record(
    conn: Conn, scope: Scope, workspace_id: UUID, *, action: str, object_id: UUID
) -> None:
    await record(
        conn, workspace_id, account_id=scope.account_id, action=action, object_id=object_id
    )
