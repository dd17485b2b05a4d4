import pytest

from tests.api.uploading import read, upload
from tests.llm.replying import make_run
from tests.make import make_colleague, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


async def test_jobs_are_listed_newest_first_with_what_they_are_about(
    client, scope, resources, owner_connection
):
    run = await make_run(owner_connection, resources, scope, facts=[])
    file = await upload(client)
    await read(resources)
    page = (await client.get("/api/jobs?limit=1")).json()
    listed = page["items"]
    while page["next_cursor"]:
        page = (await client.get(f"/api/jobs?limit=1&cursor={page['next_cursor']}")).json()
        listed += page["items"]
    told = [(job["kind"], job["item_id"], job["state"]) for job in listed]
    assert told[0] == ("ingest_file", file["id"], "done")
    assert sorted(told[1:]) == [
        ("embed_message", str(run.conversation_id), "queued"), ("reply", str(run.conversation_id), "queued")
    ]  # fmt: skip
    assert [job["kind"] for job in (await client.get("/api/jobs?state=done")).json()["items"]] == [
        "ingest_file"
    ]


async def test_a_job_about_what_one_may_not_see_is_not_there(
    client, scope, signed_in, owner_connection
):
    await upload(client)
    [job] = (await client.get("/api/jobs")).json()["items"]
    assert (await client.get(f"/api/jobs/{job['id']}")).json() == job
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await bob.get("/api/jobs")).json()["items"] == []
    assert (await bob.get(f"/api/jobs/{job['id']}")).status_code == 404
