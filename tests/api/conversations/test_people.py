from uuid import uuid4

from tests.make import make_colleague


async def names(client, path):
    answer = await client.get(f"{path}/people")
    assert answer.status_code == 200, answer.text
    return {person["name"]: person["read_seq"] for person in answer.json()["items"]}


async def test_whoever_may_read_has_a_name_and_nobody_else(mine, his, ada, bob, owner_connection):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    path = f"/api/conversations/{talk}"
    await make_colleague(owner_connection, ada, "guest", "guest")
    assert await names(mine, path) == {"ada": None}
    assert (await his.get(f"{path}/people")).status_code == 404
    await mine.post(f"{path}/members", json={"principal": "workspace"})
    await mine.post(f"{path}/messages", json={"content": "Hello"})
    await his.put(f"{path}/read", json={"seq": 1})
    assert await names(his, path) == {"ada": 1, "bob": 1}
    first = (await mine.get(f"{path}/people")).json()["items"][0]
    assert first == {"account_id": str(bob.account_id), "name": "bob", "read_seq": 1}
    assert (await mine.get(f"/api/conversations/{uuid4()}/people")).status_code == 404
