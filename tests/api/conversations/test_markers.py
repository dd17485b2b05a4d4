import pytest


@pytest.fixture
async def path(mine):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    url = f"/api/conversations/{talk}"
    await mine.put(f"{url}/members", json={"principal": "workspace", "role": "writer"})
    return url


async def say(client, path, *words):
    posted = [
        (await client.post(f"{path}/messages", json={"content": word})).json() for word in words
    ]
    return [message["id"] for message in posted]


async def marked(client, path, seq):
    answer = await client.put(f"{path}/read", json={"seq": seq})
    assert answer.status_code == 200, answer.text
    return answer.json()["read_seq"], answer.json()["unread"]


async def test_what_others_wrote_is_unread_until_it_is_marked(mine, his, path):
    await say(mine, path, "one", "two", "three")
    assert await marked(his, path, 0) == (0, 3)
    assert await marked(his, path, 2) == (2, 1)
    assert await marked(his, path, 1) == (2, 1), "a marker does not go back"
    assert await marked(his, path, 9) == (3, 0), "nor past what is there"
    assert await marked(mine, path, 0) == (3, 0), "who posts has read what he posts"


async def test_one_s_own_and_deleted_messages_are_not_unread(mine, his, path):
    first, _ = await say(mine, path, "one", "two")
    await mine.delete(f"/api/messages/{first}")
    assert await marked(his, path, 0) == (0, 1)
    await say(his, path, "three")
    await say(mine, path, "four")
    assert await marked(his, path, 0) == (3, 1)


async def test_the_count_ends_at_a_bound(mine, his, path, monkeypatch):
    monkeypatch.setattr("api.conversations.seen.MOST_UNREAD", 2)
    await say(mine, path, "one", "two", "three")
    assert await marked(his, path, 0) == (0, 2)


async def test_others_see_how_far_a_person_has_read(mine, his, bob, path):
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id)})
    await say(mine, path, "one", "two")
    await marked(his, path, 1)
    members = (await mine.get(f"{path}/members")).json()["items"]
    assert {m["name"]: m["read_seq"] for m in members if m["email"]} == {"ada": 2, "bob": 1}


async def test_a_marker_that_rises_is_noted(mine, his, bob, path, owner_connection):
    await say(mine, path, "one")
    for _ in range(2):
        await marked(his, path, 1)
    noted = await owner_connection.fetch(
        "SELECT subject_id, actor_id FROM change WHERE kind = 'read.changed'"
    )
    assert [tuple(row) for row in noted] == [(bob.account_id, bob.account_id)]


async def test_quiet_is_one_s_own(mine, his, path):
    told = (await his.put(f"{path}/quiet", json={"is_quiet": True})).json()
    assert told == {"read_seq": 0, "unread": 0, "is_quiet": True}
    assert (await mine.put(f"{path}/read", json={"seq": 0})).json()["is_quiet"] is False
    assert (await his.put(f"{path}/quiet", json={"is_quiet": False})).json()["is_quiet"] is False


async def test_a_list_tells_what_is_unread_in_each_by_one_statement(mine, his, path, queries):
    await say(mine, path, "one", "two")
    await marked(his, path, 1)
    with queries() as asked:
        (listed,) = (await his.get("/api/conversations")).json()["items"]
    assert (listed["read_seq"], listed["unread"], listed["is_quiet"]) == (1, 1, False)
    assert asked[-1] == "list_conversations"


async def test_a_marker_has_its_bounds(his, path):
    for body in ({"seq": -1}, {"seq": 2**63}, {}):
        assert (await his.put(f"{path}/read", json=body)).status_code == 400
