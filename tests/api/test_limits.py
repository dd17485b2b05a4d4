import asyncio

import pytest

from api.limits import Bucket, Limits, LocalBuckets
from app.resources import open_redis
from core.errors import RateLimited

THREE = Bucket("three", 3, 30)
SLOW = Bucket("slow", 3, 3_000_000)  # no token comes back while a test runs, however slowly


@pytest.fixture(params=["redis", "without redis"])
async def limits(request, resources):
    if request.param == "redis":
        yield Limits(resources.redis)
        return
    away = open_redis("unix:///nowhere/valkey.sock")
    yield Limits(away)
    await away.aclose()


async def test_the_fourth_of_three_is_refused_and_told_when(limits):
    for _ in range(3):
        await limits.take(SLOW, "ada")
    with pytest.raises(RateLimited) as refused:
        await limits.take(SLOW, "ada")
    error = refused.value
    assert (error.bucket, error.limit, error.window_s) == ("slow", 3, 3_000_000)
    assert 999_000 < error.retry_after_s <= 1_000_000
    await limits.take(SLOW, "bob")


async def test_a_token_given_back_can_be_taken_again(limits):
    for _ in range(10):
        await limits.take(SLOW, "ada")
        await limits.give_back(SLOW, "ada")
    await limits.give_back(SLOW, "nobody")


async def test_fifty_at_once_share_the_last_tokens(limits):
    answers = await asyncio.gather(
        *(limits.take(SLOW, "ada") for _ in range(50)), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 3


def test_tokens_come_back_with_time_and_never_exceed_the_limit():
    local = LocalBuckets()
    assert [local.take(THREE, "a", now=0) for _ in range(4)] == [0, 0, 0, 10_000]
    assert [local.take(THREE, "a", now=10) for _ in range(2)] == [0, 10_000]
    assert [local.take(THREE, "a", now=1000) for _ in range(4)] == [0, 0, 0, 10_000]


def test_the_process_remembers_a_bounded_number_of_buckets(monkeypatch):
    monkeypatch.setattr("api.limits.LOCAL_KEYS", 10)
    local = LocalBuckets()
    for n in range(100):
        local.take(THREE, str(n), now=0)
    assert list(local.levels) == [str(n) for n in range(90, 100)]
