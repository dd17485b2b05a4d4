"""Send people what they are told: a notice by e-mail and push at once, or a day's by one e-mail.

Each way that has gone is written down, so that a job that is tried again leaves it out; what was sent and not yet written
down goes again with the same id. What may not be seen any more, was read meanwhile, or is of a quiet conversation is not
sent; in a person's quiet hours it waits.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from core.errors import ProviderAway
from core.mail import Letter, MailServer, Refused, send
from core.notifying import USUAL, EmailWay, Hours, NoticeKind
from core.outgoing import Called, post
from core.scope import Role, Scope
from core.web_push import Browser, base64url, encrypt, sender_key, vapid_headers
from search.dates import read_zone
from search.notices import Notice, find_notices
from sql import execute, fetch, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Pool
from workers.wording import Site, digest, letter, push_text

log: structlog.stdlib.BoundLogger = structlog.get_logger()

EMAIL: Final = "email"
MOST_IN_DIGEST: Final = 100
_DAY_S: Final = 86_400  # how long a push service keeps what a sleeping browser is sent
_GONE: Final = frozenset((404, 410))


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent with; `inside` are the operator's own host:port, which need not be public."""

    app: Pool
    mail: MailServer | None
    site: Site
    contact: str  # that push services may write to
    seed: Callable[[], Awaitable[bytes]]
    inside: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Addressee:
    account_id: UUID
    role: Role
    address: str
    kind: NoticeKind
    email: EmailWay | None
    push: bool | None
    tz: str
    quiet_from: int | None
    quiet_until: int | None
    is_quiet: bool

    @property
    def is_mailed(self) -> bool:
        return (self.email or USUAL[self.kind].email) == "at_once"

    @property
    def is_pushed(self) -> bool:
        return USUAL[self.kind].push if self.push is None else self.push

    def quiet_s(self, now: datetime) -> float:
        zone = read_zone(self.tz) or UTC
        return Hours(zone, self.quiet_from, self.quiet_until).quiet_s(now)


@dataclass(frozen=True, slots=True)
class _Reader:
    account_id: UUID
    role: Role
    address: str


@dataclass(frozen=True, slots=True)
class _Subscription:
    id: UUID
    endpoint: str
    p256dh: bytes
    auth: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Way:
    way: str


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


FIND_ADDRESSEE = read("notice.sql", "find_addressee", _Addressee)
FIND_READER = read("notice.sql", "find_reader", _Reader)
LIST_SENT = read("notice.sql", "list_sent", _Way)
LIST_FOR_DIGEST = read("notice.sql", "list_for_digest", _Id)
NOTE_SENT = write("notice.sql", "note_sent")
LIST_SUBSCRIPTIONS = read("notice.sql", "list_subscriptions", _Subscription)
REMOVE_SUBSCRIPTION = write("notice.sql", "remove_subscription")


async def send_notice(sending: Sending, fence: Fence, *, notification_id: UUID) -> None:
    """Send a notice by the ways that its person wants, and end the job; ProviderAway where something has to go later."""
    async with fence.tx() as conn:
        named = {"workspace_id": fence.workspace_id, "id": notification_id}
        to = await fetch_opt(conn, FIND_ADDRESSEE, **named)
        gone = {row.way for row in await fetch(conn, LIST_SENT, **named)}
    if to is None or to.is_quiet:
        return await _end(fence, "nobody is to be sent it any more")
    if (quiet_s := to.quiet_s(datetime.now(UTC))) > 0:
        raise ProviderAway("These are quiet hours.", retry_after_s=quiet_s)
    scope = Scope(to.account_id, fence.workspace_id, to.role)
    async with sending.app.read_tx(scope) as conn:
        found = await find_notices(conn, scope, [notification_id])
    if not found:
        return await _end(fence, "it may not be seen any more")
    if to.is_mailed and EMAIL not in gone:
        written = letter(found[0], to=to.address, site=sending.site)
        await _mail(sending, fence, written, ids=[notification_id])
    if to.is_pushed:
        await _push_all(sending, fence, found[0], account_id=to.account_id, gone=gone)
    return await _end(fence)


async def send_digest(sending: Sending, fence: Fence, *, account_id: UUID) -> None:
    """Send a person the day's notices, and end the job."""
    person = {"workspace_id": fence.workspace_id, "account_id": account_id}
    async with fence.tx() as conn:
        to = await fetch_opt(conn, FIND_READER, **person)
        rows = await fetch(conn, LIST_FOR_DIGEST, **person, most=MOST_IN_DIGEST)
    if to is None or not rows:
        return await _end(fence, "nothing is to be told")
    scope = Scope(account_id, fence.workspace_id, to.role)
    ids = [row.id for row in rows]
    async with sending.app.read_tx(scope) as conn:
        found = await find_notices(conn, scope, ids)
    if found:
        (job_id,) = fence.job_ids
        written = digest(found, to=to.address, site=sending.site, digest_id=job_id)
        await _mail(sending, fence, written, ids=[notice.id for notice in found])
    return await _end(fence)


async def _mail(sending: Sending, fence: Fence, written: Letter, *, ids: list[UUID]) -> None:
    if sending.mail is None:
        return
    try:
        await send(sending.mail, written)
    except Refused as error:
        log.warning("a letter was refused", reason=str(error), letter=written.id)
    await _note(fence, ids, way=EMAIL)


async def _push_all(
    sending: Sending, fence: Fence, notice: Notice, *, account_id: UUID, gone: set[str]
) -> None:
    """Send a notice to each browser that has not got it; a browser that is gone is forgotten."""
    person = {"workspace_id": fence.workspace_id, "account_id": account_id}
    async with fence.tx() as conn:
        browsers = await fetch(conn, LIST_SUBSCRIPTIONS, **person)
    problem = ""
    for browser in browsers:
        if str(browser.id) in gone:
            continue
        called = await _push(sending, notice, browser)
        if called.status in _GONE:
            async with fence.tx() as conn:
                await execute(conn, REMOVE_SUBSCRIPTION, **person, id=browser.id)
        elif called.problem:
            problem = called.problem
        else:
            await _note(fence, [notice.id], way=str(browser.id))
    if problem:
        raise ProviderAway(problem)


async def _push(sending: Sending, notice: Notice, to: _Subscription) -> Called:
    key, now = sender_key(await sending.seed()), datetime.now(UTC)
    body = encrypt(push_text(notice, site=sending.site), Browser(to.p256dh, to.auth))
    headers = {
        **vapid_headers(key, endpoint=to.endpoint, contact=sending.contact, now=now),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_DAY_S),
        "Topic": base64url(notice.id.bytes),  # the same notice replaces itself
    }
    return await post(to.endpoint, body, headers=headers, inside=sending.inside)


async def _note(fence: Fence, ids: list[UUID], *, way: str) -> None:
    async with fence.tx() as conn:
        await execute(conn, NOTE_SENT, workspace_id=fence.workspace_id, ids=ids, way=way)


async def _end(fence: Fence, reason: str = "") -> None:
    async with fence.last_tx(reason=reason):
        pass
