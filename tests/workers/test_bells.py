import asyncio
import os
import signal

from redis.asyncio import Redis

from app.embedded_valkey import start_valkey
from app.resources import open_redis
from core.tasks import end
from workers.bells import hear_bells
from workers.queue import BELL_QUEUE, ring


async def settled(redis: Redis, heard: list[str], count: int) -> None:
    """Wait until so many bells were heard and Redis has none left: arq removes them after they were heard."""
    async with asyncio.timeout(30):
        while len(heard) < count or await redis.zcard(BELL_QUEUE):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_bells_are_heard_and_leave_nothing(resources):
    heard: list[str] = []
    hearing = asyncio.create_task(hear_bells(resources.redis, heard.append))
    await ring(resources.redis, "reply")
    await ring(resources.redis, "ingest_file")
    await settled(resources.redis, heard, 2)
    await end([hearing])
    assert sorted(heard) == ["ingest_file", "reply"]
    assert await resources.redis.keys("arq:result*") == []


async def test_bells_are_heard_again_when_redis_is_back(tmp_path):
    heard: list[str] = []
    first = await start_valkey(tmp_path / "valkey")
    redis = open_redis(first.url, timeout_s=30)
    hearing = asyncio.create_task(hear_bells(redis, heard.append))
    await ring(redis, "reply")
    await settled(redis, heard, 1)
    os.kill(first.child.pid, signal.SIGKILL)
    await first.stop()
    await ring(redis, "reply")  # lost
    second = await start_valkey(tmp_path / "valkey")
    await ring(redis, "ingest_file")
    await settled(redis, heard, 2)
    await end([hearing])
    await redis.aclose()
    await second.stop()
    assert heard == ["reply", "ingest_file"]
