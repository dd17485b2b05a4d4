"""`GET /api/realtime`, the WebSocket over which a client watches what it may see, and the ticket that opens it.

What is said over it stands in docs/realtime.md; `GET /api/events` (api/live/event_stream.py) tells the same as server-sent events.
"""

from typing import cast

import structlog
from fastapi import APIRouter, Request, WebSocket

from api.deps import Api, ApiDep, CallerDep, bearer_token, cookie_token
from api.errors import error_response
from api.live.door import admit
from api.live.frames import frame
from api.live.socket import Socket
from api.live.sse import Streams
from api.wire import Answer
from app.sessions import hash_token
from app.tickets import TICKET_S, Tickets
from core.errors import CallerError, NotSignedIn, Unavailable

router = APIRouter(tags=["Real time"])
log = structlog.get_logger(__name__)

SOCKETS_PER_ACCOUNT = 20
SOCKETS_PER_PROCESS = 2000


class TicketAnswer(Answer):
    """Opens one socket, as `?ticket=`."""

    ticket: str
    expires_in_s: int


@router.post("/realtime/ticket", status_code=201, summary="A ticket that opens one socket")
async def make_ticket(request: Request, caller: CallerDep, api: ApiDep) -> TicketAnswer:
    token = bearer_token(request) or cookie_token(request)
    if token is None:
        raise NotSignedIn("Sign in first.")
    structlog.contextvars.bind_contextvars(session_id=str(caller.session.id))
    ticket = await Tickets(api.resources.redis).issue(hash_token(token))
    return TicketAnswer(ticket=ticket, expires_in_s=TICKET_S)


@router.websocket("/realtime")
async def watch(websocket: WebSocket) -> None:
    """Admit the client, or refuse it with the answer that a request would get; then serve it."""
    api = cast("Api", websocket.app.state.api)
    sockets = cast("Streams", websocket.app.state.sockets)
    request_id = str(websocket.scope["request_id"])
    try:
        guest = await admit(websocket, api)
        sockets.admit(guest.scope.account_id)
    except (CallerError, Unavailable) as error:
        await websocket.send_denial_response(error_response(error, request_id=request_id))
        return
    await websocket.accept()
    account_id = guest.scope.account_id
    socket = Socket(websocket, api, guest, request_id=request_id)
    socket.outbox.put(frame("", "hello", {"account_id": account_id, "ping_s": 20}))
    with sockets.counted(account_id), sockets.ended_by(lambda: socket.outbox.end("restart")):
        await socket.serve()
