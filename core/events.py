"""A run's events on their way to readers, and nudges: "something about this topic changed, read its row again".

The log of a run is in PostgreSQL (docs/adr/0003-the-log-is-in-postgresql.md): an event is committed there before
`announce()` copies it to the Redis stream `run:<id>` under the id `<seq>-0`. Redis only saves readers their polling, so
every failure of it is swallowed here and costs latency. One Feed a process holds the two connections that listen, however
many clients read. Reading PostgreSQL is the caller's part (`rows_after`): this module knows no SQL.
"""

# redis-py is annotated in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import Unavailable
from core.redis_pool import open_redis
from core.tasks import end

log = structlog.get_logger(__name__)

END = "run.done"  # the kind of a run's last event
NUDGES = "nudges"  # one channel, the payload is the topic: nothing to subscribe and unsubscribe
WHISPERS = "whispers"  # the same for what is kept nowhere: who types, who is there
STREAM_LENGTH = 20_000  # events kept in Redis, about
STREAM_TTL_S = 3600
# PostgreSQL is asked this often whatever Redis says: it finds what Redis lost, and whether the reader may still read
# (a stream closes within 1 s of a revocation).
RECHECK_S = 1.0
POLL_S = 0.25  # the same without Redis
INBOX_EVENTS = 256  # what a reader may lag behind in memory; beyond it he is served from PostgreSQL
INBOX_CHARACTERS = 1 << 20
_BLOCK_MS = 5000
_RETRY_S = 0.5
_AWAY = (RedisError, OSError)


def rights_topic(account_id: UUID) -> str:
    """Return the topic whose nudges say that what an account may see or do has changed."""
    return f"rights:{account_id}"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a run's log; `seq` counts from 1 without gaps, `data` is JSON."""

    seq: int
    kind: str
    data: str
    # Of a run's last event as it is announced: the topics that its transaction changed too.
    nudges: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Tail:
    """The events after the asked one, in order, and whether the run has ended (so that nothing follows them)."""

    events: Sequence[Event]
    ended: bool


RowsAfter = Callable[[int], Awaitable[Tail]]


async def announce(redis: Redis, run_id: UUID, events: Sequence[Event]) -> None:
    """Show committed events to whoever reads the run live."""
    key = _stream(run_id)
    try:
        async with redis.pipeline(transaction=False) as pipe:
            for event in events:
                pipe.xadd(
                    key, {"kind": event.kind, "data": event.data}, id=f"{event.seq}-0",
                    maxlen=STREAM_LENGTH, approximate=True,
                )  # fmt: skip
            pipe.expire(key, STREAM_TTL_S)
            await pipe.execute()
    except _AWAY as error:
        log.info("readers of a run will poll", run_id=str(run_id), reason=str(error))
    for event in events:
        for topic in event.nudges:
            await nudge(redis, topic)


def change_topic(conversation_id: UUID) -> str:
    """Return the topic whose nudges say that the conversation has changed (core/changes.py)."""
    return f"conversation:{conversation_id}"


async def nudge(redis: Redis, topic: str, *, seq: int = 0) -> None:
    """Tell every process that what `topic` names has changed (and has got to `seq`); call it after the commit."""
    try:
        await redis.publish(NUDGES, f"{topic}={seq}" if seq else topic)
    except _AWAY as error:
        log.info("lost a nudge", topic=topic, reason=str(error))


async def whisper(redis: Redis, topic: str, message: str) -> None:
    """Tell who listens to `topic` what is true for a moment only; whoever misses it has missed nothing."""
    try:
        await redis.publish(WHISPERS, f"{topic}={message}")
    except _AWAY as error:
        log.debug("lost a whisper", topic=topic, reason=str(error))


@asynccontextmanager
async def open_feed(redis_url: str) -> AsyncGenerator["Feed"]:
    """Open the process's one Feed; it works, by polling, while Redis is away."""
    listening = Redis.from_url(
        redis_url,
        decode_responses=True,
        socket_connect_timeout=1,
        socket_timeout=2 * _BLOCK_MS / 1000,
    )
    calling = open_redis(redis_url)
    feed = Feed(listening, calling)
    tasks = [asyncio.create_task(feed.read_streams()), asyncio.create_task(feed.hear_nudges())]
    try:
        yield feed
    finally:
        await end(tasks)
        await listening.aclose()
        await calling.aclose()


class Feed:
    """Hands what the shared connections receive to the readers of this process."""

    def __init__(self, listening: Redis, calling: Redis) -> None:
        self._listening = listening
        self._calling = calling
        self._channels: dict[str, _Channel] = {}
        self._ears: defaultdict[str, set[Listener]] = defaultdict(set)
        self._wake = f"wake:{uuid4().hex}"
        self._wake_position = "0-0"
        self._streams_live = False
        self._nudges_live = False

    async def follow(
        self, run_id: UUID, *, after: int, rows_after: RowsAfter
    ) -> AsyncGenerator[Event | None]:
        """Yield the run's events after `after`, in order, each once, until it has ended.

        None stands for a wait in which nothing came: the caller's turn for a heartbeat. What `rows_after` raises ends
        the stream, except Unavailable after the first reading.
        """
        tail = await rows_after(after)
        seq = after
        with self._joined(_stream(run_id), after) as inbox:
            await self._call()
            while True:
                for event in tail.events:
                    seq = event.seq
                    yield event
                if tail.ended:
                    return
                async for event in self._live(inbox, seq):
                    yield event
                    if event is not None and event.kind == END:
                        return
                    seq = seq if event is None else event.seq
                tail = await _again(rows_after, seq)

    @contextmanager
    def listen(self, topic: str) -> Generator["Ear"]:
        """Hear the nudges of a topic; nudges in one go are heard as one."""
        ear = Ear(self)
        with self.told(topic, ear):
            yield ear

    @contextmanager
    def told(self, topic: str, listener: "Listener") -> Generator[None]:
        """Call `listener` at each nudge of a topic, and when nudges are heard again after a silence."""
        self._ears[topic].add(listener)
        try:
            yield
        finally:
            self._ears[topic].discard(listener)
            if not self._ears[topic]:
                del self._ears[topic]

    @property
    def nudges_live(self) -> bool:
        """Whether nudges are being heard; without them whoever waits should look often."""
        return self._nudges_live

    async def _live(self, inbox: "_Inbox", seq: int) -> AsyncGenerator[Event | None]:
        """Yield what follows `seq` without a gap, until PostgreSQL should be asked again."""
        until = time.monotonic() + (RECHECK_S if self._streams_live else POLL_S)
        while (left_s := until - time.monotonic()) > 0:
            events = await inbox.take(left_s)
            if not events:
                yield None
                return
            for event in events:
                if event.seq > seq + 1:
                    return
                if event.seq == seq + 1:
                    seq = event.seq
                    yield event

    @contextmanager
    def _joined(self, key: str, position: int) -> Generator["_Inbox"]:
        channel = self._channels.setdefault(key, _Channel(position))
        inbox = _Inbox()
        channel.inboxes.add(inbox)
        try:
            yield inbox
        finally:
            channel.inboxes.discard(inbox)
            if not channel.inboxes:
                self._channels.pop(key, None)

    async def _call(self) -> None:
        """Make the blocked reader start again with the streams that are wanted now."""
        try:
            async with self._calling.pipeline(transaction=False) as pipe:
                pipe.xadd(self._wake, {"w": ""}, maxlen=1)
                pipe.expire(self._wake, STREAM_TTL_S)
                await pipe.execute()
        except _AWAY:
            self._streams_live = False

    async def read_streams(self) -> None:
        """Read every followed stream over one connection, for ever."""
        while True:
            try:
                await self._read_once()
                self._streams_live = True
            except _AWAY as error:
                self._streams_live = False
                log.info("streams are polled", reason=str(error))
                await asyncio.sleep(_RETRY_S)

    async def _read_once(self) -> None:
        wanted = {key: f"{channel.position}-0" for key, channel in self._channels.items()}
        found = await self._listening.xread(
            {self._wake: self._wake_position, **wanted}, block=_BLOCK_MS
        )
        for key, entries in found:
            if key == self._wake:
                self._wake_position = entries[-1][0]
            elif channel := self._channels.get(key):
                channel.deliver([_event(entry_id, fields) for entry_id, fields in entries])

    async def hear_nudges(self) -> None:
        """Pass the nudges of all topics on, for ever."""
        while True:
            try:
                async with self._listening.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(NUDGES, WHISPERS)
                    self._nudges_live = True
                    self._wake_all()  # what was said while nobody listened is lost
                    while True:
                        message = await pubsub.get_message(timeout=_BLOCK_MS / 1000)
                        if message is not None:
                            self._pass_on(str(message["channel"]), str(message["data"]))
            except _AWAY as error:
                log.info("nudges are not heard", reason=str(error))
            self._nudges_live = False
            await asyncio.sleep(_RETRY_S)

    def _pass_on(self, channel: str, message: str) -> None:
        topic, _, rest = message.partition("=")
        for listener in tuple(self._ears.get(topic, ())):
            if channel == WHISPERS:
                listener.hear(rest)
            else:
                listener.wake(int(rest) if rest.isdecimal() else 0)

    def _wake_all(self) -> None:
        for topic in tuple(self._ears):
            self._pass_on(NUDGES, topic)


class Listener(Protocol):
    """Is woken by the nudges of a topic (`seq` is how far it has got, 0 where nobody said), and hears its whispers."""

    def wake(self, seq: int) -> None: ...
    def hear(self, message: str) -> None: ...


class Ear:
    """Waits for the nudges of one topic."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._rung = asyncio.Event()

    def wake(self, seq: int) -> None:
        self._rung.set()

    def hear(self, message: str) -> None:
        """Let what is whispered pass: only nudges are waited for."""

    async def heard(self, *, within_s: float) -> bool:
        """Return True at the next nudge; False after `within_s`, or after POLL_S while nudges cannot be heard."""
        try:
            async with asyncio.timeout(within_s if self._feed.nudges_live else POLL_S):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


@dataclass(slots=True)
class _Channel:
    """A stream that someone here follows; `position` is the last seq that the shared reader has seen of it."""

    position: int
    inboxes: set["_Inbox"] = field(default_factory=set["_Inbox"])

    def deliver(self, events: list[Event]) -> None:
        self.position = events[-1].seq
        for inbox in self.inboxes:
            inbox.put(events)


class _Inbox:
    """What came for one reader since he last looked. When he is too slow it is emptied: the gap sends him to the log."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._characters = 0
        self._arrived = asyncio.Event()

    def put(self, events: list[Event]) -> None:
        self._events += events
        self._characters += sum(len(event.data) for event in events)
        if len(self._events) > INBOX_EVENTS or self._characters > INBOX_CHARACTERS:
            self._events, self._characters = [], 0
        self._arrived.set()

    async def take(self, timeout_s: float) -> list[Event]:
        """Return what came, waiting for something to come; nothing after the time-out or when it was too much."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._arrived.wait()
        except TimeoutError:
            return []
        self._arrived.clear()
        taken, self._events, self._characters = self._events, [], 0
        return taken


async def _again(rows_after: RowsAfter, seq: int) -> Tail:
    try:
        return await rows_after(seq)
    except Unavailable as error:
        log.info("a stream waits for the database", reason=error.message)
        await asyncio.sleep(POLL_S)
        return Tail((), ended=False)


def _stream(run_id: UUID) -> str:
    return f"run:{run_id}"


def _event(entry_id: str, fields: dict[str, str]) -> Event:
    return Event(int(entry_id.split("-")[0]), fields["kind"], fields["data"])
