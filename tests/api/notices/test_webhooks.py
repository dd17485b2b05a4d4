import asyncio
from uuid import UUID

import pytest

from api.notices.webhooks import MOST
from app.shared_key import WEBHOOK_KEY, shared_key
from core.signature import webhook_secret
from tests.make import make_colleague

URL = "https://hooks.example.org/files"
ALL = ["file.ready", "file.partial", "file.no_text", "file.failed"]


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


async def test_a_webhook_is_made_with_a_secret_that_is_shown_once_and_listed_and_removed(
    client, resources
):
    made = await client.post("/api/webhooks", json={"url": URL})
    assert made.status_code == 201, made.text
    webhook = made.json()
    secret = webhook_secret(
        await shared_key(resources.signin, name=WEBHOOK_KEY), UUID(webhook["id"])
    )
    assert webhook == {
        "id": webhook["id"],
        "url": URL,
        "kinds": ALL,
        "created_at": webhook["created_at"],
        "state": "active",
        "failing_since": None,
        "disabled_at": None,
        "reason": "",
        "secret": secret,
    }
    listed = (await client.get("/api/webhooks")).json()
    assert listed == {"items": [{**webhook, "secret": None}], "next_cursor": None}
    assert (await client.delete(f"/api/webhooks/{webhook['id']}")).status_code == 204
    assert (await client.delete(f"/api/webhooks/{webhook['id']}")).status_code == 404
    assert (await client.get("/api/webhooks")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "hook"}, "url"),
        ({"url": URL, "kinds": []}, "kinds"),
        ({"url": URL, "kinds": ["file.deleted"]}, "kinds.0"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
async def test_what_cannot_be_called_or_told_is_refused_with_its_field(client, body, field):
    answer = await client.post("/api/webhooks", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["details"][0]["field"]) == (400, field), answer.text


async def test_sent_again_with_its_key_it_is_made_once_and_its_secret_is_stored_nowhere(
    client, owner_connection
):
    sent = {"json": {"url": URL}, "headers": {"Idempotency-Key": "k1"}}
    first, second = [await client.post("/api/webhooks", **sent) for _ in range(2)]
    assert (first.status_code, second.json()) == (201, first.json())
    assert "whsec_" not in await owner_connection.fetchval("SELECT body FROM idempotency_key")


async def test_an_address_is_called_once_for_each_person(client, signed_in, owner_connection, ada):
    assert (await client.post("/api/webhooks", json={"url": URL})).status_code == 201
    assert (await client.post("/api/webhooks", json={"url": URL})).status_code == 409
    bob = await signed_in(await make_colleague(owner_connection, ada))
    assert (await bob.post("/api/webhooks", json={"url": URL})).status_code == 201
    assert len((await bob.get("/api/webhooks")).json()["items"]) == 1


async def test_there_is_a_bound_that_holds_for_requests_at_the_same_time(client):
    answers = await asyncio.gather(
        *(client.post("/api/webhooks", json={"url": f"{URL}/{n}"}) for n in range(MOST + 2))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * MOST + [409, 409]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("failing_since = now(), reason = 'No.'", "failing"),
        ("failing_since = now(), disabled_at = now(), reason = 'No.'", "disabled"),
    ],
)
async def test_a_webhook_that_fails_says_so(client, owner_connection, change, state):
    await client.post("/api/webhooks", json={"url": URL, "kinds": ["file.failed", "file.failed"]})
    await owner_connection.execute(f"UPDATE webhook SET {change}")
    (listed,) = (await client.get("/api/webhooks")).json()["items"]
    assert (listed["state"], listed["reason"], listed["kinds"]) == (state, "No.", ["file.failed"])
