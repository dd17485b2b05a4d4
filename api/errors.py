"""The one table from error to HTTP status and code, and the envelope in which every error leaves.

That holds for routes, unknown paths, bodies that are no JSON, and events inside a stream. What an error means to a catcher
stands in core/errors.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from math import ceil

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from typing_extensions import TypedDict

from api.invalid import problems_of
from core import errors
from core.errors import CallerError, FieldProblem, RateLimited, Unavailable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is told: a status, and a code that clients may rely on."""

    status: int
    code: str


# The first class that fits, so the special ones come first.
ANSWERS: tuple[tuple[type[Exception], Answer], ...] = (
    (errors.InvalidInput, Answer(400, "VALIDATION_ERROR")),
    (errors.NotSignedIn, Answer(401, "UNAUTHENTICATED")),
    (errors.Forbidden, Answer(403, "FORBIDDEN")),
    (errors.NotFound, Answer(404, "NOT_FOUND")),
    (errors.Conflict, Answer(409, "CONFLICT")),
    (errors.Locked, Answer(423, "LOCKED")),
    (errors.WrongChecksum, Answer(460, "CHECKSUM_MISMATCH")),
    (errors.Stale, Answer(412, "PRECONDITION_FAILED")),
    (errors.TooLarge, Answer(413, "TOO_LARGE")),
    (errors.RateLimited, Answer(429, "RATE_LIMITED")),
    (errors.CallerError, Answer(400, "VALIDATION_ERROR")),
    (errors.StorageFull, Answer(503, "STORAGE_FULL")),
    (errors.Unavailable, Answer(503, "UNAVAILABLE")),
    (RedisError, Answer(503, "UNAVAILABLE")),
)
# What the framework says by itself.
FRAMEWORK_CODES: dict[int, str] = {
    400: "VALIDATION_ERROR",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    411: "LENGTH_REQUIRED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    416: "RANGE_NOT_SATISFIABLE",
}
INTERNAL = Answer(500, "INTERNAL_ERROR")
CODES: tuple[str, ...] = tuple(
    sorted({a.code for _, a in ANSWERS} | {*FRAMEWORK_CODES.values(), INTERNAL.code})
)
RETRY_AFTER_S = 2  # of a 503 that does not say when


class ErrorDetail(TypedDict):
    field: str
    message: str


class ErrorBody(TypedDict):
    code: str
    message: str
    details: list[ErrorDetail]
    timestamp: str
    requestId: str


class ErrorEnvelope(TypedDict):
    error: ErrorBody


def answer_for(error: Exception) -> Answer:
    """Return the row of the table; what stands in no row is a bug, hence 500."""
    return next((answer for kind, answer in ANSWERS if isinstance(error, kind)), INTERNAL)


def envelope(
    code: str, message: str, *, request_id: str, details: Sequence[FieldProblem] = ()
) -> ErrorEnvelope:
    """Return the contract's error object."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    named: list[ErrorDetail] = [{"field": d.field, "message": d.message} for d in details]
    return {
        "error": {
            "code": code,
            "message": message,
            "details": named,
            "timestamp": now,
            "requestId": request_id,
        }
    }


def envelope_of(error: Exception, *, request_id: str) -> ErrorEnvelope:
    """Return the envelope of an error, for a stream whose status has already left."""
    details = error.details if isinstance(error, CallerError) else ()
    return envelope(
        answer_for(error).code, message_of(error), request_id=request_id, details=details
    )


def message_of(error: Exception) -> str:
    """Return what a caller may read: never the text of a bug or of a driver."""
    if isinstance(error, CallerError | Unavailable):
        return error.message
    if isinstance(error, RedisError):
        return "A part of the service did not answer; try again."
    return "Something went wrong on our side; the request id finds it in the log."


def request_id_of(request: Request) -> str:
    """Return the id that api/edge.py gave this request."""
    request_id: str = request.scope.get("request_id", "")
    return request_id


def install(app: FastAPI) -> None:
    """Answer every error of this application in the envelope."""
    app.add_exception_handler(CallerError, _raised)
    app.add_exception_handler(Unavailable, _raised)
    app.add_exception_handler(RedisError, _raised)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _by_framework)


def error_response(error: Exception, *, request_id: str) -> Response:
    """Return the whole HTTP answer to an error, its special headers included."""
    body = envelope_of(error, request_id=request_id)
    return _response(answer_for(error).status, body, _headers_of(error))


def not_ready_response(problems: Sequence[FieldProblem], *, request_id: str) -> Response:
    """Return the 503 of /readyz, which names every part that is missing."""
    message = "; ".join(problem.message for problem in problems)
    body = envelope("UNAVAILABLE", message, request_id=request_id, details=problems)
    return _response(503, body, {"Retry-After": str(RETRY_AFTER_S)})


async def _raised(request: Request, error: Exception) -> Response:
    if not isinstance(error, CallerError):
        log.warning("could not serve", reason=str(error), cause=repr(error.__cause__))
    return error_response(error, request_id=request_id_of(request))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = problems_of(error.errors())
    message = "; ".join(f"{p.field}: {p.message}" for p in problems[:3])
    body = envelope(
        "VALIDATION_ERROR", message, request_id=request_id_of(request), details=problems
    )
    return _response(400, body, {})


async def _by_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = FRAMEWORK_CODES.get(error.status_code, "VALIDATION_ERROR")
    message = str(error.detail or HTTPStatus(error.status_code).phrase)
    body = envelope(code, message, request_id=request_id_of(request))
    return _response(error.status_code, body, dict(error.headers or {}))


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.Locked):
        return {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, errors.NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="recollect"'}
    if isinstance(error, RateLimited):
        return {
            "Retry-After": str(error.retry_after_s),
            "RateLimit-Limit": str(error.limit),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(error.retry_after_s),
            "RateLimit-Policy": f'"{error.bucket}";q={error.limit};w={error.window_s}',
        }
    if isinstance(error, Unavailable):
        return {"Retry-After": str(ceil(error.retry_after_s or RETRY_AFTER_S))}
    if isinstance(error, RedisError):
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {}


def _response(status: int, body: ErrorEnvelope, headers: dict[str, str]) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, headers=headers, media_type="application/json"
    )
