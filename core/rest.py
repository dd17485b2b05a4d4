"""That a provider is left alone for now, as processes tell each other by Redis.

Two keys: one is there while nobody asks the provider, the other until it has answered again: so long one call tries at a
time. Redis may be away or empty at any time, then nobody has told anything and each process goes by what it saw itself.
"""

# redis-py is annotated in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from dataclasses import dataclass
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DOUBT_S: Final = 900  # after a rest; then it counts as any other
_AWAY: Final = (RedisError, OSError)


@dataclass(frozen=True, slots=True)
class Told:
    """For how long the provider is left alone, and whether it has not answered since it was last."""

    left_s: float
    is_doubted: bool


_NOTHING: Final = Told(0, is_doubted=False)


class Rest:
    """What is told of one provider; without `redis` it is nobody else's, as a model of this machine."""

    def __init__(self, name: str, redis: Redis | None = None) -> None:
        self._resting = f"resting:{name}"
        self._doubted = f"doubted:{name}"
        self._redis = redis

    async def told(self) -> Told:
        """Return what the processes have told each other."""
        if self._redis is None:
            return _NOTHING
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.pttl(self._resting)
                pipe.exists(self._doubted)
                left_ms, doubted = await pipe.execute()
        except _AWAY:
            return _NOTHING
        return Told(max(left_ms, 0) / 1000, bool(doubted))

    async def begin(self, seconds: float) -> None:
        """Have every process leave the provider alone for so long."""
        if self._redis is None:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(self._resting, 1, px=round(seconds * 1000))
                pipe.set(self._doubted, 1, ex=round(seconds) + DOUBT_S)
                await pipe.execute()
        except _AWAY as error:
            log.info("a provider's rest is told to nobody", key=self._resting, reason=str(error))

    async def may_try(self, seconds: float) -> bool:
        """Return whether the one call that tries is the caller's; the others then wait for `seconds`, or for its answer."""
        if self._redis is None:
            return True
        try:
            return bool(await self._redis.set(self._resting, 1, nx=True, px=round(seconds * 1000)))
        except _AWAY:
            return True

    async def end(self) -> None:
        """Tell that the provider answers."""
        if self._redis is None:
            return
        try:
            await self._redis.delete(self._resting, self._doubted)
        except _AWAY as error:
            log.info("a rest ends by itself", key=self._resting, reason=str(error))
