"""Rows for tests, made as the owner of the tables: people, conversations, shared items."""

from uuid import UUID

import asyncpg

from core.ids import new_id
from core.scope import Role, Scope


async def make_scope(owner: asyncpg.Connection, name: str = "ada") -> Scope:
    """Make an account with its personal workspace; the password is not usable."""
    account_id, workspace_id = new_id(), new_id()
    await owner.execute(
        "INSERT INTO account (id, email, name, password_hash, personal_workspace_id) VALUES ($1, $2, $3, '-', $4)",
        account_id, f"{name}-{account_id}@example.org", name, workspace_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO workspace (id, name, kind) VALUES ($1, $2, 'personal')", workspace_id, name
    )
    await make_membership(owner, Scope(account_id, workspace_id, "owner"), "owner")
    return Scope(account_id, workspace_id, "owner")


async def make_membership(owner: asyncpg.Connection, scope: Scope, role: Role = "member") -> Scope:
    """Let the account of `scope` into its workspace."""
    await owner.execute(
        "INSERT INTO membership (workspace_id, account_id, role) VALUES ($1, $2, $3)",
        scope.workspace_id, scope.account_id, role,
    )  # fmt: skip
    return Scope(scope.account_id, scope.workspace_id, role)


async def make_colleague(
    owner: asyncpg.Connection, of: Scope, name: str = "bob", role: Role = "member"
) -> Scope:
    """Make another account that is a member of the same workspace."""
    other = await make_scope(owner, name)
    return await make_membership(owner, Scope(other.account_id, of.workspace_id, role), role)


async def make_conversation(owner: asyncpg.Connection, scope: Scope, title: str = "") -> UUID:
    """Make a conversation of the account of `scope`, with nothing in it."""
    talk = new_id()
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'conversation', $3, $4)",
        scope.workspace_id, talk, scope.account_id, title,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        scope.workspace_id, talk, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO conversation (workspace_id, id) VALUES ($1, $2)", scope.workspace_id, talk
    )
    return talk
