import asyncio

import pytest

from api.live.frames import Framed
from api.live.outbox import Bounds, Outbox


def framed(text="x"):
    return Framed("topic", "event", 1, text)


async def test_what_was_put_is_taken_in_order_and_once():
    outbox = Outbox()
    for text in "abc":
        outbox.put(framed(text))
    assert [one.text for one in await outbox.take(within_s=0)] == ["a", "b", "c"]
    assert await outbox.take(within_s=0.01) == []


@pytest.mark.parametrize("bounds", [Bounds(frames=3), Bounds(bytes=3)], ids=["frames", "bytes"])
async def test_one_frame_too_many_ends_the_connection_and_frees_what_waited(bounds):
    outbox = Outbox(bounds)
    for _ in range(3):
        outbox.put(framed())
    assert outbox.ending is None
    for _ in range(2):
        outbox.put(framed())
    assert (outbox.ending, await outbox.take(within_s=0)) == ("slow", [])


async def test_the_first_reason_to_end_stays():
    outbox = Outbox()
    outbox.end("session")
    outbox.end("restart")
    assert outbox.ending == "session"


async def test_who_puts_patiently_waits_until_all_before_was_taken():
    outbox, put = Outbox(Bounds(frames=1)), []

    async def put_all():
        for text in "abc":
            await outbox.put_patiently(framed(text))
            put.append(text)

    putting, taken = asyncio.create_task(put_all()), []
    while len(taken) < 3:
        taken += [one.text for one in await outbox.take(within_s=10)]
        assert len(put) <= len(taken) + 1
    await putting
    assert (taken, outbox.ending) == (["a", "b", "c"], None)


async def test_a_nudge_and_an_end_wake_who_waits():
    outbox = Outbox()
    for wake in (outbox.nudge, lambda: outbox.end("restart")):
        waiting = asyncio.create_task(outbox.take(within_s=600))
        await asyncio.sleep(0)
        wake()
        assert await waiting == []
