"""How much a workspace may hold: its stored files, equal bytes once, and what resumable uploads have reserved.

Whoever takes room waits for the others of the workspace, to the end of their transactions, and counts then: fifty who want
the last byte are fifty in a row, and one gets it. Without WORKSPACE_QUOTA_BYTES nothing is counted.
"""

from dataclasses import dataclass

from core.errors import TooLarge
from core.scope import Scope
from sql import fetch_one, read
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class Turn:
    mine: bool


@dataclass(frozen=True, slots=True)
class Usage:
    stored_bytes: int
    reserved_bytes: int


WAIT_FOR_QUOTA = read("upload.sql", "wait_for_quota", Turn)
FIND_USAGE = read("upload.sql", "find_usage", Usage)


async def check_quota(conn: Conn, scope: Scope, *, quota_bytes: int | None) -> None:
    """Raise TooLarge when the workspace, with what this transaction has added, holds more than it may."""
    if quota_bytes is None:
        return
    await fetch_one(conn, WAIT_FOR_QUOTA, workspace_id=scope.workspace_id)
    usage = await fetch_one(conn, FIND_USAGE, workspace_id=scope.workspace_id)
    over_bytes = usage.stored_bytes + usage.reserved_bytes - quota_bytes
    if over_bytes > 0:
        raise TooLarge(
            f"The workspace has room for {quota_bytes:,} bytes, and this file is {over_bytes:,} too many: "
            "delete files for good, or end uploads that are under way."
        )
