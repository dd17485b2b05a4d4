"""Files go straight into a real S3 server; what is made a file is what was announced."""

import asyncio
import hashlib
from dataclasses import replace

import httpx
import pytest

from app.embedded_s3 import start_s3
from core.blobs import S3Place, open_blobs
from core.staging import open_staging
from tests.make import make_colleague
from tests.workers.made import one
from workers.upload_care import remove_expired

DATA = b"The harbour opens at dawn.\n"
KEYS = {"access_key": "test", "secret_key": "a secret of the test"}


@pytest.fixture(scope="session")
async def store(tmp_path_factory):
    server = await start_s3(tmp_path_factory.mktemp("direct"), **KEYS)
    place = S3Place(server.endpoint, "recollect", **KEYS, direct_endpoint=server.endpoint)
    async with open_blobs(place) as store:
        yield store
    await server.stop()


@pytest.fixture
async def in_s3(app, resources, store):
    """The application on the S3 store."""
    api = app.state.api
    there = replace(resources, blobs=store, staging=open_staging(None, store))
    app.state.api = replace(api, resources=there)
    yield there
    app.state.api = api


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


async def begin(client, data=DATA, **other):
    body = {"name": "tides.txt", "folder": "sea/charts", "size_bytes": len(data)}
    body |= {"sha256": hashlib.sha256(data).hexdigest(), **other}
    return await client.post("/api/direct-uploads", json=body)


async def put(begun, data=DATA) -> int:
    async with httpx.AsyncClient() as outside:
        there = begun["put"]
        answer = await outside.put(there["url"], content=data, headers=there["headers"])
        return answer.status_code


async def complete(client, begun, **headers: str):
    return await client.post(f"/api/direct-uploads/{begun['id']}/complete", headers=headers)


async def test_a_file_that_was_put_into_the_store_is_a_file_like_any_other(
    client, in_s3, owner_connection
):
    begun = await begin(client)
    assert begun.status_code == 201, begun.text
    upload = begun.json()
    assert begun.headers["location"] == f"/api/v1/direct-uploads/{upload['id']}"
    assert await put(upload) == 200
    done = await complete(client, upload)
    assert done.status_code == 202, done.text
    file = done.json()["file"]
    told = (file["name"], file["folder"], file["size_bytes"], file["sha256"], file["state"])
    digest = hashlib.sha256(DATA).hexdigest()
    assert told == ("tides.txt", "sea/charts", len(DATA), digest, "queued")
    content = await client.get(f"/api/files/{file['id']}/content")
    assert content.content == DATA
    queued = await owner_connection.fetchval("SELECT id FROM job WHERE kind = 'ingest_file'")
    assert done.json()["job"] == {"id": str(queued)}
    again = await complete(client, upload)
    assert (again.status_code, again.json()["file"], again.json()["job"]) == (200, file, None)
    known = (await client.get(f"/api/direct-uploads/{upload['id']}")).json()
    assert (known["put"], known["file_id"]) == (None, file["id"])


async def test_the_password_comes_when_it_is_complete(client, in_s3, owner_connection):
    upload = (await begin(client)).json()
    await put(upload)
    done = await complete(client, upload, **{"X-File-Password": "sesame"})
    assert done.status_code == 202
    assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 1


async def test_what_was_put_may_not_change_afterwards(client, in_s3):
    """The address is good for an hour: what it leads to is not what the file is made of."""
    upload = (await begin(client)).json()
    await put(upload)
    file = (await complete(client, upload)).json()["file"]
    await put(upload)
    async with httpx.AsyncClient() as outside:
        assert (await outside.delete(upload["put"]["url"])).status_code == 403
    assert (await client.get(f"/api/files/{file['id']}/content")).content == DATA


async def test_other_bytes_than_announced_are_no_file(client, in_s3, store, owner_connection):
    """Put by a store that does not look at checksums, or by somebody with keys of his own."""
    upload = (await begin(client)).json()
    for wrong in (b"x" * len(DATA), b"short"):
        key = await owner_connection.fetchval("SELECT parts[1] FROM upload")
        await store.put(key, one(wrong), limit_bytes=1000)
        refused = await complete(client, upload)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 0
    await put(upload)
    assert (await complete(client, upload)).status_code == 202


async def test_before_the_bytes_are_there_it_says_so(client, in_s3):
    upload = (await begin(client)).json()
    refused = await complete(client, upload)
    assert (refused.status_code, "not there yet" in refused.text) == (409, True)


async def test_an_address_that_has_run_out_is_given_anew(client, in_s3):
    upload = (await begin(client)).json()
    fresh = (await client.get(f"/api/direct-uploads/{upload['id']}")).json()
    assert await put(fresh) == 200
    assert (await complete(client, upload)).status_code == 202


async def test_two_who_complete_at_once_make_one_file(client, in_s3, owner_connection):
    upload = (await begin(client)).json()
    await put(upload)
    answers = await asyncio.gather(*(complete(client, upload) for _ in range(3)))
    assert {answer.status_code for answer in answers} <= {200, 202, 409, 423}
    assert (await complete(client, upload)).status_code == 200
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_ended_or_expired_nothing_of_it_remains(
    client, in_s3, store, resources, owner_connection
):
    ended, expired = [(await begin(client)).json() for _ in range(2)]
    keys = [row[0] for row in await owner_connection.fetch("SELECT parts[1] FROM upload")]
    for upload in (ended, expired):
        await put(upload)
    path = f"/api/direct-uploads/{ended['id']}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    await owner_connection.execute("UPDATE upload SET expires_at = now() - interval '1 s'")
    assert (await complete(client, expired)).status_code == 404
    assert await remove_expired(resources.worker, in_s3.staging, store) == 1
    assert [await store.stat(key) for key in keys] == [None, None]


async def test_room_is_reserved_at_the_beginning(client, app, in_s3):
    settings = in_s3.settings.model_copy(update={"workspace_quota_bytes": 40})
    app.state.api = replace(app.state.api, resources=replace(in_s3, settings=settings))
    assert (await begin(client)).status_code == 201
    refused = await begin(client)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": ""}, 400, "name"),
        ({"name": ".."}, 400, "filename"),
        ({"size_bytes": -1}, 400, "size_bytes"),
        ({"sha256": "abc"}, 400, "sha256"),
        ({"size_bytes": 200_000_001}, 413, None),
    ],
)
async def test_what_cannot_be_a_file_is_refused_at_once(client, in_s3, change, status, field):
    answer = await begin(client, **change)
    assert answer.status_code == status, answer.text
    details = answer.json()["error"].get("details") or [{"field": None}]
    assert details[0]["field"] == field


async def test_it_is_its_accounts_alone_and_no_upload_in_parts(
    client, in_s3, signed_in, owner_connection, ada
):
    upload = (await begin(client)).json()
    bob = await signed_in(await make_colleague(owner_connection, ada))
    path = f"/api/direct-uploads/{upload['id']}"
    assert (await bob.get(path)).status_code == 404
    assert (await complete(bob, upload)).status_code == 404
    assert (await bob.delete(path)).status_code == 404
    tus = {"Tus-Resumable": "1.0.0"}
    in_parts = f"/api/uploads/{upload['id']}"
    assert (await client.head(in_parts, headers=tus)).status_code == 404
    assert (await client.delete(in_parts, headers=tus)).status_code == 404


async def test_where_the_store_is_a_folder_it_says_what_to_do_instead(client, resources):
    answer = await begin(client)
    assert answer.status_code == 409
    assert "POST /api/v1/uploads" in answer.json()["error"]["message"]
