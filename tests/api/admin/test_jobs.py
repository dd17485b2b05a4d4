import pytest

from api.admin import jobs as admin_jobs
from tests.api.uploading import read, upload
from tests.make import make_colleague, make_membership, make_scope

URL = "/api/admin/jobs"


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
async def dead(client, owner_connection) -> list[str]:
    """Two files whose jobs were given up."""
    files = [await upload(client, f"Text {n}".encode(), f"{n}.txt") for n in range(2)]
    await owner_connection.execute(
        "UPDATE job SET state = 'dead', reason = 'worker_crash', crashes = 2, finished_at = now()"
    )
    await owner_connection.execute("UPDATE file SET state = 'failed', reason = 'r'")
    return [file["id"] for file in files]


async def test_dead_jobs_are_listed_with_their_reason(client, scope, dead):
    listed = (await client.get(URL, params={"state": "dead", "kind": "ingest_file"})).json()[
        "items"
    ]
    told = [
        (job["kind"], job["state"], job["reason"], job["crashes"], job["account_id"])
        for job in listed
    ]
    assert told == [("ingest_file", "dead", "worker_crash", 2, str(scope.account_id))] * 2
    assert (await client.get(URL, params={"kind": "reply"})).json()["items"] == []
    page = (await client.get(URL, params={"limit": 1})).json()
    other = (await client.get(URL, params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert {page["items"][0]["id"], other["items"][0]["id"]} == {job["id"] for job in listed}


async def test_a_dead_job_is_done_again(client, resources, dead):
    job = (await client.get(URL)).json()["items"][0]
    again = await client.post(f"{URL}/{job['id']}/requeue")
    assert (again.status_code, again.json()["state"], again.json()["crashes"]) == (202, "queued", 0)
    twice = await client.post(f"{URL}/{job['id']}/requeue")
    assert twice.json()["error"]["message"] == (
        "A job ingest_file that is queued is not done again from here."
    )
    await read(resources)
    states = {(await client.get(f"/api/files/{each}")).json()["state"] for each in dead}
    assert states == {"ready", "failed"}


async def test_all_dead_jobs_are_done_again_at_once(client, dead, monkeypatch):
    monkeypatch.setattr(admin_jobs, "AT_ONCE", 1)
    answers = [(await client.post(f"{URL}/requeue")).json() for _ in range(3)]
    assert answers == [
        {"requeued": 1, "has_more": True},
        {"requeued": 1, "has_more": True},
        {"requeued": 0, "has_more": False},
    ]


async def test_failed_ones_are_done_again_when_they_are_named(client, owner_connection, dead):
    await owner_connection.execute("UPDATE job SET state = 'failed'")
    assert (await client.post(f"{URL}/requeue")).json()["requeued"] == 0
    body = {"states": ["failed"]}
    assert (await client.post(f"{URL}/requeue", json=body)).json()["requeued"] == 2


async def test_a_dead_message_is_embedded_again_and_a_reply_is_not(client, owner_connection):
    talk = (await client.post("/api/conversations", json={})).json()["id"]
    url = f"/api/conversations/{talk}/messages"
    await client.post(url, json={"content": "Why?", "reply": {}})
    await owner_connection.execute("UPDATE job SET state = 'dead', finished_at = now()")
    listed = (await client.get(URL, params={"state": "dead"})).json()["items"]
    told = {
        job["kind"]: (await client.post(f"{URL}/{job['id']}/requeue")).status_code for job in listed
    }
    assert told == {"embed_message": 202, "reply": 409}


async def test_members_see_no_jobs_but_their_own(signed_in, owner_connection, scope, dead):
    bob = await make_colleague(owner_connection, scope)
    member = await signed_in(bob)
    for method, path in (("GET", URL), ("POST", f"{URL}/requeue")):
        assert (await member.request(method, path)).status_code == 403
    other = await make_scope(owner_connection, "eve")
    admin = await signed_in(
        await make_membership(
            owner_connection,
            other.__class__(other.account_id, scope.workspace_id, "member"),
            "admin",
        )
    )
    assert len((await admin.get(URL)).json()["items"]) == 2
