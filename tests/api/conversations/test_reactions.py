from urllib.parse import quote

import pytest

from api.conversations.reactions import reactions_of


@pytest.fixture
async def talk(mine):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    await mine.put(f"/api/conversations/{talk}/members", json={"principal": "workspace"})
    return talk


@pytest.fixture
async def message_id(mine, talk):
    path = f"/api/conversations/{talk}/messages"
    return (await mine.post(path, json={"content": "Hello"})).json()["id"]


@pytest.fixture
def path(message_id):
    return f"/api/messages/{message_id}/reactions"


async def react(client, path, emoji):
    return await client.put(f"{path}/{quote(emoji)}")


async def test_readers_react_too_each_once_with_an_emoji(mine, his, path):
    await react(mine, path, "❤")
    await react(his, path, "👍")
    await react(his, path, "❤\ufe0f")
    told = (await react(his, path, "❤")).json()["items"]
    assert told == [
        {"emoji": "❤", "count": 2, "is_mine": True, "names": ["ada", "bob"]},
        {"emoji": "👍", "count": 1, "is_mine": True, "names": ["bob"]},
    ]
    assert (await his.delete(f"{path}/{quote('❤')}")).status_code == 204
    seen = (await his.get(path)).json()["items"]
    assert [(r["emoji"], r["count"], r["is_mine"]) for r in seen] == [
        ("❤", 1, False),
        ("👍", 1, True),
    ]


@pytest.mark.parametrize("text", ["a", "👍👍", "<script>", "%00"])
async def test_what_is_no_emoji_is_refused(mine, path, text):
    assert (await react(mine, path, text)).status_code == 400


async def test_a_deleted_message_has_no_reactions_and_takes_none(mine, path, message_id):
    await react(mine, path, "👍")
    await mine.delete(f"/api/messages/{message_id}")
    assert (await react(mine, path, "👍")).status_code in {404, 409}
    assert (await mine.get(path)).json().get("items", []) == []


async def test_a_message_has_so_many_emoji_and_any_number_of_people(mine, his, path, monkeypatch):
    monkeypatch.setattr("api.conversations.reactions.MOST_EMOJI", 1)
    answers = [
        await react(*asked) for asked in ((mine, path, "👍"), (mine, path, "❤"), (his, path, "👍"))
    ]
    assert [answer.status_code for answer in answers] == [200, 409, 200]


async def test_reactions_of_many_messages_are_one_statement(
    mine, resources, ada, talk, path, message_id, queries
):
    await react(mine, path, "👍")
    other = (await mine.post(f"/api/conversations/{talk}/messages", json={"content": "x"})).json()[
        "id"
    ]
    async with resources.app.read_tx(ada) as conn:
        with queries() as asked:
            found = await reactions_of(conn, ada, [message_id, other])
    assert ([str(id_) for id_ in found], asked) == ([message_id], ["list_reactions"])


async def test_reactions_are_noted(mine, path, message_id, owner_connection):
    await react(mine, path, "👍")
    await mine.delete(f"{path}/{quote('👍')}")
    noted = await owner_connection.fetch("SELECT kind, subject_id::text FROM change ORDER BY seq")
    assert [tuple(row) for row in noted[2:]] == [("reaction.changed", message_id)] * 2


async def test_a_message_shows_its_reactions_pin_and_mentions(
    mine, his, bob, talk, path, message_id
):
    await react(mine, path, "👍")
    await mine.put(f"/api/messages/{message_id}/pin")
    await mine.patch(f"/api/messages/{message_id}", json={"content": "Hello @bob"})
    (seen,) = (await his.get(f"/api/conversations/{talk}/messages")).json()["items"]
    assert (seen["reactions"], seen["is_pinned"], seen["mentions"]) == (
        [{"emoji": "👍", "count": 1, "is_mine": False}],
        True,
        [str(bob.account_id)],
    )
    await mine.delete(f"/api/messages/{message_id}")
    gone = await mine.get(f"/api/conversations/{talk}")
    assert [m["reactions"] for m in gone.json()["messages"]] in ([], [[]])
