"""The outermost layer of every request, as plain ASGI.

It gives the request id, what a write raised index_seq to, one log line, security headers, a bound on JSON bodies, counters,
and the answer to a bug, in tens of microseconds; Starlette's BaseHTTPMiddleware costs a task a request.
"""

import re
import time
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, error_response
from api.metrics import REQUEST_SECONDS, REQUESTS_IN_FLIGHT
from core.errors import TooLarge
from search.index_seq import Raised, noting_raised

log = structlog.get_logger(__name__)

MAX_JSON_BYTES = 1_000_000
_STREAMED = re.compile(
    r"/api/v1/(upload|uploads(/.*)?|files/[^/]+/content|conversations/import)"
)  # bound their own bodies
_REQUEST_ID = re.compile(rb"[\w.-]{1,64}")
_PREFIX, _ALIAS = "/api/v1/", "/api/"
_UPLOAD = "/api/v1/uploads/"
_MEANT = frozenset({b"HEAD", b"PATCH", b"DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_METHODS = _WITH_BODY | {"GET", "HEAD", "OPTIONS"}
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by machines

# The console loads nothing but itself; answers of the API are never a page.
_CONSOLE_CSP = (
    b"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_API_CSP = b"default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


@dataclass(slots=True)
class _Exchange:
    """What is known of one request on its way through."""

    request_id: str
    started: float
    status: int = 0
    received_bytes: int = 0
    raised: Raised = field(default_factory=Raised)


class Edge:
    """Wraps the application; the alias /api/... is rewritten here, so each route exists once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and account for it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        scope["abort"] = partial(abort, receive)
        if scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
            return
        exchange = _Exchange(_request_id(scope), time.perf_counter())
        scope["request_id"] = exchange.request_id
        scope["path"] = canonical(scope["path"])
        scope["method"] = method_meant(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        receive, send = _bounded(scope, receive, exchange), _dressed(scope, send, exchange)
        REQUESTS_IN_FLIGHT.inc()
        try:
            with noting_raised() as exchange.raised:
                await self._serve(scope, receive, send, exchange)
        finally:
            REQUESTS_IN_FLIGHT.dec()
            _account(scope, exchange)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["request_id"] = _request_id(scope)
        scope["path"] = canonical(scope["path"])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=scope["request_id"])
        try:
            await self.app(scope, receive, send)
        except Exception:  # the top of a connection: a bug is logged once, here
            log.exception("failed to serve a socket", path=scope["path"], code=INTERNAL.code)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: _Exchange) -> None:
        try:
            _refuse_declared_size(scope)
            await self.app(scope, receive, send)
        except TooLarge as error:
            await error_response(error, request_id=exchange.request_id)(scope, receive, send)
        except Exception as error:  # the top of a request: a bug is logged once, here
            log.exception("failed to serve a request", path=scope["path"], code=INTERNAL.code)
            if not exchange.status:
                await error_response(error, request_id=exchange.request_id)(scope, receive, send)


def abort(receive: Receive) -> None:
    """Break a connection off with what was not sent: uvicorn's close() waits for a reader who does not read.

    `receive` is uvicorn's own: `send` is wrapped by the framework before it comes here.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


def canonical(path: str) -> str:
    """Return the path under /api/v1 for one under its alias /api."""
    if path.startswith(_ALIAS) and not path.startswith(_PREFIX):
        return _PREFIX + path[len(_ALIAS) :]
    return path


def method_meant(scope: Scope) -> str:
    """Return the method of a request; of an upload's POST the one that X-HTTP-Method-Override names, as tus has it."""
    if scope["method"] == "POST" and scope["path"].startswith(_UPLOAD):
        for name, value in scope["headers"]:
            if name == b"x-http-method-override" and value in _MEANT:
                return value.decode()
    return scope["method"]


def _request_id(scope: Scope) -> str:
    """Return the caller's own id when it is harmless in a log, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return f"req_{uuid4().hex}"


def _is_bounded(scope: Scope) -> bool:
    return scope["method"] in _WITH_BODY and not _STREAMED.fullmatch(scope["path"])


def _refuse_declared_size(scope: Scope) -> None:
    if not _is_bounded(scope):
        return
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_JSON_BYTES:
            raise TooLarge(f"The body is over the limit of {MAX_JSON_BYTES} bytes.")


def _bounded(scope: Scope, receive: Receive, exchange: _Exchange) -> Receive:
    if not _is_bounded(scope):
        return receive

    async def receive_bounded() -> Message:
        message = await receive()
        exchange.received_bytes += len(message.get("body", b""))
        if exchange.received_bytes > MAX_JSON_BYTES:
            # The framework lets only its own exception pass while it reads a body.
            raise HTTPException(413, f"The body is over the limit of {MAX_JSON_BYTES} bytes.")
        return message

    return receive_bounded


def _dressed(scope: Scope, send: Send, exchange: _Exchange) -> Send:
    async def send_dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *_security_headers(scope, message)]
            message["headers"].append((b"x-request-id", exchange.request_id.encode()))
            seq = exchange.raised.index_seq
            if seq is not None and exchange.status < 400:
                message["headers"].append((b"x-index-seq", str(seq).encode()))
        await send(message)

    return send_dressed


def _security_headers(scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
    """Return the headers that the route did not set itself."""
    present = {name for name, _ in message.get("headers", ())}
    is_api = scope["path"].startswith("/api/")
    found = [pair for pair in _HEADERS if pair[0] not in present]
    if b"content-security-policy" not in present:
        found.append((b"content-security-policy", _API_CSP if is_api else _CONSOLE_CSP))
    if b"cache-control" not in present:
        # The console is asked for by ETag each time: after an upgrade no old script meets a new API.
        found.append((b"cache-control", b"no-store" if is_api else b"no-cache"))
    if scope["scheme"] == "https":
        found.append(_HSTS)
    return found


def _account(scope: Scope, exchange: _Exchange) -> None:
    """Count the request and log it; the pattern of its route (below /api/v1) keeps ids out of the labels."""
    seconds = time.perf_counter() - exchange.started
    pattern = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUEST_SECONDS.labels(method, pattern, str(exchange.status)).observe(seconds)
    if scope["path"] not in _QUIET:
        # An invite's token is as good as a password.
        path = pattern if "{token}" in pattern else scope["path"]
        log.info(
            "served",
            method=scope["method"],
            path=path,
            status=exchange.status,
            duration_ms=round(seconds * 1000, 1),
        )
