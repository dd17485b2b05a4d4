import asyncio

import pytest

from tests.make import make_colleague, make_scope


@pytest.fixture
async def bob(owner_connection, ada):
    return await make_colleague(owner_connection, ada, role="guest")


@pytest.fixture
async def talk(mine):
    return (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]


@pytest.fixture
def path(talk):
    return f"/api/conversations/{talk}"


async def invite(client, path, **body):
    answer = await client.post(f"{path}/invites", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def accept(client, token):
    return await client.post(f"/api/invites/{token}/accept")


async def test_a_link_lets_a_member_of_the_workspace_in_with_its_role(mine, his, ada, talk, path):
    made = await invite(mine, path, role="writer", uses=2)
    assert made["open"] == f"/#/join/{made['token']}"
    joined = await accept(his, made["token"])
    assert joined.json() == {
        "workspace_id": str(ada.workspace_id),
        "conversation_id": talk,
        "role": "writer",
    }
    assert (await his.post(f"{path}/messages", json={"content": "Hi"})).status_code == 201
    (listed,) = (await mine.get(f"{path}/invites")).json()["items"]
    kept = {key: made[key] for key in ("id", "role", "created_at", "expires_at")}
    assert listed == {**kept, "uses_left": 1}


async def test_the_link_leads_to_its_workspace_whichever_one_the_request_acts_in(
    mine, his, owner_connection, path
):
    personal = str(await owner_connection.fetchval(
        "SELECT personal_workspace_id FROM account WHERE name = 'bob'"))  # fmt: skip
    made = await invite(mine, path)
    url = f"/api/invites/{made['token']}/accept"
    assert (await his.post(url, headers={"X-Workspace": personal})).status_code == 200
    assert (await his.get(path)).status_code == 200


async def test_who_may_do_as_much_already_uses_nothing_up_and_loses_nothing(mine, his, bob, path):
    reading = await invite(mine, path, role="reader", uses=1)
    writing = await invite(mine, path, role="writer", uses=1)
    assert (await accept(mine, writing["token"])).json()["role"] == "owner"
    assert [(await accept(his, writing["token"])).json()["role"] for _ in range(2)] == [
        "writer"
    ] * 2
    assert (await accept(his, reading["token"])).json()["role"] == "writer"
    left = [item["id"] for item in (await mine.get(f"{path}/invites")).json()["items"]]
    assert left == [reading["id"]]


async def test_a_link_lets_in_as_many_as_it_says_however_many_come_at_once(
    mine, signed_in, owner_connection, ada, path
):
    made = await invite(mine, path, uses=2)
    people = [
        await signed_in(await make_colleague(owner_connection, ada, f"person{n}")) for n in range(5)
    ]
    answers = await asyncio.gather(*(accept(person, made["token"]) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 404, 404, 404]
    assert len((await mine.get(f"{path}/members")).json()["items"]) == 3


async def test_revoked_expired_and_strangers_links_are_all_no_link(
    mine, his, signed_in, owner_connection, path
):
    eve = await signed_in(await make_scope(owner_connection, "eve"))
    revoked, expired, live = [await invite(mine, path) for _ in range(3)]
    await mine.delete(f"{path}/invites/{revoked['id']}")
    await owner_connection.execute(
        "UPDATE conversation_invite SET expires_at = now() WHERE id = $1", expired["id"]
    )
    for who, token in (
        (his, revoked["token"]), (his, expired["token"]), (his, "nonsense"), (eve, live["token"]),
    ):  # fmt: skip
        answer = await accept(who, token)
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            404,
            "No such link, or it was used up or has expired.",
        )
    assert [i["id"] for i in (await mine.get(f"{path}/invites")).json()["items"]] == [live["id"]]
    assert (await mine.delete(f"{path}/invites/{revoked['id']}")).status_code == 404


async def test_a_conversation_in_the_bin_lets_nobody_in(mine, his, path):
    made = await invite(mine, path)
    await mine.delete(path)
    assert (await accept(his, made["token"])).status_code == 404


async def test_the_token_is_kept_as_a_hash_alone(mine, owner_connection, path):
    made = await invite(mine, path)
    row = await owner_connection.fetchrow("SELECT * FROM conversation_invite")
    assert made["token"] not in str(dict(row))


async def test_links_have_their_bounds(mine, path, monkeypatch):
    for body in ({"role": "owner"}, {"uses": 0}, {"hours": 9999}, {"more": 1}):
        assert (await mine.post(f"{path}/invites", json=body)).status_code == 400
    monkeypatch.setattr("api.conversations.invites.MOST_INVITES", 1)
    await invite(mine, path)
    assert (await mine.post(f"{path}/invites")).status_code == 409
