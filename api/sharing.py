"""Grants on an item, a conversation or a file: who else may see it or write to it. Only its owner decides.

A principal is written as an account's id or e-mail address, or as the workspace (its id or the word "workspace").
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.deps import Api
from api.wire import Answer, Body, Text
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import parse_id
from core.scope import Scope
from search.index import index_seq_raised
from sql import execute, fetch, fetch_opt, read, write
from sql.changes import note_departure
from sql.pool import Conn, ReadConn

GrantRole = Literal["owner", "writer", "reader"]


class GrantBody(Body):
    principal: Annotated[Text, Field(description='Account id, e-mail address, or "workspace"')]
    role: Literal["writer", "reader"] = "reader"


class GrantAnswer(Answer):
    principal_id: UUID
    name: str
    email: str | None
    role: GrantRole
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """`email` is None for the workspace."""

    principal_id: UUID
    name: str
    email: str | None
    role: GrantRole
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Colleague:
    account_id: UUID


@dataclass(frozen=True, slots=True)
class _Principal:
    principal_id: UUID


_list_grants = read("sharing.sql", "list_grants", Grant)
_set_grant = write("sharing.sql", "set_grant", _Principal)
_remove_grant = write("sharing.sql", "remove_grant", _Principal)
_remove_grants = write("sharing.sql", "remove_grants")
_remove_markers = write("sharing.sql", "remove_markers")
_find_colleague = read("sharing.sql", "find_colleague", _Colleague)


async def list_grants(conn: ReadConn, scope: Scope, *, item_id: UUID) -> list[Grant]:
    """Return who may see the item, its owner first; an item that the caller may not see is NotFound."""
    grants = await fetch(conn, _list_grants, **scope.ids, item_id=item_id)
    if not grants:
        raise NotFound("No such resource.")
    return grants


async def set_grant(conn: Conn, scope: Scope, *, item_id: UUID, body: GrantBody) -> list[Grant]:
    """Let a principal in, or change what it may do; the caller has found the item to be his own."""
    principal_id = await find_principal(conn, scope, body.principal)
    done = await fetch_opt(
        conn,
        _set_grant,
        **scope.ids,
        item_id=item_id,
        principal_id=principal_id,
        role=body.role,
    )
    if done is None:
        raise Conflict(
            "The owner's own access stays; anyone else must be a member of the workspace."
        )
    return await list_grants(conn, scope, item_id=item_id)


async def remove_grant(conn: Conn, scope: Scope, *, item_id: UUID, principal: str) -> None:
    """Take a grant away: by the owner, or one's own."""
    principal_id = await find_principal(conn, scope, principal)
    done = await fetch_opt(
        conn, _remove_grant, **scope.ids, item_id=item_id, principal_id=principal_id
    )
    if done is None:
        raise NotFound("No such grant that you may take away.")


async def end_access(api: Api, scope: Scope, workspace_id: UUID, *, account_id: UUID) -> list[UUID]:
    """Take away all that a person was let into in a workspace; return the conversations that are told of it."""
    there = Scope(scope.account_id, workspace_id, "admin")
    async with api.resources.app.write_tx(there) as conn:
        talks = await note_departure(
            conn, workspace_id, account_id=account_id, actor_id=scope.account_id
        )
        await execute(conn, _remove_grants, workspace_id=workspace_id, principal_id=account_id)
        await execute(conn, _remove_markers, workspace_id=workspace_id, account_id=account_id)
        await index_seq_raised(conn, workspace_id)
    return talks


async def find_principal(conn: ReadConn, scope: Scope, text: str) -> UUID:
    """Return the account or workspace that is named; InvalidInput for an address that is no member's."""
    if text == "workspace":
        return scope.workspace_id
    if "@" not in text:
        return parse_id(text, what="principal")
    found = await fetch_opt(
        conn, _find_colleague, workspace_id=scope.workspace_id, email=text.strip()
    )
    if found is None:
        raise InvalidInput.of("principal", "is no member of this workspace; add the person first")
    return found.account_id
