"""The conversations that somebody watches through this process: one reading of each for all who watch it.

A nudge says "conversation X has seq N"; the rows after the last seq that was sent are read once, and each watcher gets what
he lacks. A nudge that is lost costs at most SWEEP_S: all positions are compared that often (four times a second without
Redis). Permission is asked with each reading, when somebody's rights change, and every CHECK_S.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, TypedDict
from uuid import UUID

import orjson
import structlog

from api.live.frames import (
    MOST_BEHIND,
    Framed,
    Place,
    Reading,
    Shown,
    frame,
    gap,
    read_changes,
)
from core.errors import Unavailable
from core.events import POLL_S, Feed, change_topic
from core.scope import Scope
from core.tasks import end
from sql import fetch, read
from sql.pool import Pool

log = structlog.get_logger(__name__)

SWEEP_S: Final = 5.0
CHECK_S: Final = 30.0
READINGS_AT_ONCE: Final = 2  # the connections of the pool `stream`


class Whisper(TypedDict):
    """What is said to who watches a conversation now, and is kept nowhere."""

    event: str
    data: dict[str, object]


@dataclass(eq=False, slots=True)
class Seat:
    """One watcher of a room: `seq` is the last that he was sent; `send` takes a frame, `leave` is called when he may not stay."""

    account_id: UUID
    seq: int
    send: Callable[[Framed], None]
    leave: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Position:
    id: UUID
    change_seq: int


_list_watched = read("changes.sql", "list_watched", _Position)
_list_positions = read("changes.sql", "list_positions", _Position)


class Rooms:
    """The rooms of a process. `stream` reads as the tenant, `sweeping` the positions of all workspaces."""

    def __init__(self, *, stream: Pool, sweeping: Pool, feed: Feed) -> None:
        self.stream = stream
        self.feed = feed
        self.readings = asyncio.Semaphore(READINGS_AT_ONCE)
        self._sweeping = sweeping
        self._rooms: dict[UUID, Room] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def positions(self, scope: Scope, ids: Collection[UUID]) -> dict[UUID, int]:
        """Return how far those of the conversations have got that the caller may read."""
        async with self.readings, self.stream.read_tx(scope) as conn:
            rows = await fetch(conn, _list_watched, **scope.ids, conversation_ids=list(ids))
        return {row.id: row.change_seq for row in rows}

    def enter(self, place: Place, seat: Seat) -> "Room":
        """Take a seat; what it lacks comes from now on. The caller has asked `positions()`."""
        room = self._rooms.get(place.conversation_id)
        if room is None:
            room = self._rooms[place.conversation_id] = Room(place, self)
        room.seats.add(seat)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep())
        room.look()
        return room

    def left(self, room: "Room") -> None:
        """Forget a room that nobody watches."""
        self._rooms.pop(room.place.conversation_id, None)

    def look_again(self, account_id: UUID) -> None:
        """Ask anew in every room of this account whether it may stay: its rights have changed."""
        for room in tuple(self._rooms.values()):
            if any(seat.account_id == account_id for seat in room.seats):
                room.look()

    async def close(self) -> None:
        """Stop reading."""
        tasks = {room.task for room in self._rooms.values() if room.task is not None}
        if self._sweeper is not None:
            tasks.add(self._sweeper)
        await end(tasks)

    async def _sweep(self) -> None:
        """Find what nudges have missed, until nobody watches anything."""
        checked_at = time.monotonic()
        while self._rooms:
            await asyncio.sleep(SWEEP_S if self.feed.nudges_live else POLL_S)
            try:
                await self._compare()
            except Unavailable as error:
                log.info("changes wait for the database", reason=error.message)
            if time.monotonic() - checked_at > CHECK_S:
                checked_at = time.monotonic()
                for room in tuple(self._rooms.values()):
                    room.look()
        self._sweeper = None

    async def _compare(self) -> None:
        places = [room.place for room in self._rooms.values()]
        async with self._sweeping.read_tx() as conn:
            rows = await fetch(
                conn,
                _list_positions,
                workspace_ids=list({place.workspace_id for place in places}),
                conversation_ids=[place.conversation_id for place in places],
            )
        for row in rows:
            if room := self._rooms.get(row.id):
                room.wake(row.change_seq)


@dataclass(eq=False)
class Room:
    """One conversation and who watches it here."""

    place: Place
    rooms: Rooms
    seats: set[Seat] = field(default_factory=set[Seat])
    seq: int = 0  # how far it was read
    task: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self._wanted = False
        self._listening = ExitStack()
        topic = change_topic(self.place.conversation_id)
        self._listening.enter_context(self.rooms.feed.told(topic, self))

    def wake(self, seq: int) -> None:
        """Read on, unless it was read so far already; 0 says that nobody knows."""
        if not seq or seq > self.seq:
            self.look()

    def hear(self, message: str) -> None:
        """Pass on what is true for a moment only."""
        told: Whisper = orjson.loads(message)
        passing = frame(self.place.topic, told["event"], told["data"])
        for seat in tuple(self.seats):
            seat.send(passing)

    def look(self) -> None:
        """Read on in any case."""
        self._wanted = True
        if self.task is None:
            self.task = asyncio.create_task(self._read_on())

    def leave(self, seat: Seat) -> None:
        """Give a seat back."""
        self.seats.discard(seat)
        if not self.seats:
            self._listening.close()
            self.rooms.left(self)

    async def _read_on(self) -> None:
        try:
            while self._wanted and self.seats:
                self._wanted = False
                try:
                    await self._read()
                except Unavailable as error:
                    log.info("changes wait for the database", reason=error.message)
                    self._wanted = True
                    await asyncio.sleep(POLL_S)
        except (
            Exception
        ):  # the top of a task: nobody else would say it; the sweep wakes the room again
            log.exception("could not read changes", topic=self.place.topic)
        finally:
            self.task = None

    async def _read(self) -> None:
        seats = tuple(self.seats)
        after = min(seat.seq for seat in seats)
        accounts = {seat.account_id for seat in seats}
        somebody = Scope(seats[0].account_id, self.place.workspace_id, "guest")
        async with self.rooms.readings, self.rooms.stream.read_tx(somebody) as conn:
            reading = await read_changes(conn, self.place, after=after, accounts=sorted(accounts))
        self.seq = max(self.seq, reading.latest)
        for seat in seats:
            if seat in self.seats:
                self._serve(seat, reading)
        if any(seat.seq < reading.latest for seat in self.seats):
            self._wanted = True

    def _serve(self, seat: Seat, reading: Reading) -> None:
        if seat.account_id not in reading.audience:
            self.leave(seat)
            seat.leave()
            return
        lacking = [change for change in reading.changes if change.seq > seat.seq]
        if is_cut(reading, lacking, seq=seat.seq):
            seat.seq = reading.latest
            seat.send(gap(self.place, latest=reading.latest))
            return
        for change in lacking:
            seat.seq = change.seq
            seat.send(change.to(seat.account_id))


def is_cut(reading: Reading, lacking: Sequence[Shown], *, seq: int) -> bool:
    """Return whether what follows `seq` is not kept any more, or is too much to be sent."""
    if reading.latest - seq > MOST_BEHIND:
        return True
    if lacking:
        return lacking[0].seq > seq + 1
    return not reading.changes and seq < reading.latest
