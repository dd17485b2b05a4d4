"""What routes ask for by name: the resources, who is calling, a signed cursor, an id from the path.

`ScopeDep` signs the caller in (bearer token or cookie), reads role and membership, and refuses forged requests; a route
without it is public, and tests/api/test_access_matrix.py must be told so.
"""

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import Depends, Query, Request
from pydantic import BeforeValidator

from api.cursors import Cursors
from api.limits import Limits
from api.live.presence import Presence
from api.live.rooms import Rooms
from app.passwords import Passwords
from app.resources import Resources
from app.sessions import Caller, Session, Sessions
from core.errors import Forbidden, NotSignedIn
from core.ids import parse_id
from core.scope import Scope
from search.retrieve import Searcher

COOKIE = "recollect_session"
SECURE_COOKIE = (
    "__Host-recollect_session"  # browsers take this name only over TLS, for one host, on the path /
)
EVERY_WORKSPACE = "all"  # in place of a workspace's id
SEARCH_PATH = "/api/v1/search"  # the one route that asks more than one workspace
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Api:
    """What the API made at its start, beside the resources every process has."""

    resources: Resources
    sessions: Sessions
    passwords: Passwords
    cursors: Cursors
    searcher: Searcher
    limits: Limits
    rooms: Rooms
    presence: Presence


async def api_of(request: Request) -> Api:
    """Return what the lifespan put there."""
    api: Api = request.app.state.api
    return api


ApiDep = Annotated[Api, Depends(api_of)]


async def resources_of(api: ApiDep) -> Resources:
    """Return the pools, Redis, blobs and models."""
    return api.resources


async def caller_of(request: Request) -> Caller:
    """Sign the caller in; raises NotSignedIn, Forbidden for a forged request, NotFound for a foreign workspace."""
    api = await api_of(request)
    token = bearer_token(request) or cookie_token(request)
    if token is None:
        raise NotSignedIn("Sign in first: send a bearer token or the session cookie.")
    caller = await api.sessions.find_caller(token, workspace_id=_workspace_asked(request))
    _check_transport(request, caller.session)
    structlog.contextvars.bind_contextvars(account_id=str(caller.scope.account_id))
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


async def scope_of(caller: CallerDep) -> Scope:
    """Return account, workspace and role of the caller."""
    return caller.scope


ResourcesDep = Annotated[Resources, Depends(resources_of)]
ScopeDep = Annotated[Scope, Depends(scope_of)]


def _path_id(text: object) -> UUID:
    return text if isinstance(text, UUID) else parse_id(str(text), what="resource")


# Text that is no id names nothing: 404, as for an id that nobody has.
PathId = Annotated[UUID, BeforeValidator(_path_id)]
Limit = Annotated[int, Query(ge=1, le=100, description="Entries of a page")]
CursorText = Annotated[
    str | None, Query(max_length=512, description="next_cursor of the page before")
]


def bearer_token(request: Request) -> str | None:
    """Return the token of `Authorization: Bearer`, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def cookie_token(request: Request) -> str | None:
    """Return the token of the cookie that this transport is given, or None."""
    return request.cookies.get(cookie_name(request))


def cookie_name(request: Request) -> str:
    """Return the cookie's name, which promises TLS wherever there is TLS."""
    return SECURE_COOKIE if is_secure(request) else COOKIE


def is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def refuse_other_sites(request: Request, *, origin_needed: bool) -> None:
    """Raise Forbidden when a browser says that another site sent this, or (if needed) says nothing."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in {None, "same-origin"} or (
        origin is not None and not _same_origin(request, origin)
    ):
        raise Forbidden("This request was sent by another site.")
    if origin_needed and site is None and origin is None:
        raise Forbidden(
            "A request with the session cookie must carry its Origin; programs use a bearer token."
        )


def _check_transport(request: Request, session: Session) -> None:
    """Hold a cookie to a browser's rules; a bearer token travels only where somebody put it."""
    if bearer_token(request) is not None:
        if session.kind != "bearer":
            raise NotSignedIn("This token belongs in a cookie.")
        return
    if session.kind != "cookie":
        raise NotSignedIn("This token belongs in the Authorization header.")
    if request.method in SAFE_METHODS:
        return
    refuse_other_sites(request, origin_needed=True)
    if not _equal(request.headers.get("x-csrf-token", ""), session.csrf_token):
        raise Forbidden("The header X-CSRF-Token is missing or wrong; GET /api/auth/me tells it.")


def _same_origin(request: Request, origin: str) -> bool:
    ours = urlsplit(str(request.url))
    return origin == f"{ours.scheme}://{ours.netloc}"


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


async def scopes_of(request: Request, caller: CallerDep, api: ApiDep) -> list[Scope]:
    """Return the caller in the workspace of the request, or in each of theirs where it asks all."""
    if _workspace_named(request) != EVERY_WORKSPACE:
        return [caller.scope]
    return await api.sessions.scopes_of(caller.scope.account_id)


ScopesDep = Annotated[list[Scope], Depends(scopes_of)]


def _workspace_asked(request: Request) -> UUID | None:
    """Return the workspace to act in; who searches all of them acts in their own."""
    asked = _workspace_named(request)
    if asked == EVERY_WORKSPACE and request.url.path == SEARCH_PATH:
        return None
    return parse_id(asked, what="workspace") if asked else None


def _workspace_named(request: Request) -> str | None:
    return request.headers.get("x-workspace") or request.query_params.get("workspace")
