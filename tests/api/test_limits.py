import asyncio

import pytest

from api.limits import Bucket, Limits, LocalBuckets
from app.resources import open_redis
from core.errors import RateLimited

THREE = Bucket("three", 3, 30)


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
        await limits.take(THREE, "ada")
    with pytest.raises(RateLimited) as refused:
        await limits.take(THREE, "ada")
    error = refused.value
    assert (error.bucket, error.limit, error.window_s, error.retry_after_s) == ("three", 3, 30, 10)
    await limits.take(THREE, "bob")


async def test_a_token_given_back_can_be_taken_again(limits):
    for _ in range(10):
        await limits.take(THREE, "ada")
        await limits.give_back(THREE, "ada")
    await limits.give_back(THREE, "nobody")


async def test_fifty_at_once_share_the_last_tokens(limits):
    answers = await asyncio.gather(
        *(limits.take(THREE, "ada") for _ in range(50)), return_exceptions=True
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
