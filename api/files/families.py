"""Files found in files: what befalls a mail or an archive befalls what was taken out of it too.

A family is held from the top down, each generation when its parents are: the worker holds a parent while it adds a child,
so none appears behind our back with grants that are being taken away.
"""

from dataclasses import dataclass
from uuid import UUID

from core.scope import Scope
from ingest.children import TAKE_BACK_FAMILY, Returned
from search.index import items_shown
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


_hold_item = write("children.sql", "hold_item", _Id)
_hold_children = write("children.sql", "hold_children", _Id)
_bin_files = write("children.sql", "bin_files")
_spread_grant = write("children.sql", "spread_grant")
_withdraw_grant = write("children.sql", "withdraw_grant")
_count_children = read("children.sql", "count_children", _Count)


async def hold_family(conn: Conn, scope: Scope, file_id: UUID) -> list[UUID]:
    """Lock a file that is the caller's own and all that was found in it; return the ids, parents before children."""
    ws = scope.workspace_id
    await fetch_opt(conn, _hold_item, workspace_id=ws, file_id=file_id)
    family, generation = [file_id], [file_id]
    while generation:
        children = await fetch(conn, _hold_children, workspace_id=ws, parent_ids=generation)
        generation = [child.id for child in children]
        family += generation
    return family


async def bin_family(conn: Conn, scope: Scope, file_ids: list[UUID]) -> None:
    """Put held files into the bin, in one moment."""
    await execute(conn, _bin_files, workspace_id=scope.workspace_id, file_ids=file_ids)


async def take_back_family(conn: Conn, scope: Scope, file_id: UUID) -> list[Returned]:
    """Bring a file back from the bin with what went there in the same moment."""
    back = await fetch(conn, TAKE_BACK_FAMILY, workspace_id=scope.workspace_id, file_id=file_id)
    await items_shown(conn, scope.workspace_id, [file.id for file in back])
    return back


async def share_family(conn: Conn, scope: Scope, family: list[UUID], *, principal_id: UUID) -> None:
    """Let a principal do with the children what it may do with the first of the family."""
    parent_id, *file_ids = family
    await execute(
        conn,
        _spread_grant,
        workspace_id=scope.workspace_id,
        parent_id=parent_id,
        file_ids=file_ids,
        principal_id=principal_id,
    )
    await items_shown(conn, scope.workspace_id, family)


async def unshare_family(
    conn: Conn, scope: Scope, family: list[UUID], *, principal_id: UUID
) -> None:
    """Take a principal's access to the children away."""
    await execute(
        conn,
        _withdraw_grant,
        workspace_id=scope.workspace_id,
        file_ids=family[1:],
        principal_id=principal_id,
    )


async def count_children(conn: ReadConn, scope: Scope, file_id: UUID) -> int:
    """Return how many of the files in a file the caller may see."""
    return (await fetch_one(conn, _count_children, **scope.ids, file_id=file_id)).count
