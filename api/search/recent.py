"""The queries that a person asked last, which the completions offer again. The work is in search/recent.py.

Nothing is recorded by a search itself: a client says so here when a query was meant, not merely typed.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.deps import ApiDep, ScopeDep
from api.limits import FEEDBACK
from api.wire import Answer, Body, ListPage, Text
from core.scope import Scope
from search import recent
from search.query import MAX_CHARACTERS
from sql.pool import ReadConn

router = APIRouter(prefix="/search/recent", tags=["Search"])


class RecentBody(Body):
    q: Annotated[Text, Field(max_length=MAX_CHARACTERS, examples=["pension plan"])]


class RememberedAnswer(Answer):
    """`recorded` is false where the person has switched it off."""

    recorded: bool


class RecentSwitchBody(Body):
    is_kept: bool


class RecentQueryAnswer(Answer):
    q: str
    asked_at: datetime


class RecentAnswer(ListPage[RecentQueryAnswer]):
    """Newest first; whether they are kept in this workspace, and for how long."""

    is_kept: bool
    kept_days: int


@router.post("", status_code=202, summary="Say that a query was meant, to be offered it again")
async def remember_query(body: RecentBody, scope: ScopeDep, api: ApiDep) -> RememberedAnswer:
    await api.limits.take(FEEDBACK, scope.account_id.hex)
    async with api.resources.app.write_tx(scope) as conn:
        return RememberedAnswer(recorded=await recent.record(conn, scope, body.q))


@router.get("", summary="My last queries in this workspace")
async def list_queries(scope: ScopeDep, api: ApiDep) -> RecentAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        return await _answer(conn, scope)


@router.patch("", summary="Let my queries be kept or not; switched off, they are forgotten")
async def set_switch(body: RecentSwitchBody, scope: ScopeDep, api: ApiDep) -> RecentAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        await recent.switch(conn, scope, on=body.is_kept)
        return await _answer(conn, scope)


@router.delete("", status_code=204, summary="Forget my last queries, or one of them")
async def forget_queries(
    scope: ScopeDep,
    api: ApiDep,
    q: Annotated[Text | None, Query(max_length=MAX_CHARACTERS)] = None,
) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        await recent.forget(conn, scope, q)


async def _answer(conn: ReadConn, scope: Scope) -> RecentAnswer:
    kept = await recent.list_recent(conn, scope)
    return RecentAnswer(
        items=[RecentQueryAnswer(q=row.query, asked_at=row.asked_at) for row in kept],
        next_cursor=None,
        is_kept=await recent.is_kept(conn, scope),
        kept_days=recent.KEPT_DAYS,
    )
