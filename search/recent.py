"""Queries that a person asked last in a workspace, to be offered again while typing (search/suggest.py).

A client says that a query was meant; a search records nothing by itself: it is asked at each keystroke, and by programs. They are
kept in the database, not in Redis: a restart loses none, only their author reads them, and they go with the membership.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.errors import InvalidInput
from core.scope import Scope
from search.terms import fold
from sql import execute, fetch, fetch_one, read, write
from sql.pool import Conn, ReadConn

MOST: Final = 20  # of one person in one workspace
KEPT_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class RecentQuery:
    query: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class _Switch:
    keeps_recent: bool


_record = write("recent.sql", "record_recent_query")
_list = read("recent.sql", "list_recent_queries", RecentQuery)
_forget = write("recent.sql", "forget_recent_queries")
_keeps = read("recent.sql", "keeps_recent_queries", _Switch)
_switch = write("recent.sql", "switch_recent_queries")
_remove_old = write("recent.sql", "remove_old_recent_queries")


async def record(conn: Conn, scope: Scope, q: str) -> bool:
    """Keep a query as the newest; False where the caller keeps none. One that is all blanks is InvalidInput."""
    asked = _tidy(q)
    if not asked:
        raise InvalidInput.of("q", "holds only blanks")
    return await execute(conn, _record, **scope.ids, asked=asked, most=MOST) > 0


async def list_recent(conn: ReadConn, scope: Scope) -> list[RecentQuery]:
    """Return the caller's queries, newest first."""
    return await fetch(conn, _list, **scope.ids, most=MOST)


async def is_kept(conn: ReadConn, scope: Scope) -> bool:
    """Say whether the caller lets queries be kept in this workspace."""
    return (await fetch_one(conn, _keeps, **scope.ids)).keeps_recent


async def switch(conn: Conn, scope: Scope, *, on: bool) -> None:
    """Let the caller's queries be kept or not; switched off, those that are kept are gone with the same transaction."""
    await execute(conn, _switch, **scope.ids, on=on)
    if not on:
        await forget(conn, scope)


async def forget(conn: Conn, scope: Scope, q: str | None = None) -> None:
    """Remove one of the caller's queries, or all of them."""
    await execute(conn, _forget, **scope.ids, asked=None if q is None else _tidy(q))


async def remove_old(conn: Conn) -> int:
    """Remove what is past its time, of all workspaces (worker); return how much."""
    return await execute(conn, _remove_old, days=KEPT_DAYS)


def going_on(queries: Sequence[str], typed: str, *, start: int) -> list[str]:
    """Return the queries that begin like what is typed and say more; up to `start`, which stays as it is, to the letter."""
    before, last = typed[:start], _folded(typed[start:])
    return [
        query
        for query in queries
        if query.startswith(before)
        and _folded(query[start:]).startswith(last)
        and _folded(query) != _folded(typed.strip())
    ]


def _tidy(q: str) -> str:
    return " ".join(q.split())


def _folded(text: str) -> str:
    return fold(text.casefold())
