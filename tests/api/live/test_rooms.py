import asyncio
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from api.live import rooms as realtime_rooms
from api.live.frames import MOST_BEHIND, Place, Reading
from api.live.rooms import Rooms, Seat, is_cut
from core.events import open_feed
from sql.changes import note_change
from tests.api.watching import until
from tests.make import make_colleague, make_conversation


@pytest.fixture
async def place(ada, owner_connection):
    return Place(ada.workspace_id, await make_conversation(owner_connection, ada))


@asynccontextmanager
async def rooms_of(resources, redis_url=None):
    """Rooms that hear nothing of what others say, so that only sweeping tells them."""
    async with open_feed(redis_url or "redis://127.0.0.1:1/0") as feed:
        rooms = Rooms(stream=resources.stream, sweeping=resources.worker, feed=feed)
        yield rooms
        await rooms.close()


class Taken:
    """What one seat was sent."""

    def __init__(self, account_id: UUID, seq: int = 0) -> None:
        self.events: list[tuple[int | None, str]] = []
        self.left = False
        self.seat = Seat(account_id, seq, self._send, self._leave)

    def _send(self, framed) -> None:
        self.events.append((framed.seq, framed.event))

    def _leave(self) -> None:
        self.left = True


async def note(resources, scope, place, times=1):
    async with resources.app.write_tx(scope) as conn:
        for _ in range(times):
            await note_change(
                conn,
                workspace_id=place.workspace_id,
                conversation_id=place.conversation_id,
                kind="pin.changed",
                subject_id=place.conversation_id,
                actor_id=scope.account_id,
            )


async def test_without_nudges_changes_are_found_by_looking(resources, ada, place):
    async with rooms_of(resources) as rooms:
        taken = Taken(ada.account_id)
        rooms.enter(place, taken.seat)
        await note(resources, ada, place, times=3)
        await until(lambda: len(taken.events) == 3)
    assert taken.events == [(n, "pin.changed") for n in (1, 2, 3)]


async def test_each_seat_gets_what_it_lacks_once_and_in_order(resources, ada, place, queries):
    await note(resources, ada, place, times=250)  # more than one reading
    async with rooms_of(resources) as rooms:
        taken = [Taken(ada.account_id, seq) for seq in (0, 100, 249, 250)]
        for one in taken:
            rooms.enter(place, one.seat)
        await until(lambda: all(one.seat.seq == 250 for one in taken))
        await note(resources, ada, place)
        await until(lambda: all(one.seat.seq == 251 for one in taken))
    for one, begin in zip(taken, (0, 100, 249, 250), strict=True):
        assert [seq for seq, _ in one.events] == list(range(begin + 1, 252))


async def test_all_who_watch_are_served_by_one_reading(resources, ada, place, queries):
    async with rooms_of(resources) as rooms:
        taken = [Taken(ada.account_id) for _ in range(20)]
        with queries() as asked:
            for one in taken:
                rooms.enter(place, one.seat)
            await note(resources, ada, place)
            room = rooms.enter(place, Taken(ada.account_id).seat)
            await until(lambda: room.task is None and all(one.seat.seq == 1 for one in taken))
    assert asked.count("list_changes") < 10  # however many watch
    assert asked.count("list_audience") == asked.count("list_changes")


async def test_who_may_not_read_is_sent_nothing_and_leaves(resources, ada, place, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    await note(resources, ada, place)
    async with rooms_of(resources) as rooms:
        hers, his = Taken(ada.account_id), Taken(bob.account_id)
        for one in (hers, his):
            rooms.enter(place, one.seat)
        await until(lambda: hers.events and his.left)
    assert (hers.events, his.events, hers.left) == ([(1, "pin.changed")], [], False)


async def test_what_is_not_kept_any_more_is_a_gap(resources, ada, place, owner_connection):
    await note(resources, ada, place, times=5)
    await owner_connection.execute("DELETE FROM change WHERE seq <= 3")
    async with rooms_of(resources) as rooms:
        taken = [Taken(ada.account_id, seq) for seq in (0, 2, 3, 4)]
        for one in taken:
            rooms.enter(place, one.seat)
        await until(lambda: all(one.seat.seq == 5 for one in taken))
    gap, last = (5, "gap"), (5, "pin.changed")
    assert [one.events for one in taken] == [[gap], [gap], [(4, "pin.changed"), last], [last]]


async def test_a_room_that_nobody_watches_is_forgotten(resources, ada, place):
    async with rooms_of(resources) as rooms:
        taken = Taken(ada.account_id)
        room = rooms.enter(place, taken.seat)
        room.leave(taken.seat)
        assert rooms._rooms == {}
        assert rooms.feed._ears == {}
        await until(lambda: rooms._sweeper is None)


async def test_a_change_of_rights_is_looked_at_at_once(
    resources, ada, place, redis_url, owner_connection, monkeypatch
):
    monkeypatch.setattr(realtime_rooms, "SWEEP_S", 600.0)
    async with rooms_of(resources, redis_url) as rooms:
        taken = Taken(ada.account_id)
        room = rooms.enter(place, taken.seat)
        await until(lambda: rooms.feed.nudges_live and room.task is None)
        await owner_connection.execute("DELETE FROM membership")
        rooms.look_again(ada.account_id)
        await until(lambda: taken.left)


async def test_positions_are_told_of_what_may_be_read(resources, ada, place, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    await note(resources, ada, place, times=2)
    async with rooms_of(resources) as rooms:
        talk = place.conversation_id
        assert await rooms.positions(ada, [talk]) == {talk: 2}
        assert await rooms.positions(bob, [talk]) == {}


@pytest.mark.parametrize(
    ("latest", "seq", "cut"), [(5, 5, False), (5, 4, True), (MOST_BEHIND + 5, 4, True)]
)
def test_nothing_left_of_what_somebody_lacks_is_a_cut(latest, seq, cut):
    assert is_cut(Reading(latest, frozenset(), []), [], seq=seq) is cut


async def test_a_database_that_is_away_is_waited_for(resources, ada, place):
    async with rooms_of(resources) as rooms:
        taken = Taken(ada.account_id)
        held = [resources.stream.seats.acquire() for _ in range(2)]
        await asyncio.gather(*held)
        rooms.enter(place, taken.seat)
        await note(resources, ada, place)
        await asyncio.sleep(0.1)
        for _ in held:
            resources.stream.seats.release()
        await until(lambda: taken.events == [(1, "pin.changed")])
