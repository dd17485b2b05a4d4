import pytest

from api.live.topics import parse_topic
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from tests.api.serving import served
from tests.api.watching import bearer, watching
from tests.llm.replying import make_run, work


@pytest.fixture
async def url(app, resources):
    async with served(app) as url:
        yield url


def test_a_topic_is_a_kind_and_an_id():
    id_ = new_id()
    assert parse_topic(f"run:{id_}") == ("run", id_)
    assert parse_topic("notifications") == ("notifications", None)


@pytest.mark.parametrize("topic", ["", "weather", ":", "notifications:1", "RUN:1"])
def test_what_is_no_topic_is_said(topic):
    with pytest.raises(InvalidInput):
        parse_topic(topic)


@pytest.mark.parametrize("topic", ["run:", "run:nonsense", "conversation:1"])
def test_an_id_that_is_none_is_not_there(topic):
    with pytest.raises(NotFound):
        parse_topic(topic)


async def test_a_run_is_told_as_its_own_stream_tells_it_from_any_point(
    url, resources, signed_in, ada, owner_connection
):
    run = await make_run(owner_connection, resources, ada)
    await work(resources, run)
    topic = f"run:{run.id}"
    async with watching(url, bearer(await signed_in(ada))) as socket:
        await socket.subscribe(topic, 0)
        last = await socket.event("run.done")
        whole = socket.changes(topic)
        assert [frame["seq"] for frame in whole] == list(range(1, last["seq"] + 1))
        socket.frames.clear()
        await socket.subscribe(topic, 2)
        await socket.event("run.done")
        assert socket.changes(topic) == whole[2:]


async def test_a_file_and_its_job_are_told_until_they_are_done(url, signed_in, ada):
    client = await signed_in(ada)
    files = {"file": ("a.txt", b"words", "text/plain")}
    sent = (await client.post("/api/upload", files=files)).json()
    async with watching(url, bearer(client)) as socket:
        for kind in ("file", "job"):
            topic, id_ = f"{kind}:{sent[kind]['id']}", sent[kind]["id"]
            await socket.subscribe(topic)
            told = await socket.until(
                lambda f, t=topic: f["topic"] == t and f["event"] != "subscribed"
            )
            assert (told["event"], told["data"]["id"], told["data"]["state"]) == (
                kind,
                id_,
                "queued",
            )


async def test_notifications_begin_with_how_many_are_unread(url, signed_in, ada):
    async with watching(url, bearer(await signed_in(ada))) as socket:
        await socket.subscribe("notifications")
        told = (await socket.event("unread"))["data"]
        resumed = await socket.subscribe("notifications", told["after"])
    assert (told["unread"], resumed["event"]) == (0, "subscribed")
