import pytest

from tests.make import make_colleague


@pytest.fixture
async def path(mine):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    return f"/api/conversations/{talk}"


def roles(answer):
    assert answer.status_code < 300, answer.text
    return {item["name"]: item["role"] for item in answer.json()["items"]}


async def test_a_person_is_let_in_once_and_found_among_the_members(mine, his, bob, path):
    body = {"principal": str(bob.account_id), "role": "writer"}
    added = await mine.post(f"{path}/members", json=body)
    assert (added.status_code, roles(added)) == (201, {"ada": "owner", "bob": "writer"})
    assert (await mine.post(f"{path}/members", json=body)).status_code == 409
    listed = (await his.get(f"{path}/members")).json()
    assert listed == added.json()
    assert listed["items"][1]["read_seq"] is None


async def test_what_each_role_may_do(mine, his, bob, path):
    posted = (await mine.post(f"{path}/messages", json={"content": "Hello"})).json()["id"]
    await mine.post(f"{path}/members", json={"principal": str(bob.account_id)})
    content = {"content": "Hi"}

    async def statuses():
        return [
            (await his.get(f"{path}/messages")).status_code,
            (await his.post(f"{path}/messages", json=content)).status_code,
            (await his.patch(path, json={"title": "Other"})).status_code,
            (await his.patch(f"/api/messages/{posted}", json=content)).status_code,
            (await his.delete(path)).status_code,
            (await his.post(f"{path}/invites")).status_code,
            (await his.post(f"{path}/members", json={"principal": "workspace"})).status_code,
        ]

    assert await statuses() == [200, 403, 403, 403, 403, 403, 403]
    changed = await mine.patch(f"{path}/members/{bob.account_id}", json={"role": "writer"})
    assert roles(changed) == {"ada": "owner", "bob": "writer"}
    assert await statuses() == [200, 201, 200, 403, 403, 403, 403]


async def test_only_who_takes_part_gets_another_role(mine, path, bob):
    url = f"{path}/members/{bob.account_id}"
    assert (await mine.patch(url, json={"role": "writer"})).status_code == 404
    assert (await mine.patch(url, json={"role": "admin"})).status_code == 400


async def test_an_owner_hands_over_before_he_leaves(mine, his, ada, bob, path):
    await mine.post(f"{path}/members", json={"principal": str(bob.account_id)})
    me, him = f"{path}/members/{ada.account_id}", f"{path}/members/{bob.account_id}"
    left = await mine.delete(me)
    assert (left.status_code, left.json()["error"]["code"]) == (409, "CONFLICT")
    assert (await his.patch(him, json={"role": "owner"})).status_code == 403
    given = await mine.patch(him, json={"role": "owner"})
    assert roles(given) == {"ada": "writer", "bob": "owner"}
    found = (await his.get(path)).json()
    assert (found["is_owner"], found["owner_id"]) == (True, str(bob.account_id))
    assert (await mine.patch(me, json={"role": "owner"})).status_code == 403
    assert (await mine.delete(me)).status_code == 204
    assert (await mine.get(path)).status_code == 404


async def test_neither_a_guest_nor_the_workspace_can_own(mine, owner_connection, ada, path):
    guest = await make_colleague(owner_connection, ada, "guest", "guest")
    for principal in (str(guest.account_id), "workspace"):
        await mine.post(f"{path}/members", json={"principal": principal})
        given = await mine.patch(f"{path}/members/{principal}", json={"role": "owner"})
        assert given.status_code == 409
    assert (await mine.get(path)).json()["is_owner"]


async def test_every_change_of_members_is_noted_in_order(
    mine, his, ada, bob, path, owner_connection
):
    url = f"{path}/members/{bob.account_id}"
    await mine.post(f"{path}/members", json={"principal": str(bob.account_id)})
    await mine.post(f"{path}/members", json={"principal": str(bob.account_id)})
    await mine.patch(url, json={"role": "writer"})
    await his.delete(url)
    noted = await owner_connection.fetch(
        "SELECT seq, kind, subject_id, actor_id FROM change ORDER BY seq"
    )
    assert [tuple(row) for row in noted] == [
        (seq, "member.changed", bob.account_id, actor)
        for seq, actor in enumerate((ada.account_id, ada.account_id, bob.account_id), 1)
    ]


async def test_who_is_let_in_is_told_once_each_time(mine, his, bob, path):
    body, url = {"principal": str(bob.account_id)}, f"{path}/members"
    await mine.put(url, json=body)
    await mine.put(url, json={**body, "role": "writer"})
    await mine.delete(f"{url}/{bob.account_id}")
    await mine.post(url, json=body)
    await mine.put(url, json={"principal": "workspace"})
    told = (await his.get("/api/notifications")).json()["items"]
    assert [
        (item["kind"], item["subject"]["title"], item["subject"]["actor"]) for item in told
    ] == [("invited", "Plans", "ada")] * 2


async def test_the_same_key_lets_somebody_in_once(mine, bob):
    talk = (await mine.post("/api/conversations", json={})).json()["id"]
    path, member = f"/api/conversations/{talk}/members", {"principal": str(bob.account_id)}
    answers = [
        await mine.post(path, json=member, headers={"Idempotency-Key": key}) for key in "aab"
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[1].json() == answers[0].json()
