import asyncio

import orjson
import pytest

from api.live.outbox import Outbox
from api.live.watcher import MOST_TOPICS, Client, Wanted, Watcher
from core.ids import new_id
from sql.changes import note_change
from tests.make import make_conversation


@pytest.fixture
async def watcher(app, resources, ada):
    client = Client(ada, "req_test")
    watcher = Watcher(resources, app.state.api.rooms, client=client, outbox=Outbox())
    yield watcher
    await watcher.close()


async def note(resources, scope, talk, times):
    async with resources.app.write_tx(scope) as conn:
        for _ in range(times):
            await note_change(
                conn,
                workspace_id=scope.workspace_id,
                conversation_id=talk,
                kind="read.changed",
                subject_id=scope.account_id,
                actor_id=scope.account_id,
            )


async def taken(watcher, *, until):
    """Take frames as a client does, until one of this event has come."""
    found = []
    while not any(event == until for _, event, _ in found):
        found += [
            (one.seq, one.event, orjson.loads(one.text)["data"])
            for one in await watcher.outbox.take(within_s=30)
        ]
    return found


async def test_what_came_meanwhile_comes_first_and_nothing_twice(
    resources, watcher, ada, owner_connection
):
    talk = await make_conversation(owner_connection, ada)
    await note(resources, ada, talk, 300)  # more than an outbox holds
    subscribing = watcher.subscribe([Wanted(f"conversation:{talk}", 20)])
    task, seqs = asyncio.create_task(subscribing), []
    while len(seqs) < 281:
        seqs += [one.seq for one in await watcher.outbox.take(within_s=30)]
    await task
    assert seqs == list(range(20, 301))
    assert watcher.outbox.ending is None


async def test_who_was_away_too_long_or_is_ahead_reads_again(
    resources, watcher, ada, owner_connection
):
    talk = await make_conversation(owner_connection, ada)
    await note(resources, ada, talk, 3)
    await owner_connection.execute("DELETE FROM change WHERE seq = 1")
    again = {"refetch": f"/api/v1/conversations/{talk}"}
    for after in (0, 99):
        subscribing = asyncio.create_task(
            watcher.subscribe([Wanted(f"conversation:{talk}", after)])
        )
        assert await taken(watcher, until="gap") == [(after, "subscribed", {}), (3, "gap", again)]
        await subscribing


async def test_one_refusal_leaves_the_other_topics_alone(watcher, ada, owner_connection):
    talk = await make_conversation(owner_connection, ada)
    topics = [f"conversation:{new_id()}", "conversation:nonsense", f"run:{new_id()}", f"file:{new_id()}", f"job:{new_id()}",
              "weather", f"conversation:{talk}"]  # fmt: skip
    await watcher.subscribe([Wanted(topic) for topic in topics])
    found = await taken(watcher, until="subscribed")
    codes = [data["error"]["code"] for _, event, data in found if event == "error"]
    assert codes == ["NOT_FOUND"] * 5 + ["VALIDATION_ERROR"]
    assert found[-1] == (0, "subscribed", {})
    assert watcher.is_in(f"conversation:{talk}")


async def test_a_connection_watches_a_bounded_number_of_topics(
    watcher, ada, owner_connection, monkeypatch
):
    monkeypatch.setattr("api.live.watcher.MOST_TOPICS", 2)
    assert MOST_TOPICS == 100
    talks = [await make_conversation(owner_connection, ada) for _ in range(3)]
    await watcher.subscribe([Wanted(f"conversation:{talk}") for talk in talks])
    events = [event for _, event, _ in await taken(watcher, until="error")]
    assert events == ["subscribed", "subscribed", "error"]


async def test_watching_again_replaces_what_was_watched(
    resources, app, watcher, ada, owner_connection
):
    talk = await make_conversation(owner_connection, ada)
    for _ in range(2):
        await watcher.subscribe([Wanted(f"conversation:{talk}")])
    await note(resources, ada, talk, 1)
    app.state.api.rooms._rooms[talk].look()
    found = await taken(watcher, until="read.changed")
    assert [event for _, event, _ in found] == ["subscribed", "subscribed", "read.changed"]
    await watcher.close()
    assert talk not in app.state.api.rooms._rooms
