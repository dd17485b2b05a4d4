import asyncio
from uuid import UUID

import httpx
import pytest

from core.tasks import end
from tests.api.serving import read_events, served
from tests.api.watching import until
from tests.make import make_colleague
from workers.alerts import Alerts


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


@pytest.fixture
async def talk(client):
    return (await client.post("/api/conversations", json={"title": "Plans"})).json()["id"]


@pytest.fixture
def alerting(resources):
    return Alerts(resources.worker, resources.app, resources.redis)


async def say(client, talk, content):
    path = f"/api/conversations/{talk}/messages"
    return (await client.post(path, json={"content": content})).json()


async def notifications(client, **params):
    answer = await client.get("/api/notifications", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_a_saved_search_newly_finds_is_listed_until_it_is_read(client, talk, alerting):
    saved = (await client.post("/api/saved-searches", json={"q": "harbour"})).json()
    message = await say(client, talk, "The harbour opens at dawn.")
    await alerting.round()
    found = await notifications(client)
    (item,) = found["items"]
    assert found == {"items": [item], "next_cursor": None, "unread": 1}
    assert item == {
        "id": item["id"],
        "kind": "saved_search.matches",
        "created_at": item["created_at"],
        "read_at": None,
        "saved_search": {"id": saved["id"], "name": "harbour", "q": "harbour"},
        "matches": [
            {
                "type": "message",
                "file_id": None,
                "version": None,
                "conversation_id": talk,
                "message_id": message["id"],
                "title": "Plans",
                "author": "ada",
                "created_at": message["created_at"],
                "excerpt": "The harbour opens at dawn.",
                "links": {
                    "self": f"/api/v1/conversations/{talk}?around={message['id']}",
                    "open": f"/#/c/{talk}?m={message['id']}&start=0&end=26",
                },
            }
        ],
        "reason": "",
        "subject": None,
    }
    read = await client.post("/api/notifications/read", json={"ids": [item["id"]]})
    assert read.json() == {"unread": 0}
    assert (await notifications(client, unread=True))["items"] == []
    assert (await notifications(client))["items"][0]["read_at"] is not None


async def test_pages_go_on_and_all_up_to_one_are_read_at_once(client, talk, alerting):
    await client.post("/api/saved-searches", json={"q": "harbour"})
    for n in range(3):
        await say(client, talk, f"harbour {n}")
        await alerting.round()
    first = await notifications(client, limit=2)
    rest = await notifications(client, limit=2, cursor=first["next_cursor"])
    said = [item["matches"][0]["excerpt"] for item in first["items"] + rest["items"]]
    assert (said, rest["next_cursor"]) == (["harbour 2", "harbour 1", "harbour 0"], None)
    up_to = {"up_to": first["items"][1]["id"]}
    assert (await client.post("/api/notifications/read", json=up_to)).json() == {"unread": 1}
    foreign = await client.get("/api/notifications", params={"cursor": "x"})
    assert foreign.status_code == 400


async def test_what_may_not_be_seen_any_more_is_not_shown(
    client, talk, alerting, signed_in, owner_connection, ada
):
    scope = await make_colleague(owner_connection, ada)
    bob = await signed_in(scope)
    share = {"principal": "workspace"}
    await client.put(f"/api/conversations/{talk}/members", json=share)
    await bob.post("/api/saved-searches", json={"q": "harbour"})
    message = await say(client, talk, "The harbour")
    await say(client, talk, "Another harbour")
    await alerting.round()
    excerpts = [m["excerpt"] for m in (await notifications(bob))["items"][0]["matches"]]
    assert excerpts == ["The harbour", "Another harbour"]
    assert (await notifications(client))["items"] == [], "it was bob who asked"
    await client.delete(f"/api/messages/{message['id']}")
    excerpts = [m["excerpt"] for m in (await notifications(bob))["items"][0]["matches"]]
    assert excerpts == ["Another harbour"]
    await client.delete(f"/api/conversations/{talk}/members/workspace")
    assert await notifications(bob) == {"items": [], "next_cursor": None, "unread": 0}


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [], "up_to": None}, {"all": True}]
)
async def test_reading_needs_to_know_what(client, body):
    assert (await client.post("/api/notifications/read", json=body)).status_code == 400


async def test_an_edit_keeps_the_match_and_shows_the_new_words(client, talk, alerting):
    await client.post("/api/saved-searches", json={"q": "harbour"})
    message = await say(client, talk, "The harbour")
    await alerting.round()
    await client.patch(f"/api/messages/{message['id']}", json={"content": "The old harbour"})
    await alerting.round()
    (item,) = (await notifications(client))["items"]
    assert [match["excerpt"] for match in item["matches"]] == ["The old harbour"]


async def test_events_bring_what_is_found_while_they_are_read(client, talk, alerting, app):
    await client.post("/api/saved-searches", json={"q": "harbour"})
    await say(client, talk, "An early harbour")
    await alerting.round()
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=client.headers) as reader,
    ):
        told = []
        reading = asyncio.create_task(read_events(reader, "/api/events", most=3, into=told))
        while not told:  # noqa: ASYNC110 nothing tells it
            await asyncio.sleep(0.01)
        await say(client, talk, "A late harbour")
        await alerting.round()
        unread, found, more = await reading
    assert (unread.event, unread.data["unread"]) == ("unread", 1)
    assert found.event == "notification"
    assert found.data["notification"]["matches"][0]["excerpt"] == "A late harbour"
    assert (found.data["unread"], more.data["unread"]) == (2, 2)
    assert unread.id == unread.data["after"] != found.id
    assert found.id == found.data["notification"]["id"] == more.data["after"]


@pytest.mark.parametrize("path", ["/api/events", "/api/events?topic=notifications"])
async def test_what_was_written_while_one_was_away_is_told_on_return(
    client, talk, alerting, app, path, monkeypatch
):
    await client.post("/api/saved-searches", json={"q": "harbour"})
    words, ids = ("first", "second", "third"), []
    for word in words:
        await say(client, talk, f"The {word} harbour")
        await alerting.round()
        ids.append((await notifications(client))["items"][0]["id"])
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=client.headers) as reader,
    ):

        async def back(after):
            """Return the notices, or what stands for them, that are told on return until the unread are counted."""
            told, headers = [], {"Last-Event-ID": after}
            reading = asyncio.create_task(read_events(reader, path, headers=headers, into=told))
            await until(lambda: any(event.event == "unread" for event in told))
            await end([reading])
            datas = [event.data.get("data") or event.data for event in told]
            return [data["notification"]["id"] for data in datas if "notification" in data], told

        assert [(await back(after))[0] for after in (ids[0], ids[1], ids[2])] == [
            ids[1:],
            ids[2:],
            [],
        ]
        monkeypatch.setattr("api.notices.notifications.AT_ONCE", 2)
        missed, told = await back(str(UUID(int=1)))
    assert missed == ids[1:]
    assert "gap" in [event.event for event in told]
