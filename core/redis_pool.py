"""A Redis client that answers or fails in time, and that nobody waits for while Redis is silent.

redis-py connects under the pool's lock: with a server that takes connections and says nothing, a hundred requests would
wait for it one after the other. Here one of them waits now and then, and the others go on without Redis at once.
"""

# redis-py is annotated in part only.
# pyright: reportUnknownMemberType=false

import time
from typing import Final

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as Silent

REST_S: Final = 3.0
TIMEOUT_S: Final = 1.0


class RestingPool(ConnectionPool):
    """Tries no new connection for REST_S after one that was not answered."""

    _rests_until = 0.0

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Make the connection ready for a command; called under the pool's lock."""
        if not connection.is_connected and time.monotonic() < self._rests_until:
            raise Away("Redis did not answer a moment ago.")
        try:
            await super().ensure_connection(connection)
        except Silent:
            self._rests_until = time.monotonic() + REST_S
            raise


def open_redis(url: str, *, timeout_s: float = TIMEOUT_S) -> "Redis":
    """Open a client that never retries by itself: what Redis does for us can wait."""
    pool = RestingPool.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
    )
    return Redis.from_pool(pool)
