import base64
import hashlib
import random
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from core.staging import Staged
from tests.make import make_colleague, make_scope

DATA = random.Random(3).randbytes(50_000)
VERSION = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def ada(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
def small_quota(app, resources):
    """A server whose workspaces hold 60,000 bytes."""
    api = app.state.api
    settings = resources.settings.model_copy(update={"workspace_quota_bytes": 60_000})
    app.state.api = replace(api, resources=replace(resources, settings=settings))
    yield
    app.state.api = api


def metadata(**pairs: str) -> dict[str, str]:
    coded = [f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in pairs.items()]
    return {"Upload-Metadata": ",".join(coded)}


def part(offset: int, **headers: str) -> dict[str, str]:
    return {
        **VERSION,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(offset),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


async def begin(client: httpx.AsyncClient, size: int = len(DATA), **pairs: str) -> str:
    headers = {**VERSION, "Upload-Length": str(size), **metadata(**{"filename": "a.bin", **pairs})}
    answer = await client.post("/api/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_options_tells_what_is_spoken(client):
    answer = await client.options("/api/uploads")
    assert answer.status_code == 204
    tus = {name: value for name, value in answer.headers.items() if name.startswith("tus")}
    assert tus == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,checksum,termination,expiration",
        "tus-max-size": "200000000",
        "tus-checksum-algorithm": "sha1,sha256",
    }


async def test_parts_become_a_file_as_an_upload_at_once_does(ada, owner_connection):
    url = await begin(ada, filename="Küche.PDF", folder="a/b")
    first = await ada.patch(url, headers=part(0), content=DATA[:20_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "20000")
    assert "x-file-id" not in first.headers
    head = await ada.head(url, headers=VERSION)
    assert (head.status_code, head.headers["upload-offset"], head.headers["upload-length"]) == (
        200, "20000", "50000",
    )  # fmt: skip
    assert (
        head.headers["upload-metadata"]
        == metadata(filename="Küche.PDF", folder="a/b")["Upload-Metadata"]
    )
    assert head.headers["cache-control"] == "no-store"
    last = await ada.patch(url, headers=part(20_000), content=DATA[20_000:])
    assert last.headers["upload-expires"].endswith(" GMT")
    file = (await ada.get(f"/api/files/{last.headers['x-file-id']}")).json()
    assert (file["name"], file["folder"], file["state"], file["size_bytes"], file["sha256"]) == (
        "Küche.PDF", "a/b", "queued", 50_000, hashlib.sha256(DATA).hexdigest(),
    )  # fmt: skip
    assert (await ada.get(f"/api/files/{file['id']}/content")).content == DATA
    assert await owner_connection.fetchval("SELECT count(*) FROM job") == 1


async def test_what_is_complete_says_so_however_often_it_is_asked(ada, owner_connection):
    url = await begin(ada)
    done = await ada.patch(url, headers=part(0), content=DATA)
    again = await ada.patch(url, headers=part(len(DATA)), content=b"")
    head = await ada.head(url, headers=VERSION)
    answers = [(a.status_code, a.headers["x-file-id"]) for a in (done, again, head)]
    file_id = done.headers["x-file-id"]
    assert answers == [(204, file_id), (204, file_id), (200, file_id)]
    assert told(await ada.patch(url, headers=part(0), content=DATA)) == (409, "CONFLICT")
    assert told(await ada.patch(url, headers=part(len(DATA)), content=b"x")) == (413, "TOO_LARGE")
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_the_first_part_may_come_with_the_creation(ada):
    headers = {**part(0), "Upload-Length": "50000", **metadata(filename="a.bin")}
    some = await ada.post("/api/uploads", headers=headers, content=DATA[:5])
    assert (some.status_code, some.headers["upload-offset"]) == (201, "5")
    whole = await ada.post("/api/uploads", headers=headers, content=DATA)
    assert (await ada.get(f"/api/files/{whole.headers['x-file-id']}")).status_code == 200
    assert told(await ada.post("/api/uploads", headers=headers, content=DATA + b"x")) == (
        413, "TOO_LARGE",
    )  # fmt: skip


async def test_an_empty_file_is_whole_at_once(ada):
    headers = {**VERSION, "Upload-Length": "0", **metadata(filename="empty.txt")}
    answer = await ada.post("/api/uploads", headers=headers)
    file = (await ada.get(f"/api/files/{answer.headers['x-file-id']}")).json()
    assert (answer.status_code, file["size_bytes"]) == (201, 0)


async def test_equal_bytes_are_stored_once(ada, scope, owner_connection, resources):
    uploaded = await ada.post("/api/upload", content=DATA, headers={"X-Filename": "first.bin"})
    url = await begin(ada)
    done = await ada.patch(url, headers=part(0), content=DATA)
    file = (await ada.get(f"/api/files/{done.headers['x-file-id']}")).json()
    assert file["duplicate_of"] == uploaded.json()["file"]["id"]
    assert await owner_connection.fetchval("SELECT count(*) FROM blob") == 1
    second = Staged(scope.workspace_id, UUID(url.rpartition("/")[2]), len(DATA))
    assert await resources.blobs.stat(second.key) is None


async def test_a_file_that_lies_there_already_is_named(ada, owner_connection):
    urls = [await begin(ada) for _ in range(2)]
    done = [await ada.patch(url, headers=part(0), content=DATA) for url in urls]
    assert done[0].headers["x-file-id"] == done[1].headers["x-file-id"]
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_part_with_a_wrong_checksum_counts_for_nothing(ada, algorithm):
    url = await begin(ada)
    await ada.patch(url, headers=part(0), content=DATA[:10])
    wrong = part(10, Upload_Checksum=checksum(b"other", algorithm))
    refused = await ada.patch(url, headers=wrong, content=DATA[10:])
    assert told(refused) == (460, "CHECKSUM_MISMATCH")
    assert refused.headers["tus-resumable"] == "1.0.0"
    assert (await ada.head(url, headers=VERSION)).headers["upload-offset"] == "10"
    right = part(10, Upload_Checksum=checksum(DATA[10:], algorithm))
    done = await ada.patch(url, headers=right, content=DATA[10:])
    file = (await ada.get(f"/api/files/{done.headers['x-file-id']}")).json()
    assert file["sha256"] == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize(
    ("headers", "content", "wanted"),
    [
        (part(1), DATA, (409, "CONFLICT")),
        (part(0), DATA + b"x", (413, "TOO_LARGE")),
        (part(0) | {"Content-Type": "text/plain"}, DATA, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (part(0) | {"Upload-Offset": "-1"}, DATA, (400, "VALIDATION_ERROR")),
        (part(0) | {"Upload-Checksum": "md5 YQ=="}, DATA, (400, "VALIDATION_ERROR")),
        (part(0) | {"Tus-Resumable": "0.2.2"}, DATA, (412, "PRECONDITION_FAILED")),
    ],
    ids=["offset", "length", "type", "no-offset", "algorithm", "version"],
)
async def test_a_part_that_does_not_fit_changes_nothing(ada, headers, content, wanted):
    url = await begin(ada)
    answer = await ada.patch(url, headers=headers, content=content)
    assert (told(answer), answer.headers["tus-resumable"]) == (wanted, "1.0.0")
    assert wanted[0] != 412 or answer.headers["tus-version"] == "1.0.0"
    assert (await ada.head(url, headers=VERSION)).headers["upload-offset"] == "0"


async def test_a_part_that_lies_about_its_length_is_stopped_on_its_way(ada):
    async def endless():
        for _ in range(1000):
            yield b"x" * 1000

    url = await begin(ada)
    assert told(await ada.patch(url, headers=part(0), content=endless())) == (413, "TOO_LARGE")
    assert (await ada.head(url, headers=VERSION)).headers["upload-offset"] == "0"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Upload-Length": "1"}, (400, "VALIDATION_ERROR")),
        ({**metadata(filename="a")}, (400, "VALIDATION_ERROR")),
        ({**metadata(filename=".."), "Upload-Length": "1"}, (400, "VALIDATION_ERROR")),
        ({**metadata(filename="a"), "Upload-Length": "200000001"}, (413, "TOO_LARGE")),
        ({**metadata(filename="a"), "Upload-Length": "1", "Upload-Checksum": "x"}, (400, "VALIDATION_ERROR")),
    ],
    ids=["no-name", "no-length", "bad-name", "too-large", "bad-checksum"],
)  # fmt: skip
async def test_what_cannot_be_begun_leaves_no_row(ada, owner_connection, headers, wanted):
    assert told(await ada.post("/api/uploads", headers={**VERSION, **headers})) == wanted
    assert await owner_connection.fetchval("SELECT count(*) FROM upload") == 0


async def test_who_ends_an_upload_leaves_nothing_of_it(ada, resources):
    url = await begin(ada)
    await ada.patch(url, headers=part(0), content=DATA[:10])
    assert (await ada.delete(url, headers=VERSION)).status_code == 204
    assert (await ada.head(url, headers=VERSION)).status_code == 404
    waiting = resources.settings.blob_dir / "0" / f"{url.rpartition('/')[2]}.part"
    assert not waiting.exists()


async def test_ending_a_complete_upload_leaves_its_file_alone(ada):
    url = await begin(ada)
    done = await ada.patch(url, headers=part(0), content=DATA)
    assert (await ada.delete(url, headers=VERSION)).status_code == 204
    content = await ada.get(f"/api/files/{done.headers['x-file-id']}/content")
    assert content.content == DATA


async def test_a_line_that_lets_only_posts_through_can_say_what_it_means(ada):
    url = await begin(ada)
    meaning = {"X-HTTP-Method-Override": "PATCH", **part(0)}
    done = await ada.post(url, headers=meaning, content=DATA)
    assert (done.status_code, "x-file-id" in done.headers) == (204, True)
    other = {"X-HTTP-Method-Override": "PUT", **VERSION}
    assert (await ada.post(url, headers=other)).status_code == 405


async def test_an_upload_is_its_own_accounts_alone(ada, scope, signed_in, owner_connection):
    url = await begin(ada)
    bob = await signed_in(await make_colleague(owner_connection, scope))
    answers = [
        await bob.head(url, headers=VERSION),
        await bob.patch(url, headers=part(0), content=DATA),
        await bob.delete(url, headers=VERSION),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await ada.head(url, headers=VERSION)).status_code == 200


@pytest.mark.usefixtures("small_quota")
async def test_room_is_reserved_when_an_upload_begins_and_given_back_when_it_ends(ada):
    url = await begin(ada)
    headers = {**VERSION, "Upload-Length": "10001", **metadata(filename="b.bin")}
    assert told(await ada.post("/api/uploads", headers=headers)) == (413, "TOO_LARGE")
    at_once = await ada.post("/api/upload", content=b"x" * 10_001, headers={"X-Filename": "c"})
    assert told(at_once) == (413, "TOO_LARGE")
    await ada.delete(url, headers=VERSION)
    assert (await ada.post("/api/uploads", headers=headers)).status_code == 201


@pytest.mark.usefixtures("small_quota")
async def test_equal_bytes_take_room_once(ada):
    for name in ("a.bin", "b.bin"):
        answer = await ada.post("/api/upload", content=DATA, headers={"X-Filename": name})
        assert answer.status_code == 202, answer.text
