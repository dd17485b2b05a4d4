import asyncio
import os
import signal

from app.embedded_valkey import start_valkey
from app.resources import open_redis
from core.tasks import end
from workers.bells import hear_bells
from workers.queue import BELL_QUEUE, ring


async def heard_within(heard: list[str], count: int, *, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            while True:
                if len(heard) >= count:
                    return True
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False


async def test_bells_are_heard_and_leave_nothing(resources):
    heard: list[str] = []
    hearing = asyncio.create_task(hear_bells(resources.redis, heard.append))
    await ring(resources.redis, "reply")
    await ring(resources.redis, "ingest_file")
    assert await heard_within(heard, 2, seconds=3)
    await end([hearing])
    assert sorted(heard) == ["ingest_file", "reply"]
    assert await resources.redis.zcard(BELL_QUEUE) == 0
    assert await resources.redis.keys("arq:result*") == []


async def test_bells_are_heard_again_when_redis_is_back(tmp_path):
    heard: list[str] = []
    first = await start_valkey(tmp_path / "valkey")
    redis = open_redis(first.url)
    hearing = asyncio.create_task(hear_bells(redis, heard.append))
    await ring(redis, "reply")
    assert await heard_within(heard, 1, seconds=3)
    os.kill(first.child.pid, signal.SIGKILL)
    await first.stop()
    await ring(redis, "reply")  # lost
    second = await start_valkey(tmp_path / "valkey")
    await asyncio.sleep(1.5)
    await ring(redis, "ingest_file")
    assert await heard_within(heard, 2, seconds=5)
    await end([hearing])
    await redis.aclose()
    await second.stop()
    assert heard == ["reply", "ingest_file"]
