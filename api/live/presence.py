"""Who is there and who types: kept in Redis for moments, right in the end, never asked for permission.

Presence is one sorted set a conversation, an account with the time at which it was last seen there; a process that dies
leaves entries that go after 45 s. Without Redis nobody is seen, and nothing else is missing.
"""

# redis-py is annotated in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import time
from collections import Counter
from typing import Final
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.events import whisper
from core.tasks import end

log = structlog.get_logger(__name__)

GONE_S: Final = 45
BEAT_S: Final = 15.0
TYPING_S: Final = 6  # how long one `typing` is to be believed
MOST_SHOWN: Final = 100


class Presence:
    """The people present in conversations through this process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._here: Counter[tuple[str, UUID]] = Counter()
        self._told: dict[str, list[str]] = {}
        self._beating: asyncio.Task[None] | None = None

    async def enter(self, topic: str, account_id: UUID) -> None:
        """Note that somebody looks at the conversation, in one more place."""
        self._here[topic, account_id] += 1
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        await self._tell(topic, always=True)

    async def leave(self, topic: str, account_id: UUID) -> None:
        """Note that somebody looks away in one place; elsewhere he may be there still."""
        self._here[topic, account_id] -= 1
        if self._here[topic, account_id] > 0:
            return
        del self._here[topic, account_id]
        try:
            await self._redis.zrem(_key(topic), str(account_id))
        except RedisError as error:
            log.debug("presence is not kept", reason=str(error))
        await self._tell(topic)
        if not any(here == topic for here, _ in self._here):
            self._told.pop(topic, None)

    async def type(self, topic: str, account_id: UUID) -> None:
        """Tell who watches that somebody is writing there."""
        await _say(self._redis, topic, "typing", {"account_id": str(account_id), "for_s": TYPING_S})

    async def close(self) -> None:
        if self._beating is not None:
            await end([self._beating])

    async def _beat(self) -> None:
        while self._here:
            await asyncio.sleep(BEAT_S)
            for topic in {topic for topic, _ in self._here}:
                await self._tell(topic)
        self._beating = None

    async def _tell(self, topic: str, *, always: bool = False) -> None:
        """Say again who of ours is there, and tell who watches when the list has changed."""
        ours = [str(account_id) for here, account_id in self._here if here == topic]
        now = time.time()
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                if ours:
                    pipe.zadd(_key(topic), dict.fromkeys(ours, now))
                pipe.zremrangebyscore(_key(topic), 0, now - GONE_S)
                pipe.expire(_key(topic), GONE_S)
                pipe.zrange(_key(topic), 0, MOST_SHOWN - 1)
                *_, found = await pipe.execute()
        except (RedisError, OSError) as error:
            log.debug("presence is not kept", reason=str(error))
            return
        here = sorted(account.decode() for account in found)
        if always or here != self._told.get(topic):
            self._told[topic] = here
            await _say(self._redis, topic, "presence", {"here": here})


async def _say(redis: Redis, topic: str, event: str, data: object) -> None:
    await whisper(redis, topic, orjson.dumps({"event": event, "data": data}).decode())


def _key(topic: str) -> str:
    return f"presence:{topic}"
