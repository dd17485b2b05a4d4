import asyncio
from dataclasses import dataclass

import httpx
import pytest

from api.live.event_stream import _wanted
from api.live.sse import EventStream, Pace
from api.live.watcher import Wanted
from core.errors import InvalidInput
from core.ids import new_id
from core.tasks import end
from tests.api.serving import Received, read_events, served
from tests.api.watching import begin, post, until
from tests.make import make_scope

LATE_S = 600.0  # when it would be found without a nudge
SOON_S = 60.0


@pytest.fixture
async def client(app, signed_in, resources, owner_connection):
    ada = await signed_in(await make_scope(owner_connection))
    async with served(app) as url, httpx.AsyncClient(base_url=url, headers=ada.headers) as client:
        yield client


async def test_the_stream_tells_what_the_socket_tells_and_resumes_every_topic(client):
    one, other = f"conversation:{await begin(client)}", f"conversation:{await begin(client)}"
    url = f"/api/events?topic={one}&topic={other}"
    for _ in range(3):
        await post(client, one.removeprefix("conversation:"))
    whole = await read_events(client, f"{url}&after=0,0", most=5)
    assert [(e.event, e.data["topic"], e.data["seq"]) for e in whole if e.data["seq"]] == [
        ("message.created", one, seq) for seq in (1, 2, 3)
    ]
    assert [e.id for e in whole if e.data["topic"] == one] == ["0,0", "1,0", "2,0", "3,0"]
    await post(client, other.removeprefix("conversation:"))
    headers = {"Last-Event-ID": "2,0"}
    rest = [
        e
        for e in await read_events(client, url, headers=headers, most=4)
        if e.event != "subscribed"
    ]
    assert {(e.data["topic"], e.data["seq"]) for e in rest} == {(one, 3), (other, 1)}


async def test_what_is_said_while_one_listens_comes_at_once(client):
    talk = await begin(client)
    received = []
    reading = asyncio.create_task(
        read_events(client, f"/api/events?topic=conversation:{talk}", most=2, into=received)
    )
    await until(lambda: received)
    posted = await post(client, talk)
    assert (await reading)[1].data["data"]["message"]["id"] == posted["id"]


async def test_a_topic_that_is_not_there_is_an_error_among_the_events(client):
    (told,) = await read_events(client, "/api/events?topic=conversation:nonsense", most=1)
    assert (told.event, told.data["data"]["error"]["code"]) == ("error", "NOT_FOUND")


@dataclass
class Bobs:
    """Bob's stream of a conversation that all members of Ada's workspace may read; without nudges nothing ends it."""

    ada: httpx.AsyncClient
    client: httpx.AsyncClient
    path: str  # where Ada decides what Bob may do
    topic: str
    received: list[Received]
    reading: asyncio.Task[list[Received]]

    async def last(self) -> Received:
        """Return the stream's last event."""
        async with asyncio.timeout(SOON_S):
            return (await self.reading)[-1]


@pytest.fixture
async def bobs(app, signed_in, mine, ada, bob, owner_connection, monkeypatch):
    monkeypatch.setattr("api.live.rooms.CHECK_S", LATE_S)
    monkeypatch.setitem(EventStream.__init__.__kwdefaults__, "pace", Pace(check_s=LATE_S))
    await owner_connection.execute(
        "UPDATE workspace SET kind = 'shared' WHERE id = $1", ada.workspace_id
    )
    talk = await begin(mine)
    await mine.put(f"/api/conversations/{talk}/members", json={"principal": "workspace"})
    topic, received, his = f"conversation:{talk}", [], await signed_in(bob)
    async with served(app) as url, httpx.AsyncClient(base_url=url, headers=his.headers) as client:
        path = f"/api/events?topic={topic}"
        reading = asyncio.create_task(read_events(client, path, into=received))
        await until(lambda: received)
        members = f"/api/workspaces/{ada.workspace_id}/members"
        yield Bobs(mine, his, f"{members}/{bob.account_id}", topic, received, reading)
        await end([reading])


async def test_who_is_removed_from_the_workspace_is_told_nothing_more(bobs):
    assert (await bobs.ada.delete(bobs.path)).status_code == 204
    last = await bobs.last()
    assert (last.event, last.data["error"]["code"]) == ("error", "NOT_FOUND")


async def test_who_signs_out_ends_his_streams(bobs):
    assert (await bobs.client.post("/api/auth/logout")).status_code == 204
    last = await bobs.last()
    assert (last.event, last.data["error"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_who_becomes_a_guest_loses_what_all_members_see(bobs):
    assert (await bobs.ada.patch(bobs.path, json={"role": "guest"})).is_success
    await until(lambda: bobs.received[-1].event == "error")
    told = bobs.received[-1].data
    assert (told["topic"], told["data"]["error"]["code"]) == (bobs.topic, "NOT_FOUND")


def test_a_place_is_named_for_each_topic():
    notice = new_id()
    assert _wanted(["notifications"], str(notice)) == [Wanted("notifications", notice)]
    assert _wanted(["a", "b", "c"], "7,-,0") == [Wanted("a", 7), Wanted("b"), Wanted("c", 0)]


@pytest.mark.parametrize(
    "given", ["", "1", "1,2,3", "1,-1", "1,x", "1," + "9" * 30, "1," + "x" * 36, "1,²"]
)
def test_a_place_that_is_none_is_refused(given):
    with pytest.raises(InvalidInput):
        _wanted(["a", "b"], given)
