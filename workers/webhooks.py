"""Call a webhook, signed; and that of a saved search with what was found, as its owner may see it at this moment.

The job of a call goes back to the ledger until the receiver answers with a 2xx; the wait grows with the time that it has
been failing. After a day, or when it says 410, the webhook is disabled and its owner told. A call that is sent again has
the same Webhook-Id, so that a receiver knows it. What is told of files is in file_webhooks.py.
"""

from collections.abc import Awaitable, Callable, Mapping
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
from sql import Nothing, Write, execute, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Conn, Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PATIENCE_S: Final = 86_400.0  # of failing before a webhook is disabled
LEAST_WAIT_S: Final = 5.0
MOST_WAIT_S: Final = 900.0
GONE: Final = 410
NOBODY: Final = "nobody is to be told any more"


@dataclass(frozen=True, slots=True)
class Calling:
    """What calls are made with; `inside` are the operator's own host:port, which need not be public."""

    app: Pool
    redis: Redis
    key: Callable[[], Awaitable[bytes]]  # that all secrets are derived from
    inside: frozenset[str]


@dataclass(frozen=True, slots=True)
class Failed:
    is_disabled: bool
    failing_s: float


@dataclass(frozen=True, slots=True)
class Notes:
    """The statements that write down how calls of a webhook go, and the values that name its row."""

    done: Write[Nothing]
    failed: Write[Failed]
    named: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call: `id` is the same for every try."""

    id: UUID
    webhook_id: UUID
    url: str
    body: bytes
    notes: Notes


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
NOTE_CALL_FAILED = write("saved_search.sql", "note_call_failed", Failed)


async def call_webhook(calling: Calling, fence: Fence, *, notification_id: UUID) -> None:
    """Tell the webhook of a notification, and end the job; raise ProviderAway when it has to be told later."""
    async with fence.tx() as conn:
        call = await fetch_opt(conn, FIND_CALL, workspace_id=fence.workspace_id, id=notification_id)
    if (
        call is None
        or call.webhook_id is None
        or call.webhook_url is None
        or call.webhook_disabled_at is not None
    ):
        await end_untold(fence, NOBODY)
        return
    scope = Scope(call.account_id, fence.workspace_id, call.role)
    async with calling.app.read_tx(scope) as conn:
        matches = await list_matches(conn, scope, [notification_id])
    if not matches:
        await end_untold(fence, "what was found may not be seen any more")
        return
    body = _body(fence.workspace_id, notification_id, call, matches[notification_id])
    named = {
        "workspace_id": fence.workspace_id,
        "id": call.search_id,
        "webhook_id": call.webhook_id,
    }
    notes = Notes(NOTE_CALL_DONE, NOTE_CALL_FAILED, named)
    outgoing = Outgoing(notification_id, call.webhook_id, call.webhook_url, body, notes)

    async def tell_owner(conn: Conn) -> None:
        notice = NewNotice(new_id(), call.account_id, "webhook.disabled", call.search_id)
        await add_notice(conn, fence.workspace_id, notice)

    if not await deliver(calling, fence, outgoing, when_disabled=tell_owner):
        await nudge(calling.redis, notice_topic(call.account_id))


async def deliver(
    calling: Calling,
    fence: Fence,
    outgoing: Outgoing,
    *,
    when_disabled: Callable[[Conn], Awaitable[None]],
) -> bool:
    """Send a call and end its job; False when the webhook is not to be called any more, ProviderAway to go on later.

    `when_disabled` runs in the transaction that disables the webhook.
    """
    called = await _post(calling, outgoing)
    if not called.problem:
        async with fence.last_tx() as conn:
            await execute(conn, outgoing.notes.done, **outgoing.notes.named)
        return True
    async with fence.tx() as conn:
        failed = await _note_failure(conn, outgoing.notes, called)
        if failed is not None and failed.is_disabled:
            log.warning("disabled a webhook", webhook_id=str(outgoing.webhook_id))
            await when_disabled(conn)
    if failed is not None and not failed.is_disabled:
        raise ProviderAway(called.problem, retry_after_s=wait_after(failed.failing_s))
    await end_untold(fence, called.problem)
    return False


async def end_untold(fence: Fence, reason: str) -> None:
    """End the job of a call that is not to be made."""
    async with fence.last_tx(reason=reason):
        pass


def wait_after(failing_s: float) -> float:
    """Return how long to leave a receiver in peace that has been failing for so long."""
    return min(MOST_WAIT_S, max(LEAST_WAIT_S, failing_s / 2))


async def _post(calling: Calling, outgoing: Outgoing) -> Called:
    headers = signed_headers(
        webhook_secret(await calling.key(), outgoing.webhook_id),
        call_id=outgoing.id,
        at=datetime.now(UTC),
        body=outgoing.body,
    )
    return await post(outgoing.url, outgoing.body, headers=headers, inside=calling.inside)


async def _note_failure(conn: Conn, notes: Notes, called: Called) -> Failed | None:
    """Return how long it has been failing; None when its owner changed it meanwhile."""
    return await fetch_opt(
        conn,
        notes.failed,
        **notes.named,
        reason=called.problem,
        is_gone=called.status == GONE,
        patience_s=PATIENCE_S,
    )


def _body(workspace_id: UUID, id_: UUID, call: _Call, matches: tuple[ReportedMatch, ...]) -> bytes:
    found = SearchName(call.search_id, call.name, call.q)
    told = _Body("saved_search.matches", id_, call.created_at, workspace_id, found, matches)
    return orjson.dumps(told, default=str, option=orjson.OPT_UTC_Z)
