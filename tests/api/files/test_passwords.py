from pathlib import Path

import pytest

from tests.api.files.test_from_url import fetching  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixture)
from tests.api.files.test_tus import begin, metadata, part
from tests.api.uploading import read, upload
from tests.core.test_fetching import site
from tests.make import make_scope

LOCKED = (Path(__file__).parents[2] / "data" / "files" / "password.pdf").read_bytes()
RIGHT = "password"
NEEDED = {
    "code": "password_needed",
    "message": "The PDF is protected by a password.",
    "remedy": "Retry it with its password.",
}
WRONG = {
    "code": "password_wrong",
    "message": "The password does not open the PDF.",
    "remedy": "Retry it with the right password.",
}


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


async def told(client, file_id):
    file = (await client.get(f"/api/files/{file_id}")).json()
    return file["state"], file["reason"]


async def test_a_file_without_its_password_says_what_to_do_and_is_retried_with_it(
    client, resources
):
    file_id = (await upload(client, LOCKED, "locked.pdf"))["id"]
    await read(resources)
    assert await told(client, file_id) == ("failed", NEEDED)
    url = f"/api/files/{file_id}/retry"
    assert (await client.post(url, json={"password": "sesame"})).status_code == 202
    await read(resources)
    assert await told(client, file_id) == ("failed", WRONG)
    assert (await client.post(url, json={"password": RIGHT})).json()["state"] == "queued"
    await read(resources)
    assert await told(client, file_id) == ("ready", None)
    text = (await client.get(f"/api/files/{file_id}/text")).text
    assert "File with password" in text


@pytest.mark.parametrize("password", [RIGHT, "", "sesame%20%C3%B6ffne"])
async def test_an_upload_brings_it_in_a_header_or_a_field(client, resources, password):
    named = {"X-Filename": "a.pdf", "X-File-Password": password}
    by_header = await client.post("/api/upload", content=LOCKED, headers=named)
    by_field = await client.post(
        "/api/upload", files={"file": ("b.pdf", LOCKED)}, data={"password": password}
    )
    ends = {RIGHT: ("ready", None), "": ("failed", NEEDED)}
    for answer in (by_header, by_field):
        assert answer.status_code == 202, answer.text
        await read(resources)
        file_id = answer.json()["file"]["id"]
        assert await told(client, file_id) == ends.get(password, ("failed", WRONG))


async def test_an_upload_in_parts_brings_it_with_the_last(client, resources, owner_connection):
    address, half = await begin(client, len(LOCKED), filename="a.pdf"), len(LOCKED) // 2
    for offset, data in ((0, LOCKED[:half]), (half, LOCKED[half:])):
        assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 0
        headers = part(offset, X_File_Password=RIGHT)
        sent = await client.patch(address, headers=headers, content=data)
        assert sent.status_code == 204
    await read(resources)
    assert await told(client, sent.headers["x-file-id"]) == ("ready", None)


async def test_or_with_the_request_that_begins_it_where_that_holds_all(client, resources):
    headers = {
        **part(0, X_File_Password=RIGHT),
        **metadata(filename="a.pdf"),
        "Upload-Length": str(len(LOCKED)),
    }
    sent = await client.post("/api/uploads", headers=headers, content=LOCKED)
    assert sent.status_code == 201
    await read(resources)
    assert await told(client, sent.headers["x-file-id"]) == ("ready", None)


async def test_what_an_upload_tells_of_itself_is_kept_and_so_takes_none(client, owner_connection):
    headers = {**part(0), "Upload-Length": "1", **metadata(filename="a.pdf", password="sesame")}
    refused = await client.post("/api/uploads", headers=headers, content=b"x")
    assert (refused.status_code, "X-File-Password" in refused.text) == (400, True)
    assert await owner_connection.fetchval("SELECT count(*) FROM upload") == 0


async def test_so_does_what_the_server_fetches(client, resources, fetching):  # noqa: F811
    async with site({"/a.pdf": (200, {"Content-Type": "application/pdf"}, LOCKED)}) as host:
        with fetching(host, max_upload_bytes=1_000_000):
            url, named = {"url": f"http://{host}/a.pdf"}, {"X-File-Password": RIGHT}
            made = await client.post("/api/files/from-url", json=url, headers=named)
    assert made.status_code == 202, made.text
    await read(resources)
    assert await told(client, made.json()["file"]["id"]) == ("ready", None)


async def test_so_does_a_new_version(client, resources):
    file_id = (await upload(client, b"Open.", "a.pdf"))["id"]
    await read(resources)
    url, named = f"/api/files/{file_id}/content", {"X-File-Password": RIGHT}
    assert (await client.put(url, content=LOCKED, headers=named)).status_code == 202
    await read(resources)
    assert await told(client, file_id) == ("ready", None)


async def test_a_file_is_read_again_with_it(client, resources):
    file_id = (await upload(client, LOCKED, "locked.pdf"))["id"]
    await read(resources)
    answer = await client.post(f"/api/files/{file_id}/reprocess", json={"password": RIGHT})
    assert answer.status_code == 202
    await read(resources)
    assert await told(client, file_id) == ("ready", None)


async def test_nothing_that_is_stored_or_answered_holds_it(client, resources, owner_connection):
    secret = "sesame-öffne-dich"
    named = {
        "X-Filename": "a.pdf",
        "X-File-Password": "sesame-%C3%B6ffne-dich",
        "Idempotency-Key": "once",
    }
    answers = [await client.post("/api/upload", content=LOCKED, headers=named)]
    file_id = answers[0].json()["file"]["id"]
    await _assert_nowhere(owner_connection, secret)
    await read(resources)
    answers += [
        await client.post(f"/api/files/{file_id}/retry", json={"password": secret}),
        await client.get(f"/api/files/{file_id}"),
        await client.get("/api/jobs"),
        await client.get("/api/admin/jobs"),
    ]
    await read(resources)
    answers.append(await client.get(f"/api/files/{file_id}"))
    assert [answer.text for answer in answers if secret in answer.text] == []
    await _assert_nowhere(owner_connection, secret)


async def _assert_nowhere(owner, secret):
    tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 20
    for (table,) in tables:
        rows = await owner.fetch(f'SELECT t::text AS whole FROM public."{table}" t')
        text = "\n".join(row["whole"] for row in rows)
        assert secret not in text, table
        assert secret.encode().hex() not in text, table


@pytest.mark.parametrize(
    "body",
    [
        {"password": ""},
        {"password": "open sesame" * 100},
        {"password": "open sesame\0"},
        {"password": 4711471147114711},
        {"word": "open sesame"},
    ],
)
async def test_what_is_no_password_is_refused_and_not_repeated(client, body):
    file_id = (await upload(client, LOCKED, "locked.pdf"))["id"]
    refused = await client.post(f"/api/files/{file_id}/retry", json=body)
    assert refused.status_code == 400
    assert "open sesame" not in refused.text
    assert "47114711" not in refused.text


@pytest.mark.parametrize("header", ["%00", "%ff", "x" * 1001, "%0A"])
async def test_nor_is_such_a_header_taken(client, resources, header):
    named = {"X-Filename": "a.pdf", "X-File-Password": header}
    refused = await client.post("/api/upload", content=LOCKED, headers=named)
    assert refused.status_code == 400
    assert header not in refused.text


async def test_a_part_of_an_archive_that_is_encrypted_comes_out_with_it(client, resources):
    data = (Path(__file__).parents[2] / "data" / "files" / "encrypt-1234.zip").read_bytes()
    file_id = (await upload(client, data, "locked.zip"))["id"]
    await read(resources)
    assert (await told(client, file_id))[0] == "partial"
    url = f"/api/files/{file_id}/retry"
    assert (await client.post(url)).status_code == 409
    assert (await client.post(url, json={"password": "1234"})).status_code == 202
    await read(resources)
    detail = (await client.get(f"/api/files/{file_id}")).json()
    assert (detail["state"], detail["children"]["count"]) == ("ready", 1)
