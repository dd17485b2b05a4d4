"""One client that watches topics, whatever it is connected by: takes and leaves them, and fills its outbox.

A topic that may not be watched, or not any longer, gives one `error` frame with the envelope of every error, and no more.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
import structlog

from api.errors import envelope_of
from api.live.frames import Framed, Place, frame, gap, read_changes
from api.live.outbox import Outbox
from api.live.rooms import Room, Rooms, Seat, is_cut
from api.live.sse import Frame
from api.live.topics import CONVERSATION, open_topic, parse_topic
from app.resources import Resources
from core.errors import CallerError, InvalidInput, NotFound, Unavailable
from core.events import POLL_S, rights_topic
from core.scope import Scope
from core.tasks import end

log = structlog.get_logger(__name__)

MOST_TOPICS: Final = 100  # of one connection


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic to watch, from after a seq (of notifications: a notice), or (None) from now on."""

    topic: str
    after: int | UUID | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """Who watches, and the id under which errors are told."""

    scope: Scope
    request_id: str


@dataclass(frozen=True, slots=True)
class _Watched:
    room: Room
    seat: Seat


class Watcher:
    """The topics of one connection."""

    def __init__(
        self,
        resources: Resources,
        rooms: Rooms,
        *,
        client: Client,
        outbox: Outbox,
        lost: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`lost` is called with each topic that may not be watched, or not any longer."""
        self.client = client
        self.outbox = outbox
        self._lost = lost
        self._resources = resources
        self._rooms = rooms
        self._seats: dict[str, _Watched] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told = ExitStack()
        self._told.enter_context(rooms.feed.told(rights_topic(client.scope.account_id), self))

    def wake(self, seq: int) -> None:  # pyright: ignore[reportUnusedParameter]
        """Have every room ask anew who may stay: the client's rights have changed."""
        self._rooms.look_again(self.client.scope.account_id)

    def hear(self, message: str) -> None:
        """Let what is whispered pass."""

    async def subscribe(self, wanted: Sequence[Wanted]) -> None:
        """Watch these topics; each is answered by `subscribed` or `error`."""
        talks = {one.topic: one for one in wanted if one.topic.startswith(f"{CONVERSATION}:")}
        positions = await self._positions(list(talks.values())) if talks else {}
        for one in wanted:
            try:
                await self.unsubscribe(one.topic)
                if len(self._seats) + len(self._tasks) >= MOST_TOPICS:
                    raise InvalidInput.of("topic", f"is one more than {MOST_TOPICS}")
                if one.topic in talks:
                    await self._sit_down(one, positions)
                else:
                    await self._follow(one)
            except (CallerError, Unavailable) as error:
                self._refuse(one.topic, error)

    async def unsubscribe(self, topic: str) -> None:
        """Watch this no longer."""
        if watched := self._seats.pop(topic, None):
            watched.room.leave(watched.seat)
        if task := self._tasks.pop(topic, None):
            await end([task])

    def is_in(self, topic: str) -> bool:
        """Return whether a conversation is watched now."""
        return topic in self._seats

    async def close(self) -> None:
        """Leave everything."""
        self._told.close()
        for topic in [*self._seats, *self._tasks]:
            await self.unsubscribe(topic)

    async def _positions(self, wanted: Sequence[Wanted]) -> dict[UUID, int]:
        ids: list[UUID] = []
        for one in wanted:
            try:
                _, id_ = parse_topic(one.topic)
            except NotFound:
                continue
            ids += [id_] if id_ else []
        while True:
            try:
                return await self._rooms.positions(self.client.scope, ids)
            except Unavailable as error:
                log.info("watching waits for the database", reason=error.message)
                await asyncio.sleep(POLL_S)

    async def _sit_down(self, wanted: Wanted, positions: dict[UUID, int]) -> None:
        _, id_ = parse_topic(wanted.topic)
        if id_ is None or id_ not in positions:
            raise NotFound("No such conversation.")
        place = Place(self.client.scope.workspace_id, id_)
        latest = positions[id_]
        after = wanted.after if isinstance(wanted.after, int) else latest
        self.outbox.put(frame(wanted.topic, "subscribed", {}, seq=after))
        if after > latest:  # of a database that was restored from a backup, say
            await self.outbox.put_patiently(gap(place, latest=latest))
            after = latest
        if after < latest:
            after = await self._catch_up(place, after)
        seat = Seat(
            self.client.scope.account_id,
            after,
            send=self.outbox.put,
            leave=lambda: self._leave(wanted.topic),
        )
        self._seats[wanted.topic] = _Watched(self._rooms.enter(place, seat), seat)

    async def _catch_up(self, place: Place, seq: int) -> int:
        """Send what came while the client was away, as fast as it takes it; return how far that has got."""
        while self.outbox.ending is None:
            scope = self.client.scope
            async with self._rooms.readings, self._resources.stream.read_tx(scope) as conn:
                reading = await read_changes(conn, place, after=seq, accounts=[scope.account_id])
            if scope.account_id not in reading.audience:
                raise NotFound("No such conversation.")
            if is_cut(reading, reading.changes, seq=seq):
                await self.outbox.put_patiently(gap(place, latest=reading.latest))
                return reading.latest
            for change in reading.changes:
                await self.outbox.put_patiently(change.to(scope.account_id))
                seq = change.seq
            if seq >= reading.latest:
                break
        return seq

    async def _follow(self, wanted: Wanted) -> None:
        frames = await open_topic(
            self._resources, self.client.scope, wanted.topic, after=wanted.after
        )
        seq = wanted.after if isinstance(wanted.after, int) else None
        self.outbox.put(frame(wanted.topic, "subscribed", {}, seq=seq))
        self._tasks[wanted.topic] = asyncio.create_task(self._pass_on(wanted.topic, frames))

    async def _pass_on(self, topic: str, frames: AsyncGenerator[Frame | None]) -> None:
        try:
            async with aclosing(frames):
                async for one in frames:
                    if one is not None:
                        await self.outbox.put_patiently(_framed(topic, one))
        except (CallerError, Unavailable) as error:
            self._refuse(topic, error)
        except Exception:  # the top of a task: nobody else would say it
            log.exception("a topic broke off", topic=topic)
            self.outbox.end("restart")
        self._tasks.pop(topic, None)

    def _leave(self, topic: str) -> None:
        self._seats.pop(topic, None)
        self._refuse(topic, NotFound("No such conversation."))

    def _refuse(self, topic: str, error: CallerError | Unavailable) -> None:
        body = envelope_of(error, request_id=self.client.request_id)
        self._lost(topic)
        self.outbox.put(frame(topic, "error", body))


def _framed(topic: str, one: Frame) -> Framed:
    """Return an event of a stream as a frame; its data is JSON already."""
    data = orjson.Fragment(one.data)
    if isinstance(one.id, str):
        return frame(topic, one.event, data, notice_id=one.id)
    return frame(topic, one.event, data, seq=one.id)
