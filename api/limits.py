"""Rate limits: token buckets in Redis, one script a request.

Without Redis the buckets of this process count, so that a limit holds per process instead of per installation: it fails
limited, never open.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from core.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `limit` requests at once, refilled evenly over `window_s`."""

    name: str
    limit: int
    window_s: int

    @property
    def tokens_per_s(self) -> float:
        return self.limit / self.window_s


# A person mistypes a password a few times; a guesser needs thousands of tries (ASVS 6.3.1). Success gives its token back.
LOGIN = Bucket("login", 10, 300)  # per account and address
LOGIN_ADDRESS = Bucket("login-address", 300, 300)  # one address, many accounts
LOGIN_ACCOUNT = Bucket("login-account", 50, 300)  # many addresses, one account
REGISTER = Bucket("register", 600, 3600)  # per address: a class or a company behind one
# Search as you type sends some ten a second for a while; a bench has its own account and may send thousands.
SEARCH = Bucket("search", 60_000, 60)  # per account
FEEDBACK = Bucket("feedback", 600, 60)  # per account: each may keep a row
# Whoever lets people in learns which addresses have an account here.
INVITE = Bucket("invite", 60, 3600)  # per account
LOCAL_KEYS = 50_000  # buckets kept by one process, the least used go first

# KEYS[1] bucket; ARGV: limit, tokens per second. Returns 0, or the milliseconds until a token is there.
_TAKE = """
local limit, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(limit, (tonumber(kept[1]) or limit) + (now - (tonumber(kept[2]) or now)) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) / rate * 1000) end
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(limit / rate) + 1)
return wait
"""


_GIVE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBYFLOAT', KEYS[1], 'tokens', 1) end
"""


@dataclass(slots=True)
class _Level:
    tokens: float
    at: float


@dataclass(slots=True)
class LocalBuckets:
    """The same buckets in this process; `levels` is bounded."""

    levels: OrderedDict[str, _Level] = field(default_factory=OrderedDict[str, _Level])

    def take(self, bucket: Bucket, key: str, *, now: float) -> int:
        """Take a token; return 0, or the milliseconds until there is one."""
        level = self.levels.pop(key, None) or _Level(bucket.limit, now)
        refilled = level.tokens + (now - level.at) * bucket.tokens_per_s
        tokens = min(float(bucket.limit), refilled)
        taken = tokens >= 1
        self.levels[key] = _Level(tokens - 1 if taken else tokens, now)
        if len(self.levels) > LOCAL_KEYS:
            self.levels.popitem(last=False)
        return 0 if taken else ceil((1 - tokens) / bucket.tokens_per_s * 1000)

    def give_back(self, key: str) -> None:
        """Return a token that was taken."""
        if level := self.levels.get(key):
            level.tokens += 1


class Limits:
    """Takes tokens; a request over its limit is RateLimited."""

    def __init__(self, redis: Redis) -> None:
        self._take: AsyncScript = redis.register_script(_TAKE)
        self._give_back: AsyncScript = redis.register_script(_GIVE_BACK)
        self._local = LocalBuckets()

    async def take(self, bucket: Bucket, who: str) -> None:
        """Take one token of `who`; raise RateLimited when there is none."""
        key = _key(bucket, who)
        try:
            refill = [bucket.limit, bucket.tokens_per_s]
            wait_ms = int(await self._take([key], refill))  # pyright: ignore[reportUnknownArgumentType]
        except RedisError:
            wait_ms = self._local.take(bucket, key, now=time.monotonic())
        if wait_ms:
            raise RateLimited(
                bucket.name,
                limit=bucket.limit,
                window_s=bucket.window_s,
                retry_after_s=ceil(wait_ms / 1000),
            )

    async def give_back(self, bucket: Bucket, who: str) -> None:
        """Return the token that was taken for a request that needs no limit after all."""
        key = _key(bucket, who)
        try:
            await self._give_back([key])
        except RedisError:
            self._local.give_back(key)


def _key(bucket: Bucket, who: str) -> str:
    return f"limit:{bucket.name}:{who}"
