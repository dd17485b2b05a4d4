"""Who may open a socket: a session by cookie (from our own page), by ticket, or by bearer token, in one workspace.

A browser sends its cookie with a socket that any page opens, and no same-origin rule protects it: the Origin must be ours,
compared whole, and with a cookie it must be there.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.websockets import WebSocket

from api.deps import COOKIE, SECURE_COOKIE, Api
from app.sessions import SessionKind, hash_token
from app.tickets import Tickets
from core.errors import Forbidden, NotSignedIn
from core.ids import parse_id
from core.scope import Scope

_PAGES: Final = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Guest:
    """Who opened a socket, by which session: asked again while the socket is open."""

    scope: Scope
    token_hash: bytes


async def admit(websocket: WebSocket, api: Api) -> Guest:
    """Return who opens the socket; raises Forbidden, NotSignedIn, NotFound (a foreign workspace) or Unavailable."""
    origin = websocket.headers.get("origin")
    if origin is not None and not _is_ours(websocket, origin):
        raise Forbidden("This socket was opened by another site.")
    ticket = websocket.query_params.get("ticket")
    if ticket is not None:
        token_hash = await Tickets(api.resources.redis).use(ticket)
        return await _guest(api, token_hash, websocket, kind=None)
    token = _bearer(websocket)
    if token is not None:
        return await _guest(api, hash_token(token), websocket, kind="bearer")
    token = websocket.cookies.get(SECURE_COOKIE if websocket.url.scheme == "wss" else COOKIE)
    if token is None:
        raise NotSignedIn("Sign in first: send a ticket, a bearer token or the session cookie.")
    if origin is None:
        raise Forbidden("A socket with the session cookie must carry its Origin.")
    return await _guest(api, hash_token(token), websocket, kind="cookie")


async def still_admitted(api: Api, guest: Guest) -> Scope:
    """Return who the guest is now; raises what `admit` raises."""
    caller = await api.sessions.find_caller_by(
        guest.token_hash, workspace_id=guest.scope.workspace_id
    )
    return caller.scope


async def _guest(
    api: Api, token_hash: bytes, websocket: WebSocket, *, kind: SessionKind | None
) -> Guest:
    caller = await api.sessions.find_caller_by(token_hash, workspace_id=_workspace(websocket))
    if kind not in {None, caller.session.kind}:
        raise NotSignedIn(
            "This token belongs elsewhere: a browser's in its cookie, others in the header."
        )
    return Guest(caller.scope, token_hash)


def _is_ours(websocket: WebSocket, origin: str) -> bool:
    ours = urlsplit(str(websocket.url))
    return origin == f"{_PAGES.get(ours.scheme)}://{ours.netloc}"


def _bearer(websocket: WebSocket) -> str | None:
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _workspace(websocket: WebSocket) -> UUID | None:
    asked = websocket.headers.get("x-workspace") or websocket.query_params.get("workspace")
    return parse_id(asked, what="workspace") if asked else None
