import asyncio

import pytest
from redis.exceptions import ConnectionError as Away
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Silent

from core.redis_pool import open_redis
from tests.faults.silence import silent_server


async def test_one_request_waits_for_a_silent_server_and_the_others_do_not(monkeypatch):
    monkeypatch.setattr("core.redis_pool.REST_S", 600)
    async with silent_server() as server:
        redis = open_redis(server.url, timeout_s=0.5)
        answers = await asyncio.gather(*(redis.get("k") for _ in range(50)), return_exceptions=True)
        await redis.aclose()
    assert sorted({type(answer) for answer in answers}, key=str) == [Away, Silent]
    assert server.connections == 1


async def test_after_the_rest_a_new_connection_is_tried(monkeypatch):
    monkeypatch.setattr("core.redis_pool.REST_S", 0)
    async with silent_server() as server:
        redis = open_redis(server.url, timeout_s=0.1)
        for _ in range(3):
            with pytest.raises(Silent):
                await redis.get("k")
        await redis.aclose()
    assert server.connections == 3


async def test_a_server_that_refuses_is_asked_each_time():
    redis = open_redis("unix:///nowhere/valkey.sock")
    for _ in range(2):
        with pytest.raises(RedisError, match="No such file"):
            await redis.get("k")
    await redis.aclose()


async def test_an_open_connection_is_used_while_new_ones_rest(redis_url, monkeypatch):
    redis = open_redis(redis_url, timeout_s=20)
    await redis.set("k", "v", ex=60)
    monkeypatch.setattr(redis.connection_pool, "_rests_until", float("inf"))
    assert await redis.get("k") == b"v"
    await redis.delete("k")
    await redis.aclose()
