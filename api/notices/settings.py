"""How I want to be told: of which kind by which way, in which hours, and by which browsers (Web Push)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.deps import Api, ApiDep, PathId, ScopeDep
from api.wire import Answer, Body, ListPage, Text
from app.settings import hosts_inside
from app.shared_key import PUSH_KEY, shared_key
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.notifying import NOTICE_KINDS, USUAL, EmailWay, NoticeKind
from core.outgoing import url_problem
from core.scope import Scope
from core.web_push import Browser, base64url, from_base64url, public_point, sender_key
from search.dates import read_zone
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.pool import ReadConn

router = APIRouter(prefix="/notifications", tags=["Notifications"])

MOST_BROWSERS: Final = 20  # of one person
_EIGHT: Final = 480  # o'clock, in minutes
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["22:00"])]


class WaysBody(Body):
    in_app: bool
    email: EmailWay
    push: bool


class SettingsBody(Body):
    """Kinds that are not named stay as they are; hours are replaced."""

    kinds: Mapping[NoticeKind, WaysBody] = {}
    tz: Annotated[Text, Field(max_length=64, examples=["Europe/Berlin"])] = "UTC"
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    digest_at: Clock = "08:00"


class WaysAnswer(Answer):
    in_app: bool
    email: EmailWay
    push: bool


class SettingsAnswer(Answer):
    """`sends_email` says whether this installation does; `push_key` is what a browser subscribes with."""

    kinds: dict[NoticeKind, WaysAnswer]
    tz: str
    quiet_from: str | None
    quiet_until: str | None
    digest_at: str
    sends_email: bool
    push_key: str


class BrowserKeys(Body):
    p256dh: Annotated[Text, Field(max_length=200)]
    auth: Annotated[Text, Field(max_length=100)]


class SubscriptionBody(Body):
    """A PushSubscription as browsers write it as JSON."""

    endpoint: Annotated[Text, Field(max_length=2048)]
    keys: BrowserKeys
    expirationTime: float | None = None  # as browsers write it


class SubscriptionAnswer(Answer):
    id: UUID
    endpoint: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Setting:
    kind: NoticeKind
    in_app: bool
    email: EmailWay
    push: bool


@dataclass(frozen=True, slots=True)
class _Hours:
    tz: str
    quiet_from: int | None
    quiet_until: int | None
    digest_minute: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser of a person."""

    id: UUID
    endpoint: str
    p256dh: bytes
    auth: bytes
    created_at: datetime


_list_settings = read("notice.sql", "list_settings", _Setting)
_set_setting = write("notice.sql", "set_setting")
_find_hours = read("notice.sql", "find_hours", _Hours)
_set_hours = write("notice.sql", "set_hours")
_list_subscriptions = read("notice.sql", "list_subscriptions", Subscription)
_add_subscription = write("notice.sql", "add_subscription", Subscription)
_remove_subscription = write("notice.sql", "remove_subscription")


@router.get("/settings", summary="How I am told of what")
async def get_settings(scope: ScopeDep, api: ApiDep) -> SettingsAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        return await _settings(conn, scope, api)


@router.put("/settings", summary="Say how I want to be told")
async def put_settings(body: SettingsBody, scope: ScopeDep, api: ApiDep) -> SettingsAnswer:
    hours = _read_hours(body)
    async with api.resources.app.write_tx(scope) as conn:
        await execute(conn, _set_hours, **scope.ids, **asdict(hours))
        for kind, ways in body.kinds.items():
            await execute(conn, _set_setting, **scope.ids, kind=kind, **ways.model_dump())
        return await _settings(conn, scope, api)


@router.get("/push", summary="My browsers that take pushes")
async def list_subscriptions(scope: ScopeDep, api: ApiDep) -> ListPage[SubscriptionAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(conn, _list_subscriptions, **scope.ids)
    return ListPage[SubscriptionAnswer].model_validate({"items": rows, "next_cursor": None})


@router.post("/push", status_code=201, summary="Have pushes sent to this browser")
async def subscribe(body: SubscriptionBody, scope: ScopeDep, api: ApiDep) -> SubscriptionAnswer:
    browser = _read_browser(body, inside=hosts_inside(api.resources.settings))
    async with api.resources.app.write_tx(scope) as conn:
        known = await fetch(conn, _list_subscriptions, **scope.ids)
        if len(known) >= MOST_BROWSERS and body.endpoint not in {row.endpoint for row in known}:
            oldest = known[0].id  # which a person with so many has long thrown away
            await execute(conn, _remove_subscription, **scope.ids, id=oldest)
        named = {"id": new_id(), "endpoint": body.endpoint, **asdict(browser)}
        made = await fetch_one(conn, _add_subscription, **scope.ids, **named)
    return SubscriptionAnswer.model_validate(made)


@router.delete("/push/{subscription_id}", status_code=204, summary="Send a browser no more")
async def unsubscribe(subscription_id: PathId, scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        if not await execute(conn, _remove_subscription, **scope.ids, id=subscription_id):
            raise NotFound("No such subscription.")


async def _settings(conn: ReadConn, scope: Scope, api: Api) -> SettingsAnswer:
    said = {row.kind: row for row in await fetch(conn, _list_settings, **scope.ids)}
    hours = await fetch_opt(conn, _find_hours, **scope.ids) or _Hours("UTC", None, None, _EIGHT)
    seed = await shared_key(api.resources.signin, name=PUSH_KEY)
    return SettingsAnswer(
        kinds={
            kind: WaysAnswer.model_validate(said.get(kind, USUAL[kind])) for kind in NOTICE_KINDS
        },
        tz=hours.tz,
        quiet_from=_clock(hours.quiet_from),
        quiet_until=_clock(hours.quiet_until),
        digest_at=_clock(hours.digest_minute) or "",
        sends_email=api.resources.settings.smtp_url is not None,
        push_key=base64url(public_point(sender_key(seed))),
    )


def _read_hours(body: SettingsBody) -> _Hours:
    if read_zone(body.tz) is None:
        raise InvalidInput.of("tz", "is an IANA name such as Europe/Berlin")
    if (body.quiet_from is None) != (body.quiet_until is None):
        raise InvalidInput.of("quiet_until", "and quiet_from are given together")
    digest = _minutes(body.digest_at)
    assert digest is not None
    return _Hours(body.tz, _minutes(body.quiet_from), _minutes(body.quiet_until), digest)


def _read_browser(body: SubscriptionBody, *, inside: frozenset[str]) -> Browser:
    """Return the keys of a browser that can be sent to; InvalidInput for what is none."""
    if problem := url_problem(body.endpoint, inside=inside):
        raise InvalidInput.of("endpoint", problem)
    try:
        browser = Browser(from_base64url(body.keys.p256dh), from_base64url(body.keys.auth))
    except ValueError:
        raise InvalidInput.of("keys", "are base64url") from None
    if not browser.is_usable():
        raise InvalidInput.of("keys", "are those of no browser")
    return browser


def _minutes(clock: str | None) -> int | None:
    return None if clock is None else int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int | None) -> str | None:
    return None if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"
