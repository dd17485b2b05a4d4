import asyncio

import httpx
import pytest

from core.ids import new_id
from tests.api.serving import read_events, served
from tests.api.uploading import read, upload
from tests.make import make_colleague, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


async def found(client, q="spare key"):
    response = await client.get("/api/search", params={"q": q, "type": "file", "mode": "lexical"})
    return [hit["file_id"] for hit in response.json()["hits"]]


async def test_a_file_that_was_read_says_so_and_is_found(client, resources):
    file = await upload(client)
    await read(resources)
    answer = (await client.get(f"/api/files/{file['id']}")).json()
    told = {
        key: answer[key]
        for key in ("state", "eta_s", "reason", "problems", "searchable", "media_type")
    }
    assert told == {
        "state": "ready", "eta_s": None, "reason": None, "problems": [], "searchable": [], "media_type": "text/markdown",
    }  # fmt: skip
    assert answer["stages"]["extract"] == {"done": 1, "total": 1}
    assert answer["stages"]["embed"]["done"] == answer["stages"]["embed"]["total"] >= 1
    assert await found(client) == [file["id"]]


async def test_of_many_problems_the_first_hundred_are_told_and_how_many_there_are(
    client, resources, owner_connection
):
    file = await upload(client)
    await read(resources)
    url = f"/api/files/{file['id']}"
    assert (await client.get(url)).json()["problem_count"] == 0
    await owner_connection.execute(
        "INSERT INTO file_problem (workspace_id, build_id, ordinal, page, code, message, remedy)"
        " SELECT workspace_id, id, n, n, 'page_unreadable', 'Page ' || n, '' FROM build, generate_series(1, 102) n"
    )
    told = (await client.get(url)).json()
    assert [each["page"] for each in told["problems"]] == list(range(1, 101))
    assert told["problem_count"] == 102


async def test_an_unknown_type_is_stored_and_says_why_it_has_no_text(client, resources):
    file = await upload(client, bytes(range(256)) * 40, "photo.raw")
    await read(resources)
    answer = (await client.get(f"/api/files/{file['id']}")).json()
    assert answer["state"] == "no_text"
    assert answer["reason"]["message"]
    assert (await client.get(f"/api/files/{file['id']}/content")).status_code == 200


async def test_the_list_is_paged_newest_first_and_filtered(client):
    files = [
        await upload(client, f"text {n}".encode(), name)
        for n, name in enumerate(["a.txt", "b_1.txt", "100%.txt"])
    ]
    url, pages = "/api/files?limit=2", []
    while url:
        page = (await client.get(url)).json()
        pages.append([item["id"] for item in page["items"]])
        url = page["next_cursor"] and f"/api/files?limit=2&cursor={page['next_cursor']}"
    a, b, hundred = (file["id"] for file in files)
    assert pages == [[hundred, b], [a]]

    async def listed(**params):
        return [
            item["id"] for item in (await client.get("/api/files", params=params)).json()["items"]
        ]

    assert await listed(name="100%") == [hundred]
    assert await listed(name="b_") == [b]
    assert await listed(sha256=files[0]["sha256"]) == [a]
    assert await listed(state=["ready", "failed"]) == []
    assert await listed(state="queued") == [hundred, b, a]
    assert (await client.get("/api/files?sha256=xyz")).status_code == 400


async def test_progress_is_told_until_the_file_is_read(app, client, resources):
    file = await upload(client)
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=client.headers) as reader,
    ):
        told = []
        path = f"/api/files/{file['id']}/events"
        events = asyncio.create_task(read_events(reader, path, into=told))
        while not told:  # noqa: ASYNC110 nothing tells it
            await asyncio.sleep(0.01)
        await read(resources)
        await events
    assert [event.event for event in told][-1] == "done"
    states = list(dict.fromkeys(event.data["state"] for event in told if event.event == "file"))
    assert states[0] == "queued"
    assert states[-1] == "ready"


async def test_cancelling_ends_the_wait_and_retry_begins_again(client, resources):
    file = await upload(client)
    url = f"/api/files/{file['id']}"
    assert (await client.post(f"{url}/retry")).status_code == 409
    assert (await client.post(f"{url}/cancel")).json()["state"] == "cancelled"
    assert (await client.post(f"{url}/cancel")).status_code == 409
    assert (await client.post(f"{url}/retry")).json()["state"] == "queued"
    assert (await client.post(f"{url}/reprocess")).status_code == 409
    await read(resources)
    assert (await client.post(f"{url}/reprocess")).json()["state"] == "queued"
    await read(resources)
    assert await found(client) == [file["id"]]


async def test_a_deleted_file_is_gone_from_everywhere_until_it_is_restored(client, resources):
    file = await upload(client)
    await read(resources)
    url = f"/api/files/{file['id']}"
    assert (await client.delete(url)).status_code == 204
    assert [
        (await client.get(f"{url}{part}")).status_code
        for part in ("", "/content", "/text", "/passages")
    ] == [404] * 4
    assert await found(client) == []
    assert [item["id"] for item in (await client.get("/api/files/deleted")).json()["items"]] == [
        file["id"]
    ]
    assert (await client.delete(url)).status_code == 404
    assert (await client.post(f"{url}/restore")).json()["state"] == "ready"
    assert await found(client) == [file["id"]]
    assert (await client.post(f"{url}/restore")).status_code == 404


async def test_a_file_deleted_before_it_was_read_is_read_once_it_is_back(client, resources):
    file = await upload(client)
    await client.delete(f"/api/files/{file['id']}")
    assert (await client.post(f"/api/files/{file['id']}/restore")).json()["state"] == "queued"
    await read(resources)
    assert await found(client) == [file["id"]]


async def test_a_hard_deletion_leaves_no_row_of_the_file(client, resources, owner_connection):
    kept, file = (
        await upload(client, b"Another text about something else.", "kept.txt"),
        await upload(client),
    )
    for _ in range(2):
        await read(resources)
    assert (await client.delete(f"/api/files/{file['id']}?hard=true")).status_code == 204
    for table in ("item", "file", "file_version", "build", "text_segment", "passage", "embedding"):
        left = await owner_connection.fetchval(f"SELECT count(*) FROM {table}")
        assert left == 1, table
    counted = await owner_connection.fetchval("SELECT passage_count FROM corpus_stat")
    assert counted in {None, 1}
    assert (await client.get(f"/api/files/{kept['id']}")).json()["state"] == "ready"
    assert (await client.delete(f"/api/files/{file['id']}?hard=true")).status_code == 404


async def test_a_file_in_the_bin_can_be_deleted_for_good(client, owner_connection):
    file = await upload(client)
    await client.delete(f"/api/files/{file['id']}")
    assert (await client.delete(f"/api/files/{file['id']}?hard=true")).status_code == 204
    assert await owner_connection.fetchval("SELECT count(*) FROM item") == 0


async def test_a_file_is_private_until_it_is_shared_and_again_after(
    client, scope, signed_in, owner_connection
):
    file = await upload(client)
    url = f"/api/files/{file['id']}"
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await bob.get(url)).status_code == 404
    assert (await client.put(f"{url}/access", json={"principal": "workspace"})).status_code == 200
    assert (await bob.get(url)).json()["can_write"] is False
    assert [item["id"] for item in (await bob.get("/api/files")).json()["items"]] == [file["id"]]
    refused = [
        await bob.post(f"{url}/cancel"), await bob.put(f"{url}/content", content=b"x"), await bob.delete(url),
        await bob.delete(f"{url}?hard=true"), await bob.put(f"{url}/access", json={"principal": "workspace"}),
    ]  # fmt: skip
    assert [response.status_code for response in refused] == [403] * 5
    assert (await bob.post(f"{url}/restore")).status_code == 404
    assert [grant["role"] for grant in (await bob.get(f"{url}/access")).json()["items"]] == [
        "owner",
        "reader",
    ]
    assert (await client.delete(f"{url}/access/workspace")).status_code == 204
    assert (await bob.get(url)).status_code == 404


async def test_equal_bytes_of_somebody_else_are_not_given_away(
    client, scope, signed_in, owner_connection
):
    await upload(client)
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await upload(bob))["duplicate_of"] is None


@pytest.mark.parametrize(
    ("method", "part"),
    [("GET", ""), ("GET", "/versions"), ("GET", "/events"), ("POST", "/retry"), ("POST", "/cancel"), ("POST", "/reprocess"),
     ("GET", "/access"), ("DELETE", "/access/workspace"), ("DELETE", ""), ("POST", "/restore"), ("PUT", "/content")],
)  # fmt: skip
async def test_what_is_not_there_or_somebody_elses_is_not_found(
    client, signed_in, owner_connection, method, part
):
    stranger = await signed_in(await make_scope(owner_connection, "eve"))
    file = await upload(client)
    for asker, file_id in [(client, new_id()), (client, "no-id"), (stranger, file["id"])]:
        response = await asker.request(method, f"/api/files/{file_id}{part}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_files_that_share_most_of_their_passages_name_each_other(
    client, signed_in, owner_connection, resources, scope
):
    parts = [f"# Part {n}\n\n" + f"The harbour of part {n} opens. " * 30 for n in range(10)]
    changed = [*parts[:9], "# Part 9\n\n" + "All else is new here. " * 30]
    texts = {"a.md": parts, "b.md": changed, "same.md": parts, "long.md": parts * 2, "new.md": ["Nothing alike."]}  # fmt: skip
    ids = {}
    for name, text in texts.items():
        ids[name] = (await upload(client, "\n\n".join(text).encode(), name))["id"]
        await read(resources)
    first = (await client.get(f"/api/files/{ids['a.md']}")).json()
    (near,) = first["near_duplicates"]
    assert (near["id"], near["name"], round(near["share"], 2)) == (ids["b.md"], "b.md", 0.9)
    second = (await client.get(f"/api/files/{ids['b.md']}")).json()
    assert [each["name"] for each in second["near_duplicates"]] == ["a.md", "same.md"]
    assert (await client.get(f"/api/files/{ids['new.md']}")).json()["near_duplicates"] == []
    await client.put(f"/api/files/{ids['b.md']}/access", json={"principal": "workspace"})
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await bob.get(f"/api/files/{ids['b.md']}")).json()["near_duplicates"] == []
