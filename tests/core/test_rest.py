import pytest

from core.redis_pool import open_redis
from core.rest import Rest, Told

NOTHING = Told(0, is_doubted=False)


@pytest.fixture
async def two(resources):
    """What two processes hold of one provider."""
    return Rest("vendor", resources.redis), Rest("vendor", resources.redis)


async def test_what_one_process_learnt_every_process_is_told(two):
    one, other = two
    assert await other.told() == NOTHING
    await one.begin(30)
    told = await other.told()
    assert (25 < told.left_s <= 30, told.is_doubted) == (True, True)
    await other.end()
    assert await one.told() == NOTHING


async def test_after_a_rest_one_call_tries_until_it_has_an_answer(two, resources):
    one, other = two
    await one.begin(30)
    await resources.redis.delete("resting:vendor")  # as its time passes
    assert await other.told() == Told(0, is_doubted=True)
    assert [await rest.may_try(30) for rest in (other, one)] == [True, False]
    assert (await one.told()).left_s > 25
    await other.end()
    assert await one.told() == NOTHING


async def test_another_provider_is_not_meant(two, resources):
    await two[0].begin(30)
    assert await Rest("other", resources.redis).told() == NOTHING


@pytest.mark.parametrize("address", ["unix:///nowhere/valkey.sock", None])
async def test_without_redis_nobody_tells_anything_and_who_wants_may_try(address):
    redis = open_redis(address) if address else None
    rest = Rest("vendor", redis)
    await rest.begin(30)
    assert await rest.told() == NOTHING
    assert await rest.may_try(30)
    await rest.end()
    if redis is not None:
        await redis.aclose()
