"""Idempotency-Key: a POST that is sent again gets its first answer, and is done once.

Key, work and answer are one transaction. The same key with another request is a Conflict; a failed request keeps nothing,
so it may be sent again.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response

from core.errors import Conflict
from core.scope import Scope
from sql import execute, fetch_one, fetch_opt, read, write
from sql.pool import Conn, Pool

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Sent again within 24 h: the first answer"),
]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it left, or would have left, the first time; `fresh` says which."""

    status: int
    body: str  # JSON
    fresh: bool = True

    def response(self) -> Response:
        return Response(self.body, status_code=self.status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class OneRequest:
    """What makes two requests the same: who sends it, the key, and a hash of path and body."""

    scope: Scope
    key: str | None
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str


@dataclass(frozen=True, slots=True)
class _Kept:
    request_hash: bytes
    status: int
    body: str


_claim_key = write("idempotency.sql", "claim_key", _Claim)
_find_answer = read("idempotency.sql", "find_answer", _Kept)
_keep_answer = write("idempotency.sql", "keep_answer")


async def one_request(request: Request, scope: Scope, key: str | None) -> OneRequest:
    """Return the identity of a request whose body is in memory."""
    hashed = hashlib.sha256(f"{request.method} {request.url.path}\0".encode())
    if key is not None:
        hashed.update(await request.body())
    return OneRequest(scope, key, hashed.digest())


async def once(
    pool: Pool, request: OneRequest, *, work: Callable[[Conn], Awaitable[Answered]]
) -> Answered:
    """Do `work` in a transaction, or return the answer that this key has had already."""
    async with pool.write_tx(request.scope, by_key=True) as conn:
        if request.key is None:
            return await work(conn)
        claim = await fetch_opt(
            conn, _claim_key, **_named(request), request_hash=request.request_hash
        )
        if claim is None:
            return await _first_answer(conn, request)
        answered = await work(conn)
        await execute(
            conn, _keep_answer, **_named(request), status=answered.status, body=answered.body
        )
        return answered


async def _first_answer(conn: Conn, request: OneRequest) -> Answered:
    kept = await fetch_one(conn, _find_answer, **_named(request))
    if kept.request_hash != request.request_hash:
        raise Conflict("This Idempotency-Key was used for another request; make a new one.")
    return Answered(kept.status, kept.body, fresh=False)


def _named(request: OneRequest) -> dict[str, object]:
    return {**request.scope.ids, "key": request.key}
