"""Saved searches: what a person keeps, and is told about when something new matches (workers/alerts.py finds it).

They are their author's alone. A webhook's secret is in the answer that made it and in no other.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.deps import Api, ApiDep, PathId, ScopeDep
from api.etags import IfMatch, check_etag
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.notices.hooks import HookUrl, WebhookAnswer, check_hook_url, hook_state, secret_of
from api.search.fields import Zone
from api.wire import Answer, Body, ListPage, Text
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.scope import Scope
from search.answer import Kind, SearchRequest
from search.query import MAX_CHARACTERS
from search.retrieve import read_clock, read_query
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn, ReadConn

router = APIRouter(prefix="/saved-searches", tags=["Search"])

MOST = 50  # of one person in one workspace
MAX_NAME = 100
Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME, pattern=r"\S")]


class WebhookBody(Body):
    url: HookUrl


class SavedSearchBody(Body):
    """What is asked is asked as in a search; the name is the question itself where none is given."""

    q: Annotated[Text, Field(max_length=MAX_CHARACTERS, examples=["pension plan type:file"])]
    name: Name | None = None
    type: Kind | None = None
    lang: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = None
    tz: Zone = "UTC"
    is_alerting: bool = True
    webhook: WebhookBody | None = None


class SavedSearchChange(Body):
    """What is left out stays; `webhook: null` removes it, an address sets it, with a new secret."""

    name: Name | None = None
    is_alerting: bool | None = None
    webhook: WebhookBody | None = None


class SavedSearchAnswer(Answer):
    id: UUID
    name: str
    q: str
    type: Kind | None
    lang: str | None
    tz: str
    is_alerting: bool
    created_at: datetime
    webhook: WebhookAnswer | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class _Saved:
    id: UUID
    name: str
    q: str
    type: Kind | None
    lang: str | None
    tz: str
    is_alerting: bool
    created_at: datetime
    webhook_url: str | None
    webhook_id: UUID | None
    webhook_failing_since: datetime | None
    webhook_disabled_at: datetime | None
    webhook_reason: str

    @property
    def etag(self) -> str:
        """Return what changes with whatever its owner may change."""
        told = f"{self.name}\0{self.is_alerting}\0{self.webhook_id}"
        return f'"{hashlib.sha256(told.encode()).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    saved: int


_list_saved_searches = read("saved_search.sql", "list_saved_searches", _Saved)
_lock_membership = write("saved_search.sql", "lock_membership", _Id)
_count_saved_searches = read("saved_search.sql", "count_saved_searches", _Count)
_save_search = write("saved_search.sql", "save_search", _Id)
_change_saved_search = write("saved_search.sql", "change_saved_search")
_set_webhook = write("saved_search.sql", "set_webhook")
_delete_saved_search = write("saved_search.sql", "delete_saved_search", _Id)


@router.get("", summary="My saved searches, newest first")
async def list_saved_searches(scope: ScopeDep, api: ApiDep) -> ListPage[SavedSearchAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(conn, _list_saved_searches, **scope.ids, id=None)
    return ListPage[SavedSearchAnswer](items=[_answer(row) for row in rows], next_cursor=None)


@router.post(
    "",
    status_code=201,
    summary="Save a search, and be told of what it newly finds",
    response_model=SavedSearchAnswer,
)
async def save_search(
    request: Request,
    body: SavedSearchBody,
    scope: ScopeDep,
    api: ApiDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    _warnings(body.q, body.type, body.tz)
    _check_webhook(api, body.webhook)

    async def save(conn: Conn) -> Answered:
        saved = await _save(conn, scope, body)
        return Answered(201, _answer(saved).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=save)
    told = await _with_secret(api, SavedSearchAnswer.model_validate_json(answered.body))
    return replace(answered, body=told.model_dump_json()).response()


@router.get("/{saved_search_id}", summary="A saved search")
async def get_saved_search(
    saved_search_id: PathId, scope: ScopeDep, api: ApiDep, response: Response
) -> SavedSearchAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        found = await _find(conn, scope, saved_search_id)
    response.headers["ETag"] = found.etag
    return _answer(found)


@router.patch("/{saved_search_id}", summary="Rename, silence or connect a saved search")
async def change_saved_search(
    saved_search_id: PathId,
    body: SavedSearchChange,
    scope: ScopeDep,
    api: ApiDep,
    response: Response,
    *,
    if_match: IfMatch = None,
) -> SavedSearchAnswer:
    _check_webhook(api, body.webhook)
    async with api.resources.app.write_tx(scope) as conn:
        await fetch_one(conn, _lock_membership, **scope.ids)
        old = await _find(conn, scope, saved_search_id)
        check_etag(if_match, old.etag)
        await _change(conn, scope, old, body)
        new = await _find(conn, scope, saved_search_id)
    response.headers["ETag"] = new.etag
    return await _with_secret(api, _answer(new)) if body.webhook else _answer(new)


@router.delete("/{saved_search_id}", status_code=204, summary="Forget a saved search")
async def delete_saved_search(saved_search_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        gone = await fetch_opt(conn, _delete_saved_search, **scope.ids, id=saved_search_id)
    if gone is None:
        raise NotFound("No such saved search.")


async def _save(conn: Conn, scope: Scope, body: SavedSearchBody) -> _Saved:
    await fetch_one(conn, _lock_membership, **scope.ids)
    held = await fetch_one(conn, _count_saved_searches, **scope.ids)
    if held.saved >= MOST:
        raise Conflict(f"You have {held.saved} saved searches here, as many as there may be.")
    webhook = body.webhook
    saved = await fetch_opt(
        conn,
        _save_search,
        **scope.ids,
        id=new_id(),
        name=(body.name or body.q.strip()[:MAX_NAME] or str(body.type)).strip(),
        q=body.q.strip(),
        type=body.type,
        lang=body.lang,
        tz=body.tz,
        is_alerting=body.is_alerting,
        webhook_url=webhook.url if webhook else None,
        webhook_id=new_id() if webhook else None,
    )
    if saved is None:
        raise Conflict("You have saved this search already.")
    return await _find(conn, scope, saved.id)


async def _change(conn: Conn, scope: Scope, old: _Saved, body: SavedSearchChange) -> None:
    name = old.name if body.name is None else body.name.strip()
    is_alerting = old.is_alerting if body.is_alerting is None else body.is_alerting
    named = {**scope.ids, "id": old.id}
    await execute(conn, _change_saved_search, **named, name=name, is_alerting=is_alerting)
    if "webhook" in body.model_fields_set:
        url = body.webhook.url if body.webhook else None
        webhook_id = new_id() if body.webhook else None
        await execute(conn, _set_webhook, **named, webhook_url=url, webhook_id=webhook_id)


async def _find(conn: ReadConn, scope: Scope, saved_search_id: UUID) -> _Saved:
    found = await fetch_opt(conn, _list_saved_searches, **scope.ids, id=saved_search_id)
    if found is None:
        raise NotFound("No such saved search.")
    return found


def _warnings(q: str, kind: Kind | None, tz: str) -> list[str]:
    """Return what the reading of the question warns of; one that looks for nothing is InvalidInput."""
    read_clock(tz)
    query = read_query(SearchRequest(q=q, type=kind))
    if any(f.op == "like" for f in query.filters):
        raise InvalidInput.of("q", "like: looks once; save the words to look for instead")
    return list(query.warnings)


def _check_webhook(api: Api, webhook: WebhookBody | None) -> None:
    if webhook is not None:
        check_hook_url(api.resources.settings, webhook.url, field="webhook.url")


async def _with_secret(api: Api, answer: SavedSearchAnswer) -> SavedSearchAnswer:
    """Show the secret of a webhook that was made just now."""
    if answer.webhook is None:
        return answer
    secret = await secret_of(api, answer.webhook.id)
    shown = answer.webhook.model_copy(update={"secret": secret})
    return answer.model_copy(update={"webhook": shown})


def _answer(saved: _Saved) -> SavedSearchAnswer:
    return SavedSearchAnswer(
        id=saved.id,
        name=saved.name,
        q=saved.q,
        type=saved.type,
        lang=saved.lang,
        tz=saved.tz,
        is_alerting=saved.is_alerting,
        created_at=saved.created_at,
        webhook=_webhook(saved),
        warnings=_warnings(saved.q, saved.type, saved.tz),
    )


def _webhook(saved: _Saved) -> WebhookAnswer | None:
    if saved.webhook_url is None or saved.webhook_id is None:
        return None
    return WebhookAnswer(
        id=saved.webhook_id,
        url=saved.webhook_url,
        state=hook_state(saved.webhook_failing_since, saved.webhook_disabled_at),
        failing_since=saved.webhook_failing_since,
        disabled_at=saved.webhook_disabled_at,
        reason=saved.webhook_reason,
    )
