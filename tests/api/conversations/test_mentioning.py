import pytest

from search.notices import notice_topic
from tests.api.watching import PATIENCE_S, until
from tests.make import make_colleague


@pytest.fixture
async def talk(mine, bob):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    body = {"principal": str(bob.account_id)}
    await mine.put(f"/api/conversations/{talk}/members", json=body)
    return talk


async def say(client, talk, content):
    path = f"/api/conversations/{talk}/messages"
    return (await client.post(path, json={"content": content})).json()


async def told(client, kind="mention"):
    page = (await client.get("/api/notifications")).json()
    return [item for item in page["items"] if item["kind"] == kind]


async def test_who_is_named_is_told(mine, his, talk):
    message = await say(mine, talk, "Look, @bob and @ada!")
    (notice,) = await told(his)
    assert notice == {
        "id": notice["id"],
        "kind": "mention",
        "created_at": notice["created_at"],
        "read_at": None,
        "saved_search": None,
        "matches": [],
        "reason": "",
        "subject": {
            "conversation_id": talk,
            "message_id": message["id"],
            "file_id": None,
            "title": "Plans",
            "actor": "ada",
            "excerpt": "Look, @bob and @ada!",
            "open": f"/#/c/{talk}?m={message['id']}",
        },
    }
    assert await told(mine) == [], "nobody is told of himself"


async def test_who_is_named_is_nudged_at_once_by_a_message_and_by_an_edit(
    mine, bob, talk, resources
):
    with resources.feed.listen(notice_topic(bob.account_id)) as ear:
        await until(lambda: resources.feed.nudges_live)
        plain = await say(mine, talk, "Look.")
        named = await say(mine, talk, "Look, @bob.")
        assert await ear.heard(within_s=PATIENCE_S)
        edited = await mine.patch(f"/api/messages/{plain['id']}", json={"content": "See, @bob."})
        assert await ear.heard(within_s=PATIENCE_S)
    mentions = [one["mentions"] for one in (plain, named, edited.json())]
    assert mentions == [[], [str(bob.account_id)], [str(bob.account_id)]]


async def test_an_edit_tells_those_whom_it_names_anew_and_nobody_twice(mine, his, talk):
    message = await say(mine, talk, "Look.")
    for content in ("Look, @bob.", "Look.", "Look again, @bob.", "@bob @bob"):
        await mine.patch(f"/api/messages/{message['id']}", json={"content": content})
    assert [notice["subject"]["excerpt"] for notice in await told(his)] == ["@bob @bob"]


async def test_only_those_who_may_read_are_named(mine, his, talk, signed_in, owner_connection, ada):
    cyd = await signed_in(await make_colleague(owner_connection, ada, "cyd"))
    await say(mine, talk, "Ask @cyd, not `@bob`.")
    assert (await told(cyd), await told(his)) == ([], [])
    assert await owner_connection.fetchval("SELECT count(*) FROM message_mention") == 0


async def test_what_may_not_be_read_any_more_is_not_told(mine, his, bob, talk):
    gone, kept = await say(mine, talk, "one @bob"), await say(mine, talk, "two @bob")
    await mine.delete(f"/api/messages/{gone['id']}")
    assert [notice["subject"]["message_id"] for notice in await told(his)] == [kept["id"]]
    await mine.delete(f"/api/conversations/{talk}/members/{bob.account_id}")
    assert (await his.get("/api/notifications")).json() == {
        "items": [], "next_cursor": None, "unread": 0,
    }  # fmt: skip


async def test_a_message_without_a_handle_asks_nothing(mine, talk, queries):
    with queries() as asked:
        await say(mine, talk, "Hello")
    assert {"list_named", "set_mentions", "tell"} & set(asked) == set()
