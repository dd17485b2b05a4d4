import pytest


@pytest.fixture
async def path(mine):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    return f"/api/conversations/{talk}"


async def say(client, path, content):
    return (await client.post(f"{path}/messages", json={"content": content})).json()["id"]


async def pinned(client, path):
    return [pin["excerpt"] for pin in (await client.get(f"{path}/pins")).json()["items"]]


async def found(client):
    hits = (
        await client.get("/api/search", params={"q": "harbour is:pinned", "mode": "lexical"})
    ).json()
    return [hit["message_id"] for hit in hits["hits"]]


async def test_a_pinned_message_is_listed_and_found_until_it_is_unpinned(mine, path):
    first, second = await say(mine, path, "The harbour"), await say(mine, path, "A harbour")
    for message_id in (first, second, first):
        assert (await mine.put(f"/api/messages/{message_id}/pin")).status_code == 204
    (_, told) = (await mine.get(f"{path}/pins")).json()["items"]
    assert told == {
        "message_id": first,
        "seq": 1,
        "author": "ada",
        "excerpt": "The harbour",
        "pinned_by": "ada",
        "pinned_at": told["pinned_at"],
    }
    assert sorted(await found(mine)) == sorted([first, second])
    for _ in range(2):
        assert (await mine.delete(f"/api/messages/{first}/pin")).status_code == 204
    assert (await pinned(mine, path), await found(mine)) == (["A harbour"], [second])


async def test_an_edit_leaves_the_pin_and_a_deletion_takes_it_away(mine, path):
    message_id = await say(mine, path, "The harbour")
    await mine.put(f"/api/messages/{message_id}/pin")
    await mine.patch(f"/api/messages/{message_id}", json={"content": "The old harbour"})
    assert (await pinned(mine, path), await found(mine)) == (["The old harbour"], [message_id])
    await mine.delete(f"/api/messages/{message_id}")
    assert (await pinned(mine, path), await found(mine)) == ([], [])
    gone = await mine.put(f"/api/messages/{message_id}/pin")
    assert gone.status_code == 409


async def test_readers_see_pins_and_writers_set_them(mine, his, path):
    message_id = await say(mine, path, "The harbour")
    url = f"/api/messages/{message_id}/pin"
    for role, status in (("reader", 403), ("writer", 204)):
        await mine.put(f"{path}/members", json={"principal": "workspace", "role": role})
        assert (await his.put(url)).status_code == status
    assert await pinned(his, path) == ["The harbour"]


async def test_a_conversation_has_so_many_pins(mine, path, monkeypatch):
    monkeypatch.setattr("api.conversations.pins.MOST_PINS", 1)
    first, second = await say(mine, path, "one"), await say(mine, path, "two")
    assert (await mine.put(f"/api/messages/{first}/pin")).status_code == 204
    assert (await mine.put(f"/api/messages/{second}/pin")).status_code == 409


async def test_pins_are_noted(mine, path, owner_connection):
    message_id = await say(mine, path, "one")
    await mine.put(f"/api/messages/{message_id}/pin")
    await mine.delete(f"/api/messages/{message_id}/pin")
    noted = await owner_connection.fetch("SELECT kind, subject_id::text FROM change ORDER BY seq")
    assert [tuple(row) for row in noted[1:]] == [("pin.changed", message_id)] * 2
