import asyncio
import hashlib
from dataclasses import replace

import pytest

from tests.api.serving import served
from tests.make import make_colleague, make_scope

TEXT = "Grüße aus der Küche.\n".encode()


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
def small_limit(app, resources):
    """A server that takes 1,000 bytes."""
    api = app.state.api
    settings = resources.settings.model_copy(update={"max_upload_bytes": 1000})
    app.state.api = replace(api, resources=replace(resources, settings=settings))
    yield
    app.state.api = api


def raw(name="notes.txt", **headers):
    return {"X-Filename": name, **{key.replace("_", "-"): value for key, value in headers.items()}}


async def stored(resources):
    files = [path for path in (resources.settings.blob_dir).rglob("*") if path.is_file()]
    return len(files)


async def until(asked, *, is_):
    """Wait until what is asked is so; the suite's time-out ends a wait in vain."""
    while not is_(await asked()):  # noqa: ASYNC110  (nothing tells it)
        await asyncio.sleep(0.01)


async def rows(owner):
    return await owner.fetchrow(
        "SELECT (SELECT count(*) FROM file), (SELECT count(*) FROM blob), (SELECT count(*) FROM job)"
    )


async def test_a_multipart_upload_is_accepted_with_its_job(client, owner_connection):
    response = await client.post(
        "/api/upload", files={"file": ("Küche.TXT", TEXT)}, data={"folder": "a/b"}
    )
    assert response.status_code == 202
    file, job = response.json()["file"], response.json()["job"]
    told = {
        key: file[key]
        for key in (
            "name",
            "folder",
            "size_bytes",
            "sha256",
            "state",
            "version",
            "duplicate_of",
            "reason",
        )
    }
    assert told == {
        "name": "Küche.TXT", "folder": "a/b", "size_bytes": len(TEXT), "sha256": hashlib.sha256(TEXT).hexdigest(),
        "state": "queued", "version": 1, "duplicate_of": None, "reason": None,
    }  # fmt: skip
    assert (await client.get(f"/api/jobs/{job['id']}")).json()["item_id"] == file["id"]
    row = await owner_connection.fetchrow(
        "SELECT i.extension, a.action FROM item i JOIN audit a ON a.object_id = i.id"
    )
    assert tuple(row.values()) == ("txt", "file.upload")


async def test_a_raw_upload_takes_its_name_from_the_header(client):
    headers = raw("K%C3%BCche%2Fa.txt", X_Folder="%C3%A4")
    file = (await client.post("/api/upload", content=TEXT, headers=headers)).json()["file"]
    assert (file["name"], file["folder"]) == ("a.txt", "ä/Küche")


async def test_equal_bytes_are_stored_once_and_the_older_file_is_named(
    client, resources, owner_connection
):
    before = await stored(resources)
    first = (await client.post("/api/upload", content=TEXT, headers=raw())).json()["file"]
    second = (await client.post("/api/upload", content=TEXT, headers=raw("copy.txt"))).json()[
        "file"
    ]
    assert second["duplicate_of"] == first["id"]
    assert tuple(await rows(owner_connection)) == (2, 1, 2)
    assert await stored(resources) == before + 1


async def test_the_same_file_sent_again_to_its_place_is_there_already(
    client, resources, owner_connection
):
    first = (await client.post("/api/upload", content=TEXT, headers=raw(X_Folder="a"))).json()
    before = await stored(resources)
    again = await client.post("/api/upload", content=TEXT, headers=raw(X_Folder="a"))
    assert (again.status_code, again.json()) == (202, {**first, "unchanged": True})
    assert (tuple(await rows(owner_connection)), await stored(resources)) == ((1, 1, 1), before)
    other_place = await client.post("/api/upload", content=TEXT, headers=raw(X_Folder="b"))
    other_bytes = await client.post("/api/upload", content=b"else", headers=raw(X_Folder="a"))
    assert (other_place.status_code, other_bytes.status_code) == (202, 202)


async def test_one_file_sent_many_times_at_once_is_one(client, owner_connection):
    answers = await asyncio.gather(
        *(client.post("/api/upload", content=TEXT, headers=raw()) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [202] * 5
    assert sorted(answer.json()["unchanged"] for answer in answers) == [False, *[True] * 4]
    assert len({answer.json()["job"]["id"] for answer in answers}) == 1
    assert tuple(await rows(owner_connection)) == (1, 1, 1)


@pytest.mark.parametrize(
    "change",
    ["UPDATE item SET deleted_at = now()", "UPDATE file SET parent_id = id"],
    ids=["in the bin", "found in another file"],
)
async def test_a_file_that_is_gone_or_was_found_in_another_can_be_sent_again(
    client, owner_connection, change
):
    await client.post("/api/upload", content=TEXT, headers=raw())
    await owner_connection.execute(change)
    again = await client.post("/api/upload", content=TEXT, headers=raw())
    assert (again.status_code, again.json()["unchanged"]) == (202, False)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_what_was_given_up_is_read_again_when_it_is_sent_again(
    client, owner_connection, state
):
    first = (await client.post("/api/upload", content=TEXT, headers=raw())).json()
    await owner_connection.execute("UPDATE file SET state = $1", state)
    await owner_connection.execute("UPDATE job SET state = $1", state)
    again = (await client.post("/api/upload", content=TEXT, headers=raw())).json()
    assert (again["unchanged"], again["file"]["id"]) == (False, first["file"]["id"])
    assert (again["file"]["state"], again["job"]["id"]) == ("queued", first["job"]["id"])
    assert await owner_connection.fetchval("SELECT state FROM job") == "queued"


async def test_what_another_member_uploaded_is_not_ones_own_file(
    client, signed_in, scope, owner_connection
):
    first = (await client.post("/api/upload", content=TEXT, headers=raw())).json()
    bob = await signed_in(await make_colleague(owner_connection, of=scope))
    again = await bob.post("/api/upload", content=TEXT, headers=raw())
    assert again.status_code == 202
    assert again.json()["file"]["id"] != first["file"]["id"]


async def test_the_same_key_gives_the_first_answer_and_no_second_file(
    client, resources, owner_connection
):
    before = await stored(resources)
    headers = raw(Idempotency_Key="k1")
    first = await client.post("/api/upload", content=TEXT, headers=headers)
    assert (await client.post("/api/upload", content=TEXT, headers=headers)).json() == first.json()
    assert (await client.post("/api/upload", content=b"other", headers=headers)).status_code == 409
    assert tuple(await rows(owner_connection)) == (1, 1, 1)
    assert await stored(resources) == before + 1


@pytest.mark.parametrize("name", ["", "..", "%00", "x" * 300, "%ff"])
async def test_a_name_that_is_none_is_refused(client, resources, owner_connection, name):
    before = await stored(resources)
    for response in (
        await client.post("/api/upload", content=TEXT, headers=raw(name)),
        await client.post(
            "/api/upload", files={"file": (name.replace("%00", "\u202e").replace("%ff", "/"), TEXT)}
        ),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert tuple(await rows(owner_connection)) == (0, 0, 0)
    assert await stored(resources) == before


async def test_a_body_without_a_name_or_a_file_is_refused(client):
    assert (await client.post("/api/upload", content=TEXT)).status_code == 400
    assert (
        await client.post("/api/upload", data={"folder": "a"}, files={"x": (None, b"")})
    ).status_code == 400
    assert (
        await client.post(
            "/api/upload", content=b"x", headers={"Content-Type": "multipart/form-data"}
        )
    ).status_code == 400


@pytest.mark.usefixtures("small_limit")
async def test_a_file_over_the_limit_is_refused_and_not_kept(client, resources, owner_connection):
    async def unannounced():
        for _ in range(5):
            yield b"x" * 300

    before = await stored(resources)
    bodies = [b"x" * 100_000, unannounced(), b"x" * 1001]
    statuses = [
        (await client.post("/api/upload", content=body, headers=raw())).status_code
        for body in bodies
    ]
    assert statuses == [413, 413, 413]
    assert (await client.post("/api/upload", content=b"x" * 1000, headers=raw())).status_code == 202
    assert await stored(resources) == before + 1


@pytest.mark.parametrize("kind", ["raw", "multipart"])
async def test_a_body_that_is_cut_leaves_nothing(app, client, resources, owner_connection, kind):
    before = await stored(resources)
    content_type = "multipart/form-data; boundary=X" if kind == "multipart" else "text/plain"
    async with served(app) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = (
            f"POST /api/upload HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['authorization']}\r\n"
            f"X-Filename: a.txt\r\nContent-Type: {content_type}\r\nContent-Length: 5000000\r\n\r\n"
        )
        part = (
            b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            if kind == "multipart"
            else b""
        )
        writer.write(head.encode() + part + b"x" * 2_000_000)
        await writer.drain()
        await until(lambda: stored(resources), is_=lambda files: files > before)
        writer.transport.abort()
        await until(lambda: stored(resources), is_=lambda files: files == before)
    assert tuple(await rows(owner_connection)) == (0, 0, 0)


async def test_a_new_version_takes_the_place_of_the_old_one(client, owner_connection):
    file = (await client.post("/api/upload", content=TEXT, headers=raw(X_Folder="a"))).json()[
        "file"
    ]
    url = f"/api/files/{file['id']}"
    stale = await client.put(f"{url}/content", content=b"two", headers={"If-Match": '"other"'})
    assert stale.status_code == 412
    answer = await client.put(
        f"{url}/content", content=b"two", headers={"If-Match": f'"{file["sha256"]}"'}
    )
    assert answer.status_code == 202
    told = answer.json()["file"]
    assert (told["version"], told["name"], told["folder"], told["size_bytes"]) == (
        2,
        "notes.txt",
        "a",
        3,
    )
    versions = (await client.get(f"{url}/versions")).json()["items"]
    assert [(v["version"], v["size_bytes"]) for v in versions] == [(2, 3), (1, len(TEXT))]
    assert (await client.get(f"{url}/content")).content == b"two"
    assert (await client.get(f"{url}/content?version=1")).content == TEXT
    jobs = await owner_connection.fetch(
        "SELECT v.version, j.state FROM job j JOIN file_version v ON v.id = j.subject_id ORDER BY 1"
    )
    assert [tuple(job) for job in jobs] == [(1, "cancelled"), (2, "queued")]
    assert (await client.get(url)).json()["state"] == "queued"
