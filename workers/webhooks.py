"""Call the webhook of a saved search: what was found, as its owner may see it at this moment, signed.

The job of a call goes back to the ledger until the receiver answers with a 2xx; the wait grows with the time that it has
been failing. After a day, or when it says 410, the webhook is disabled and its owner told. A call that is sent again has
the same Webhook-Id, so that a receiver knows it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis

from core.errors import ProviderAway
from core.events import nudge
from core.ids import new_id
from core.outgoing import Called, post
from core.scope import Role, Scope
from core.signature import signed_headers, webhook_secret
from search.notices import (
    NewNotice,
    ReportedMatch,
    SearchName,
    add_notice,
    list_matches,
    notice_topic,
)
from sql import execute, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Conn, Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PATIENCE_S: Final = 86_400.0  # of failing before a webhook is disabled
LEAST_WAIT_S: Final = 5.0
MOST_WAIT_S: Final = 900.0
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Calling:
    """What calls are made with; `inside` are the operator's own host:port, which need not be public."""

    app: Pool
    redis: Redis
    key: Callable[[], Awaitable[bytes]]  # that all secrets are derived from
    inside: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Call:
    search_id: UUID
    name: str
    q: str
    created_at: datetime
    account_id: UUID
    role: Role
    webhook_url: str | None
    webhook_id: UUID | None
    webhook_disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Failed:
    is_disabled: bool
    failing_s: float


@dataclass(frozen=True, slots=True)
class _Body:
    """What the receiver gets, as JSON."""

    type: str
    id: UUID
    created_at: datetime
    workspace_id: UUID
    saved_search: SearchName
    matches: tuple[ReportedMatch, ...]


FIND_CALL = read("saved_search.sql", "find_call", _Call)
NOTE_CALL_DONE = write("saved_search.sql", "note_call_done")
NOTE_CALL_FAILED = write("saved_search.sql", "note_call_failed", _Failed)


async def call_webhook(calling: Calling, fence: Fence, *, notification_id: UUID) -> None:
    """Tell the webhook of a notification, and end the job; raise ProviderAway when it has to be told later."""
    async with fence.tx() as conn:
        call = await fetch_opt(conn, FIND_CALL, workspace_id=fence.workspace_id, id=notification_id)
    if call is None or call.webhook_id is None or call.webhook_disabled_at is not None:
        await _end(fence, "nobody is to be told any more")
        return
    scope = Scope(call.account_id, fence.workspace_id, call.role)
    async with calling.app.read_tx(scope) as conn:
        matches = await list_matches(conn, scope, [notification_id])
    if not matches:
        await _end(fence, "what was found may not be seen any more")
        return
    body = _body(fence.workspace_id, notification_id, call, matches[notification_id])
    called = await _post(calling, call, notification_id=notification_id, body=body)
    if called.problem:
        await _fail(calling, fence, call, called)
        return
    async with fence.last_tx() as conn:
        await execute(conn, NOTE_CALL_DONE, **_named(fence, call))


async def _post(calling: Calling, call: _Call, *, notification_id: UUID, body: bytes) -> Called:
    assert call.webhook_id is not None
    assert call.webhook_url is not None
    headers = signed_headers(
        webhook_secret(await calling.key(), call.webhook_id),
        call_id=notification_id,
        at=datetime.now(UTC),
        body=body,
    )
    return await post(call.webhook_url, body, headers=headers, inside=calling.inside)


def _body(workspace_id: UUID, id_: UUID, call: _Call, matches: tuple[ReportedMatch, ...]) -> bytes:
    found = SearchName(call.search_id, call.name, call.q)
    told = _Body("saved_search.matches", id_, call.created_at, workspace_id, found, matches)
    return orjson.dumps(told, default=str, option=orjson.OPT_UTC_Z)


async def _fail(calling: Calling, fence: Fence, call: _Call, called: Called) -> None:
    """Write the failure down; go on later, or give the webhook up."""
    async with fence.tx() as conn:
        failed = await _note_failure(conn, fence, call, called)
        if failed is not None and failed.is_disabled:
            await _tell_owner(conn, fence.workspace_id, call)
    if failed is None or failed.is_disabled:
        await _end(fence, called.problem)
        await nudge(calling.redis, notice_topic(call.account_id))
        return
    wait_s = wait_after(failed.failing_s)
    raise ProviderAway(called.problem, retry_after_s=wait_s)


async def _note_failure(conn: Conn, fence: Fence, call: _Call, called: Called) -> _Failed | None:
    """Return how long it has been failing; None when its owner changed it meanwhile."""
    return await fetch_opt(
        conn,
        NOTE_CALL_FAILED,
        **_named(fence, call),
        reason=called.problem,
        is_gone=called.status == GONE,
        patience_s=PATIENCE_S,
    )


async def _tell_owner(conn: Conn, workspace_id: UUID, call: _Call) -> None:
    log.warning("disabled a webhook", saved_search_id=str(call.search_id))
    notice = NewNotice(new_id(), call.account_id, "webhook.disabled", call.search_id)
    await add_notice(conn, workspace_id, notice)


def wait_after(failing_s: float) -> float:
    """Return how long to leave a receiver in peace that has been failing for so long."""
    return min(MOST_WAIT_S, max(LEAST_WAIT_S, failing_s / 2))


async def _end(fence: Fence, reason: str) -> None:
    async with fence.last_tx(reason=reason):
        pass


def _named(fence: Fence, call: _Call) -> dict[str, object]:
    return {
        "workspace_id": fence.workspace_id,
        "id": call.search_id,
        "webhook_id": call.webhook_id,
    }
