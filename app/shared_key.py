"""Keys that all processes of an installation must agree on, kept in the database because nothing else is shared."""

import secrets
from dataclasses import dataclass

from sql import fetch_one, write
from sql.pool import Pool

KEY_BYTES = 32
WEBHOOK_KEY = (
    "webhooks"  # the secrets that calls are signed with are derived from it (core/signature.py)
)

PUSH_KEY = "pushes"  # what browsers know this installation by is derived from it (core/web_push.py)


@dataclass(frozen=True, slots=True)
class _Secret:
    value: bytes


_keep_secret = write("account.sql", "keep_secret", _Secret)


async def shared_key(pool: Pool, *, name: str) -> bytes:
    """Return the key of that name, made by whoever asks first."""
    async with pool.write_tx() as conn:
        kept = await fetch_one(conn, _keep_secret, name=name, value=secrets.token_bytes(KEY_BYTES))
    return kept.value
