import asyncio

import pytest

from api.search.saved_searches import MOST
from app.shared_key import WEBHOOK_KEY, shared_key
from core.ids import new_id
from core.signature import webhook_secret
from tests.make import make_colleague

URL = "https://hooks.example.org/found"


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


async def save(client, q="harbour", **given):
    answer = await client.post("/api/saved-searches", json={"q": q, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_search_is_saved_as_it_was_asked_and_listed(client):
    asked = {"type": "file", "lang": "de", "tz": "Europe/Berlin", "name": " Häfen "}
    saved = await save(client, " hafen after:2026-01-01 ", **asked)
    assert saved == {
        "id": saved["id"],
        "name": "Häfen",
        "q": "hafen after:2026-01-01",
        "type": "file",
        "lang": "de",
        "tz": "Europe/Berlin",
        "is_alerting": True,
        "created_at": saved["created_at"],
        "webhook": None,
        "warnings": [],
    }
    other = await save(client, "harbour site:x")
    assert other["name"] == "harbour site:x"
    assert other["warnings"] == ["The operator site: is not known here; it was read as text."]
    listed = (await client.get("/api/saved-searches")).json()
    assert listed == {"items": [other, saved], "next_cursor": None}
    assert (await client.get(f"/api/saved-searches/{saved['id']}")).json() == saved


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "-harbour"}, "q"),
        ({"q": "x" * 513}, "q"),
        ({"q": "a", "tz": "Mars/Olympus"}, "tz"),
        ({"q": "a", "name": "  "}, "name"),
        ({"q": "a", "name": "x" * 101}, "name"),
        ({"q": "a", "type": "mail"}, "type"),
        ({"q": "a", "limit": 3}, "limit"),
        ({"q": "a", "webhook": {"url": "http://127.0.0.1/"}}, "webhook.url"),
        ({"q": "a", "webhook": {"url": "hook"}}, "webhook.url"),
        ({"q": "a", "webhook": {}}, "webhook.url"),
    ],
)
async def test_what_cannot_be_saved_is_refused_with_its_field(client, body, field):
    answer = await client.post("/api/saved-searches", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["details"][0]["field"]) == (400, field), answer.text


async def test_a_secret_is_shown_when_its_webhook_is_made_and_never_again(
    client, resources, owner_connection
):
    saved = await save(client, webhook={"url": URL})
    key = await shared_key(resources.signin, name=WEBHOOK_KEY)
    stored = await owner_connection.fetchval("SELECT webhook_id FROM saved_search")
    assert saved["webhook"] == {
        "id": str(stored),
        "url": URL,
        "state": "active",
        "failing_since": None,
        "disabled_at": None,
        "reason": "",
        "secret": webhook_secret(key, stored),
    }
    path = f"/api/saved-searches/{saved['id']}"
    assert (await client.get(path)).json()["webhook"]["secret"] is None
    renamed = (await client.patch(path, json={"name": "Other"})).json()
    assert (renamed["name"], renamed["webhook"]["secret"]) == ("Other", None)
    again = (await client.patch(path, json={"webhook": {"url": URL}})).json()["webhook"]
    assert again["secret"] not in {None, saved["webhook"]["secret"]}
    removed = (await client.patch(path, json={"webhook": None, "is_alerting": False})).json()
    assert (removed["webhook"], removed["is_alerting"], removed["name"]) == (None, False, "Other")


async def test_a_webhook_that_fails_says_so_and_is_set_again(client, owner_connection):
    saved = await save(client, webhook={"url": URL})
    path = f"/api/saved-searches/{saved['id']}"
    failing = "UPDATE saved_search SET webhook_failing_since = now(), webhook_reason = 'No.'"
    await owner_connection.execute(failing)
    webhook = (await client.get(path)).json()["webhook"]
    assert (webhook["state"], webhook["reason"]) == ("failing", "No.")
    await owner_connection.execute("UPDATE saved_search SET webhook_disabled_at = now()")
    assert (await client.get(path)).json()["webhook"]["state"] == "disabled"
    webhook = (await client.patch(path, json={"webhook": {"url": URL}})).json()["webhook"]
    assert (webhook["state"], webhook["reason"], webhook["failing_since"]) == ("active", "", None)


async def test_sent_again_with_its_key_it_is_saved_once_and_answered_the_same(
    client, owner_connection
):
    sent = {"json": {"q": "a", "webhook": {"url": URL}}, "headers": {"Idempotency-Key": "k1"}}
    first = await client.post("/api/saved-searches", **sent)
    second = await client.post("/api/saved-searches", **sent)
    assert (first.status_code, second.json()) == (201, first.json())
    assert first.json()["webhook"]["secret"]
    kept = await owner_connection.fetchval("SELECT body FROM idempotency_key")
    assert "whsec_" not in kept


async def test_the_same_question_is_saved_once_for_each_person(
    client, signed_in, owner_connection, ada
):
    await save(client)
    answer = await client.post("/api/saved-searches", json={"q": " harbour", "name": "Other"})
    assert answer.status_code == 409
    await save(client, type="file")
    await save(await signed_in(await make_colleague(owner_connection, ada)))


async def test_there_is_a_bound_that_holds_for_requests_at_the_same_time(
    client, owner_connection, ada
):
    for n in range(MOST - 2):
        await owner_connection.execute(
            "INSERT INTO saved_search (workspace_id, id, account_id, name, q, tz) VALUES ($1, $2, $3, $4, $4, 'UTC')",
            ada.workspace_id, new_id(), ada.account_id, f"q{n}",
        )  # fmt: skip
    answers = await asyncio.gather(
        *(client.post("/api/saved-searches", json={"q": f"more{n}"}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]


async def test_a_change_can_be_made_to_depend_on_what_was_read(client):
    saved = await save(client)
    path = f"/api/saved-searches/{saved['id']}"
    etag = (await client.get(path)).headers["ETag"]
    changed = await client.patch(path, json={"name": "One"}, headers={"If-Match": etag})
    stale = await client.patch(path, json={"name": "Two"}, headers={"If-Match": etag})
    assert (changed.status_code, stale.status_code) == (200, 412)
    assert changed.headers["ETag"] == (await client.get(path)).headers["ETag"] != etag


async def test_what_is_deleted_is_gone(client):
    saved = await save(client)
    path = f"/api/saved-searches/{saved['id']}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/saved-searches")).json()["items"] == []
