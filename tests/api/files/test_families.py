"""Files found in files, as callers see them: named, deleted, brought back and shared with what they came in."""

import pytest

from tests.api.uploading import read, upload
from tests.ingest.make_files import make_zip
from tests.make import make_colleague, make_scope

INNER = make_zip({"deep.txt": "The deepest buoy is red.\n"})
ARCHIVE = make_zip({"a/tides.txt": "The spare key floats.\n", "inner.zip": INNER})


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
async def archive(client, resources):
    """An archive, its member, and an archive in it with a member of its own, all read."""
    file = await upload(client, ARCHIVE, "harbour.zip")
    for _ in range(4):
        await read(resources)
    return file["id"]


async def listed(client, **params):
    page = (await client.get("/api/files", params=params)).json()
    return {item["name"]: item["id"] for item in page["items"]}


async def found(client):
    params = {"q": "spare key", "type": "file", "mode": "lexical"}
    hits = (await client.get("/api/search", params=params)).json()["hits"]
    return [hit["title"] for hit in hits]


async def test_a_file_says_what_it_holds_and_what_it_came_in(client, archive):
    detail = (await client.get(f"/api/files/{archive}")).json()
    assert detail["children"] == {"count": 2, "url": f"/api/v1/files?parent={archive}"}
    assert detail["parent"] is None
    children = (await client.get(detail["children"]["url"])).json()["items"]
    assert [(c["name"], c["folder"], c["parent"], c["state"]) for c in children] == [
        (
            "inner.zip",
            "harbour.zip",
            {"id": archive, "name": "harbour.zip", "path": "inner.zip"},
            "ready",
        ),
        (
            "tides.txt",
            "harbour.zip/a",
            {"id": archive, "name": "harbour.zip", "path": "a/tides.txt"},
            "ready",
        ),
    ]
    assert await found(client) == ["tides.txt"]
    assert set(await listed(client)) == {"harbour.zip", "tides.txt", "inner.zip", "deep.txt"}
    assert set(await listed(client, parent="none")) == {"harbour.zip"}
    assert (await client.get("/api/files?parent=x")).status_code == 404


async def test_a_parent_takes_its_children_into_the_bin_and_back(client, archive):
    tides = (await listed(client))["tides.txt"]
    assert (await client.delete(f"/api/files/{archive}")).status_code == 204
    assert await listed(client) == {}
    assert await found(client) == []
    assert (await client.post(f"/api/files/{archive}/restore")).json()["state"] == "ready"
    assert len(await listed(client)) == 4
    assert await found(client) == ["tides.txt"]
    assert (await client.delete(f"/api/files/{tides}")).status_code == 204
    assert (await client.delete(f"/api/files/{archive}")).status_code == 204
    assert (await client.post(f"/api/files/{archive}/restore")).status_code == 200
    assert set(await listed(client)) == {"harbour.zip", "inner.zip", "deep.txt"}


async def test_what_had_not_been_read_when_its_parent_went_is_read_when_it_comes_back(
    client, resources
):
    file = await upload(client, ARCHIVE, "harbour.zip")
    await read(resources)
    await client.delete(f"/api/files/{file['id']}")
    for _ in range(2):
        await read(resources)
    await client.post(f"/api/files/{file['id']}/restore")
    for _ in range(3):
        await read(resources)
    states = {
        item["name"]: item["state"] for item in (await client.get("/api/files")).json()["items"]
    }
    assert states == dict.fromkeys(["harbour.zip", "tides.txt", "inner.zip", "deep.txt"], "ready")


async def test_a_parent_that_is_erased_leaves_nothing_of_its_children(
    client, archive, owner_connection
):
    assert (await client.delete(f"/api/files/{archive}?hard=true")).status_code == 204
    for table in ("item", "file", "file_version", "build", "passage", "text_segment"):
        assert await owner_connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_who_is_let_see_a_parent_sees_its_children_and_who_is_shut_out_does_not(
    client, archive, scope, signed_in, owner_connection
):
    other = await make_colleague(owner_connection, scope)
    guest = await signed_in(other)
    assert await listed(guest) == {}
    grant = {"principal": str(other.account_id), "role": "reader"}
    assert (await client.put(f"/api/files/{archive}/access", json=grant)).status_code == 200
    assert set(await listed(guest)) == {"harbour.zip", "tides.txt", "inner.zip", "deep.txt"}
    assert await found(guest) == ["tides.txt"]
    url = f"/api/files/{archive}/access/{other.account_id}"
    assert (await client.delete(url)).status_code == 204
    assert await listed(guest) == {}
    assert await found(guest) == []


async def test_a_child_that_is_shared_alone_does_not_name_what_it_came_in(
    client, archive, scope, signed_in, owner_connection
):
    other = await make_colleague(owner_connection, scope)
    guest = await signed_in(other)
    tides = (await listed(client))["tides.txt"]
    grant = {"principal": str(other.account_id), "role": "reader"}
    await client.put(f"/api/files/{tides}/access", json=grant)
    assert await listed(guest) == {"tides.txt": tides}
    assert (await guest.get(f"/api/files/{tides}")).json()["parent"] is None
