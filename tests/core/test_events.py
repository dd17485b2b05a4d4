import asyncio
import random
from contextlib import aclosing
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from app.embedded_valkey import start_valkey
from core.errors import NotFound, Unavailable
from core.events import END, INBOX_EVENTS, RECHECK_S, Event, Tail, announce, nudge, open_feed
from core.ids import new_id
from core.tasks import end


class Log:
    """Stands for PostgreSQL: what was committed, and how often it was asked."""

    def __init__(self) -> None:
        self.run_id = new_id()
        self.events: list[Event] = []
        self.ended = False
        self.asked = 0

    async def rows_after(self, seq: int) -> Tail:
        self.asked += 1
        return Tail([event for event in self.events if event.seq > seq], self.ended)

    def commit(self, text: str, kind: str = "delta") -> Event:
        event = Event(len(self.events) + 1, kind, text)
        self.events.append(event)
        self.ended = kind == END
        return event


@pytest.fixture
async def redis(redis_url):
    client = Redis.from_url(redis_url)
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
async def feed(redis_url):
    async with open_feed(redis_url) as feed:
        await feed._call()
        while not (feed.nudges_live and feed._streams_live):  # noqa: ASYNC110  (its tasks are connecting)
            await asyncio.sleep(0.01)
        yield feed


async def everything(feed, log, after=0) -> list[Event]:
    async with aclosing(feed.follow(log.run_id, after=after, rows_after=log.rows_after)) as events:
        return [event async for event in events if event is not None]


async def write(log, redis, count=60, pause_s=0.005) -> None:
    for n in range(count):
        await announce(redis, log.run_id, [log.commit(f"word {n} ")])
        await asyncio.sleep(pause_s)
    await announce(redis, log.run_id, [log.commit("{}", END)])


async def test_a_reader_gets_every_event_once_and_in_order(feed, redis):
    log = Log()
    reader = asyncio.create_task(everything(feed, log))
    await write(log, redis)
    assert await reader == log.events


async def test_live_events_come_from_redis_and_not_by_asking_the_database(feed, redis, monkeypatch):
    monkeypatch.setattr("core.events.RECHECK_S", 600)
    log = Log()
    reader = asyncio.create_task(everything(feed, log))
    await write(log, redis, count=80)
    await reader
    assert log.asked <= 3


async def test_readers_that_join_at_any_point_get_the_same_rest(feed, redis):
    log = Log()
    writer = asyncio.create_task(write(log, redis))
    readers = []
    for _ in range(12):
        after = random.randint(0, len(log.events))
        readers.append((after, asyncio.create_task(everything(feed, log, after))))
        await asyncio.sleep(random.random() / 30)
    await writer
    for after, reader in readers:
        assert await reader == log.events[after:]


async def test_an_ended_run_is_read_to_its_end_and_no_further(feed):
    log = Log()
    log.commit("a")
    log.commit("{}", END)
    assert await everything(feed, log) == log.events
    assert await everything(feed, log, after=2) == []


async def test_events_that_redis_never_saw_arrive_by_asking(feed):
    log = Log()
    reader = asyncio.create_task(everything(feed, log))
    await asyncio.sleep(0.05)
    log.commit("not announced")
    log.commit("{}", END)
    assert await reader == log.events


async def test_a_gap_left_by_a_wiped_redis_is_filled_from_the_log(feed, redis):
    log = Log()
    reader = asyncio.create_task(everything(feed, log))
    writer = asyncio.create_task(write(log, redis))
    for _ in range(5):
        await asyncio.sleep(0.05)
        await redis.flushall()
    await writer
    assert await reader == log.events


async def test_a_silent_wait_gives_the_caller_a_turn(feed):
    log = Log()
    async with aclosing(feed.follow(log.run_id, after=0, rows_after=log.rows_after)) as events:
        assert await anext(events) is None


async def test_a_reader_who_lags_is_served_from_the_log(feed, redis):
    log = Log()
    async with aclosing(feed.follow(log.run_id, after=0, rows_after=log.rows_after)) as events:
        await announce(redis, log.run_id, [log.commit("first")])
        got = [await anext(events)]
        for _ in range(2 * INBOX_EVENTS):
            await announce(redis, log.run_id, [log.commit("x")])
        await announce(redis, log.run_id, [log.commit("{}", END)])
        got += [event async for event in events if event is not None]
    assert got == log.events


async def test_who_may_no_longer_read_is_cut_off_within_a_second(feed, redis):
    log = Log()
    allowed = True

    async def rows_after(seq: int) -> Tail:
        if not allowed:
            raise NotFound("No such run.")
        return await log.rows_after(seq)

    writer = asyncio.create_task(write(log, redis, count=10_000))

    async def read() -> None:
        nonlocal allowed
        async for _ in feed.follow(log.run_id, after=0, rows_after=rows_after):
            allowed = False

    with pytest.raises(NotFound):
        await read()
    assert not writer.done()
    await end([writer])
    assert RECHECK_S <= 1


async def test_a_database_that_is_away_delays_a_stream_but_does_not_end_it(feed):
    log = Log()

    async def rows_after(seq: int) -> Tail:
        if 1 < log.asked < 4:
            log.asked += 1
            raise Unavailable("The database did not answer.")
        return await log.rows_after(seq)

    log.commit("a")
    async with aclosing(feed.follow(log.run_id, after=0, rows_after=rows_after)) as events:
        first = await anext(events)
        log.commit("{}", END)
        rest = [event async for event in events if event is not None]
    assert [first, *rest] == log.events


async def test_a_nudge_is_heard_by_every_listener_of_its_topic_only(feed, redis):
    with feed.listen("file:1") as one, feed.listen("file:1") as two, feed.listen("file:2") as other:
        await nudge(redis, "file:1")
        assert await asyncio.gather(
            one.heard(within_s=30), two.heard(within_s=30), other.heard(within_s=0.2)
        ) == [True, True, False]


async def test_an_event_nudges_those_whose_topics_its_transaction_changed_too(feed, redis):
    log = Log()
    with feed.listen("conversation:1") as one, feed.listen("notices:1") as two:
        done = replace(log.commit("{}", END), nudges=("conversation:1", "notices:1"))
        await announce(redis, log.run_id, [done])
        assert await asyncio.gather(one.heard(within_s=30), two.heard(within_s=30)) == [True, True]


async def test_without_redis_everything_works_by_polling(tmp_path):
    async with open_feed(f"unix://{tmp_path}/nothing.sock") as feed:
        dead = Redis.from_url(f"unix://{tmp_path}/nothing.sock")
        log = Log()
        reader = asyncio.create_task(everything(feed, log))
        await write(log, dead, count=20)
        assert await reader == log.events
        with feed.listen("file:1") as ear:
            assert await ear.heard(within_s=10) is False
        await nudge(dead, "file:1")


async def test_redis_killed_and_started_again_in_mid_stream_loses_nothing(tmp_path):
    server = await start_valkey(tmp_path / "valkey")
    redis = Redis.from_url(server.url)
    async with open_feed(server.url) as feed:
        log = Log()
        reader = asyncio.create_task(everything(feed, log))
        writer = asyncio.create_task(write(log, redis, count=150))
        await asyncio.sleep(0.1)
        await server.stop()
        await asyncio.sleep(0.2)
        server = await start_valkey(tmp_path / "valkey")
        await writer
        assert await reader == log.events
    await redis.aclose()
    await server.stop()
