import orjson
import pytest

from api.live.presence import GONE_S, Presence
from core.ids import new_id

TOPIC = "conversation:1"


class Heard:
    def __init__(self) -> None:
        self.said: list[dict] = []

    def wake(self, seq: int) -> None:
        pass

    def hear(self, message: str) -> None:
        self.said.append(orjson.loads(message))


@pytest.fixture
async def presence(resources):
    presence = Presence(resources.redis)
    yield presence
    await presence.close()


async def here(resources):
    return sorted(await resources.redis.zrange(f"presence:{TOPIC}", 0, -1))


async def test_who_looks_in_two_places_is_there_until_he_leaves_both(resources, presence):
    ada, bob = new_id(), new_id()
    for who in (ada, ada, bob):
        await presence.enter(TOPIC, who)
    await presence.leave(TOPIC, ada)
    assert await here(resources) == sorted(str(who).encode() for who in (ada, bob))
    await presence.leave(TOPIC, ada)
    assert await here(resources) == [str(bob).encode()]


async def test_who_is_not_seen_any_more_goes(resources, presence):
    gone, ada = new_id(), new_id()
    await resources.redis.zadd(f"presence:{TOPIC}", {str(gone): 1.0})
    await presence.enter(TOPIC, ada)
    assert await here(resources) == [str(ada).encode()]
    assert 0 < await resources.redis.ttl(f"presence:{TOPIC}") <= GONE_S


async def test_who_types_is_told_and_nothing_is_kept(resources, presence):
    ada, heard = new_id(), Heard()
    with resources.feed.told(TOPIC, heard), resources.feed.listen(TOPIC) as ear:
        while not heard.said:
            await presence.type(TOPIC, ada)
            await ear.heard(within_s=0.05)
    assert heard.said[0] == {"event": "typing", "data": {"account_id": str(ada), "for_s": 6}}
    assert await resources.redis.keys("presence:*") == []


@pytest.mark.usefixtures("without_redis")
async def test_without_redis_nobody_is_seen_and_nothing_fails(app):
    presence = Presence(app.state.api.resources.redis)
    await presence.enter(TOPIC, new_id())
    await presence.close()
