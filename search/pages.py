"""Pages over a frozen list: the ids of one ranking are kept in Redis for five minutes, the cursor says where to go on.

The cursor is signed and good only for the caller, the workspace and the query it was made for, and for a day: the index has
moved on then. A list that Redis has lost is made again by the same rule; between two equal searches of an unchanged index
nothing differs. What Redis gives back counts only with our seal, for the list that is asked for.
"""

import base64
import binascii
import hashlib
import hmac
import os
import time
from dataclasses import dataclass
from typing import Final

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import InvalidInput
from core.scope import Scope
from search.answer import Correction, Coverage, Recall, SearchRequest
from search.explain import Reasons
from search.fuse import Listed

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KEPT_S: Final = 300
_MAC_BYTES: Final = 16
_SEAL_BYTES: Final = 32
_TOKEN_BYTES: Final = 12
_TIME_BYTES: Final = 4  # of the token: when the list was made, in seconds
CURSOR_LIFE_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Cursor:
    """The list's name in Redis and how many of its entries were read."""

    token: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """A ranking as it was when its first page was read."""

    listed: list[Listed]
    index_seq: int
    recall: Recall
    langs: tuple[str, ...]
    corrections: tuple[Correction, ...] = ()
    matches: int = 0  # passages that hold the words, in the list or not, where they were counted
    reasons: Reasons | None = None  # where an explanation was asked for
    coverage: Coverage | None = None  # as it was when the first page was read


_FROZEN = TypeAdapter(Frozen)


def new_token(*, age_s: int = 0) -> bytes:
    """Return the name of a list that is made now, or was made some time ago."""
    made_s = int(time.time()) - age_s
    return made_s.to_bytes(_TIME_BYTES) + os.urandom(_TOKEN_BYTES - _TIME_BYTES)


def sign(cursor: Cursor, scope: Scope, request: SearchRequest, *, key: bytes) -> str:
    """Return the cursor as text."""
    payload = cursor.token + cursor.offset.to_bytes(2)
    return base64.urlsafe_b64encode(_mac(payload, scope, request, key) + payload).decode()


def read_cursor(text: str, scope: Scope, request: SearchRequest, *, key: bytes) -> Cursor:
    """Return what sign() was given; anything else, another query's cursor, or one of yesterday, is InvalidInput."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _unusable() from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if len(payload) != _TOKEN_BYTES + 2 or not hmac.compare_digest(
        mac, _mac(payload, scope, request, key)
    ):
        raise _unusable()
    if time.time() - int.from_bytes(payload[:_TIME_BYTES]) > CURSOR_LIFE_S:
        raise InvalidInput.of("cursor", "is older than a day; start again without it")
    return Cursor(payload[:_TOKEN_BYTES], int.from_bytes(payload[_TOKEN_BYTES:]))


async def keep(redis: Redis | None, token: bytes, frozen: Frozen, *, key: bytes) -> None:
    """Freeze a list; without Redis the next page makes it again."""
    if redis is None:
        return
    content = orjson.dumps(frozen, default=str)  # str: asyncpg has a UUID class of its own
    try:
        await redis.set(_name(token), _seal(token, content, key) + content, ex=KEPT_S)
    except RedisError as error:
        log.warning("result list not kept", error=str(error))


async def recall(redis: Redis | None, token: bytes, *, key: bytes) -> Frozen | None:
    """Return a frozen list; None when it is gone, or what is there is not the one that was kept."""
    if redis is None:
        return None
    try:
        kept: bytes | None = await redis.get(_name(token))
    except RedisError as error:
        log.warning("result list not read", error=str(error))
        return None
    return None if kept is None else _opened(token, kept, key)


def _opened(token: bytes, kept: bytes, key: bytes) -> Frozen | None:
    seal, content = kept[:_SEAL_BYTES], kept[_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(token, content, key)):
        log.warning("result list not believed", list=token.hex())
        return None
    try:
        return _FROZEN.validate_json(content)
    except ValidationError:  # another release kept it, during an upgrade
        return None


def _seal(token: bytes, content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"list\0" + token + content, hashlib.sha256)


def _name(token: bytes) -> str:
    return f"recollect:list:{token.hex()}"


def _mac(payload: bytes, scope: Scope, request: SearchRequest, key: bytes) -> bytes:
    asked = [request.q, request.type, request.mode, request.semantic_ratio, request.recency, request.sort, request.group_by,
             request.group_limit, request.lang, request.tz, request.syntax, request.rerank, request.recall,
             [[f.op, f.value, f.negated] for f in request.filters], repr(request.tree)]  # fmt: skip
    bound = scope.workspace_id.bytes + scope.account_id.bytes + orjson.dumps(asked)
    return hmac.digest(key, bound + b"\0" + payload, hashlib.sha256)[:_MAC_BYTES]


def _unusable() -> InvalidInput:
    return InvalidInput.of("cursor", "is not one that this search gave out; start again without it")
