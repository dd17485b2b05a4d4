"""Webhooks: addresses that are told how the reading of a person's files ended (workers/file_webhooks.py makes the calls).

They are their owner's alone, in one workspace, and hear of every file that he may see. A secret is in the answer that made
its webhook and in no other. The webhooks of saved searches are in saved_searches.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.deps import ApiDep, PathId, ScopeDep
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.notices.hooks import HookUrl, WebhookAnswer, check_hook_url, hook_state, secret_of
from api.wire import Body, ListPage
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.scope import Scope
from sql import fetch, fetch_one, fetch_opt, read, write
from sql.pool import Conn

router = APIRouter(prefix="/webhooks", tags=["Notifications"])

MOST: Final = 10  # of one person in one workspace
FileEventKind = Literal["file.ready", "file.partial", "file.no_text", "file.failed"]


class NewWebhookBody(Body):
    """`kinds`: the ends of a file's reading that are told."""

    url: HookUrl
    kinds: Annotated[Sequence[FileEventKind], Field(min_length=1)] = (
        "file.ready",
        "file.partial",
        "file.no_text",
        "file.failed",
    )


class FileWebhookAnswer(WebhookAnswer):
    kinds: list[FileEventKind]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Webhook:
    id: UUID
    url: str
    kinds: list[FileEventKind]
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    held: int


_list_webhooks = read("webhook.sql", "list_webhooks", _Webhook)
_lock_membership = write("saved_search.sql", "lock_membership", _Id)
_count_webhooks = read("webhook.sql", "count_webhooks", _Count)
_add_webhook = write("webhook.sql", "add_webhook", _Id)
_delete_webhook = write("webhook.sql", "delete_webhook", _Id)


@router.get("", summary="My webhooks of files, newest first")
async def list_webhooks(scope: ScopeDep, api: ApiDep) -> ListPage[FileWebhookAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(conn, _list_webhooks, **scope.ids, id=None)
    return ListPage[FileWebhookAnswer](items=[_answer(row) for row in rows], next_cursor=None)


@router.post(
    "",
    status_code=201,
    summary="Have an address told how the reading of files ends",
    response_model=FileWebhookAnswer,
)
async def create_webhook(
    request: Request,
    body: NewWebhookBody,
    scope: ScopeDep,
    api: ApiDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    check_hook_url(api.resources.settings, body.url, field="url")

    async def create(conn: Conn) -> Answered:
        made = await _create(conn, scope, body)
        return Answered(201, _answer(made).model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=create)
    told = FileWebhookAnswer.model_validate_json(answered.body)
    shown = told.model_copy(update={"secret": await secret_of(api, told.id)})
    return replace(answered, body=shown.model_dump_json()).response()


@router.delete("/{webhook_id}", status_code=204, summary="Have an address told no more")
async def delete_webhook(webhook_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        gone = await fetch_opt(conn, _delete_webhook, **scope.ids, id=webhook_id)
    if gone is None:
        raise NotFound("No such webhook.")


async def _create(conn: Conn, scope: Scope, body: NewWebhookBody) -> _Webhook:
    await fetch_one(conn, _lock_membership, **scope.ids)
    if (await fetch_one(conn, _count_webhooks, **scope.ids)).held >= MOST:
        raise Conflict(f"You have {MOST} webhooks here, as many as there may be.")
    kinds = list(dict.fromkeys(body.kinds))
    made = await fetch_opt(conn, _add_webhook, **scope.ids, id=new_id(), url=body.url, kinds=kinds)
    if made is None:
        raise Conflict("You have a webhook with this address already; delete it to change it.")
    return await fetch_one(conn, _list_webhooks, **scope.ids, id=made.id)


def _answer(row: _Webhook) -> FileWebhookAnswer:
    return FileWebhookAnswer(
        id=row.id,
        url=row.url,
        kinds=row.kinds,
        created_at=row.created_at,
        state=hook_state(row.failing_since, row.disabled_at),
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        reason=row.reason,
    )
