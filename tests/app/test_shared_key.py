import asyncio

from app.shared_key import KEY_BYTES, shared_key


async def test_whoever_asks_gets_the_same_key(resources):
    keys = await asyncio.gather(*(shared_key(resources.signin, name="cursors") for _ in range(4)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == KEY_BYTES
    assert await shared_key(resources.signin, name="another") != keys[0]
