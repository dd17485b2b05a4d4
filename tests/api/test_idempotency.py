import asyncio

import pytest

from tests.make import make_colleague


async def create(client, key, title="Plan"):
    return await client.post(
        "/api/conversations", json={"title": title}, headers={"Idempotency-Key": key}
    )


async def count(client) -> int:
    return len((await client.get("/api/conversations")).json()["items"])


async def test_the_same_request_again_gets_the_first_answer(signed_in, ada):
    client = await signed_in(ada)
    first, again = await create(client, "k1"), await create(client, "k1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await count(client) == 1


async def test_another_request_under_the_same_key_is_a_conflict(signed_in, ada):
    client = await signed_in(ada)
    made = await create(client, "k1")
    other = await create(client, "k1", title="Other")
    elsewhere = await client.post(
        f"/api/conversations/{made.json()['id']}/messages",
        json={"content": "x"},
        headers={"Idempotency-Key": "k1"},
    )
    assert (other.status_code, elsewhere.status_code) == (409, 409)


async def test_both_names_of_a_route_are_the_same_request(signed_in, ada):
    client = await signed_in(ada)
    first = await create(client, "k1")
    again = await client.post(
        "/api/v1/conversations", json={"title": "Plan"}, headers={"Idempotency-Key": "k1"}
    )
    assert again.json() == first.json()


async def test_a_key_belongs_to_its_account(signed_in, ada, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    first = await create(await signed_in(ada), "k1")
    other = await create(await signed_in(bob), "k1")
    assert first.json()["id"] != other.json()["id"]


async def test_two_at_once_do_the_work_once(signed_in, ada):
    client = await signed_in(ada)
    answers = await asyncio.gather(*(create(client, "k1") for _ in range(4)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(client) == 1


async def test_a_failed_request_keeps_nothing_and_may_be_sent_again(signed_in, ada):
    client = await signed_in(ada)
    path = f"/api/conversations/{(await create(client, 'k1')).json()['id']}/messages"
    headers = {"Idempotency-Key": "k2"}
    bad = {"content": "x", "parent_id": str(ada.account_id)}
    assert (await client.post(path, json=bad, headers=headers)).status_code == 400
    assert (await client.post(path, json={"content": "x"}, headers=headers)).status_code == 201


async def test_after_a_day_a_key_is_free_again(signed_in, ada, owner_connection):
    client = await signed_in(ada)
    first = await create(client, "k1")
    await owner_connection.execute(
        "UPDATE idempotency_key SET created_at = now() - interval '25 hours'"
    )
    later, again = await create(client, "k1"), await create(client, "k1")
    assert later.json()["id"] != first.json()["id"]
    assert again.json() == later.json()


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_is_no_key_is_refused(signed_in, ada, key):
    assert (await create(await signed_in(ada), key)).status_code == 400
