"""Saved searches for tests, and what was written about them."""

from typing import Any
from uuid import UUID

import asyncpg

from core.ids import new_id
from core.scope import Scope


async def save_search(
    owner: asyncpg.Connection, scope: Scope, q: str, *, webhook_url: str | None = None, **given: Any
) -> UUID:
    """Keep a search of the scope's account."""
    search_id = new_id()
    await owner.execute(
        "INSERT INTO saved_search (workspace_id, id, account_id, name, q, type, lang, tz, webhook_url, webhook_id)"
        " VALUES ($1, $2, $3, $4, $4, $5, $6, 'UTC', $7, $8)",
        scope.workspace_id, search_id, scope.account_id, q, given.get("type"), given.get("lang"), webhook_url,
        new_id() if webhook_url else None,
    )  # fmt: skip
    return search_id


async def reported(owner: asyncpg.Connection, search_id: UUID) -> list[UUID]:
    """What a search was told of: messages and file versions."""
    rows = await owner.fetch(
        "SELECT subject_id FROM saved_search_match WHERE saved_search_id = $1 ORDER BY subject_id",
        search_id,
    )
    return [row["subject_id"] for row in rows]
