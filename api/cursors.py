"""Cursors of lists: where the last page ended, signed, so that they cannot be written by hand or carried to another list.

A cursor holds a sort key and an id and is good for the list, workspace and account that it was made for. It is no secret
and it never expires.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from core.errors import InvalidInput
from core.scope import Scope

Row = TypeVar("Row")
_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list; without a next_cursor it is the last."""

    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the value sorted by, and the id that breaks ties."""

    value: str
    id: UUID

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.value)


@dataclass(frozen=True, slots=True)
class Cursors:
    """Signs and reads cursors; every process of an installation has the same key."""

    key: bytes

    def sign(self, scope: Scope, listing: str, *, position: Position) -> str:
        """Return the cursor of `listing` (its name and its filters) that goes on after `position`."""
        payload = orjson.dumps([position.value, str(position.id)])
        return base64.urlsafe_b64encode(self._mac(scope, listing, payload) + payload).decode()

    def read(self, scope: Scope, listing: str, *, cursor: str | None) -> Position | None:
        """Return where to go on; a cursor not made here for this list is InvalidInput."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _unusable() from None
        mac, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, listing, payload)):
            raise _unusable()
        value, item_id = orjson.loads(payload)
        return Position(value, UUID(item_id))

    def page(
        self,
        scope: Scope,
        listing: str,
        *,
        rows: Sequence[Row],
        limit: int,
        position_of: Callable[[Row], Position],
    ) -> Page[Row]:
        """Cut `rows`, of which limit + 1 were asked for, to a page."""
        if len(rows) <= limit:
            return Page(rows, None)
        items = rows[:limit]
        return Page(items, self.sign(scope, listing, position=position_of(items[-1])))

    def _mac(self, scope: Scope, listing: str, payload: bytes) -> bytes:
        bound = scope.workspace_id.bytes + scope.account_id.bytes + listing.encode() + b"\0"
        return hmac.digest(self.key, bound + payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def _unusable() -> InvalidInput:
    return InvalidInput.of("cursor", "is not one that this list gave out; start again without it")
