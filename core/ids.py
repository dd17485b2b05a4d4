"""UUIDv7 ids (RFC 9562), made by the application so that no database sequence tells one workspace another's volume."""

import os
import time
from datetime import datetime
from uuid import UUID

from core.errors import NotFound


def new_id() -> UUID:
    """Return a new id; ids made later sort later, to the millisecond."""
    unix_ms = time.time_ns() // 1_000_000
    value = unix_ms << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # RFC variant
    return UUID(int=value)


def parse_id(text: str, *, what: str) -> UUID:
    """Return the id in `text`; text that is no id cannot name anything, so it is NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"No such {what}.") from None


def first_id_of(moment: datetime) -> UUID:
    """Return what sorts before every id made at `moment` or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
