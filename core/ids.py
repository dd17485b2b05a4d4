"""UUIDv7 ids (RFC 9562), made by the application so that no database sequence tells one workspace another's volume."""

import os
import time
from datetime import datetime
from uuid import UUID

from core.errors import NotFound


def new_id() -> UUID:
    """Return a new id; ids made later sort later, on one machine to the microsecond (§6.2, method 3), and nobody guesses one."""
    unix_ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    drawn = int.from_bytes(os.urandom(8)) >> 2
    version, variant = 0x7, 0x2
    return UUID(int=unix_ms << 80 | version << 76 | fraction << 64 | variant << 62 | drawn)


def parse_id(text: str, *, what: str) -> UUID:
    """Return the id in `text`; text that is no id cannot name anything, so it is NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"No such {what}.") from None


def first_id_of(moment: datetime) -> UUID:
    """Return what sorts before every id made at `moment` or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
