"""Tickets for sockets that a browser opens: a page cannot set a header there, and a token has no place in an address.

A ticket stands for the session that asked for it, for 30 s and for one use. It is kept in Redis, by its hash,
which stands beside the session's too: what a connection had left over from another request is no ticket.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.sessions import hash_token
from core.errors import NotSignedIn, Unavailable

TICKET_S: Final = 30


@dataclass(frozen=True, slots=True)
class Tickets:
    redis: Redis

    async def issue(self, token_hash: bytes) -> str:
        """Return a new ticket for the session whose token has this hash."""
        ticket = secrets.token_urlsafe(32)
        try:
            await self.redis.set(_key(ticket), hash_token(ticket) + token_hash, ex=TICKET_S)
        except RedisError as error:
            raise Unavailable("Tickets cannot be given now; use the session cookie.") from error
        return ticket

    async def use(self, ticket: str) -> bytes:
        """Return the hash that the ticket stands for, and end the ticket; NotSignedIn for any other text."""
        try:
            found: bytes | None = await self.redis.getdel(_key(ticket))
        except RedisError as error:
            raise Unavailable("Tickets cannot be taken now; use the session cookie.") from error
        own_hash = hash_token(ticket)
        if found is None or not found.startswith(own_hash):
            raise NotSignedIn("The ticket is wrong, used or older than 30 s: ask for a new one.")
        return found.removeprefix(own_hash)


def _key(ticket: str) -> str:
    return f"ticket:{hash_token(ticket).hex()}"
