import hashlib
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.core.test_fetching import site
from tests.make import make_scope


@pytest.fixture
async def ada(signed_in, owner_connection):
    return await signed_in(await make_scope(owner_connection))


@pytest.fixture
def fetching(app, resources):
    """A server that fetches from these hosts."""
    api = app.state.api

    @contextmanager
    def fetching(hosts: str, max_upload_bytes: int = 1000):
        update = {
            "fetch_urls": True,
            "fetch_hosts": hosts,
            "max_upload_bytes": max_upload_bytes,
        }
        settings = resources.settings.model_copy(update=update)
        app.state.api = replace(api, resources=replace(resources, settings=settings))
        yield
        app.state.api = api

    return fetching


async def test_it_is_off_unless_the_operator_says_so(ada):
    answer = await ada.post("/api/files/from-url", json={"url": "https://example.org/"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


async def test_what_is_fetched_is_a_file_like_any_other(ada, fetching, owner_connection):
    async with site({"/a/notes.txt": (200, {"Content-Type": "text/plain"}, b"words")}) as host:
        with fetching(host):
            body = {"url": f"http://{host}/a/notes.txt", "folder": "web"}
            headers = {"Idempotency-Key": "once"}
            answers = [
                await ada.post("/api/files/from-url", json=body, headers=headers) for _ in range(2)
            ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    file = answers[0].json()["file"]
    assert (file["name"], file["folder"], file["state"], file["sha256"]) == (
        "notes.txt", "web", "queued", hashlib.sha256(b"words").hexdigest(),
    )  # fmt: skip
    assert await owner_connection.fetchval("SELECT count(*) FROM job") == 1


@pytest.mark.parametrize(
    ("path", "name", "wanted"),
    [
        ("/large", "", (413, "TOO_LARGE")),
        ("/video", "", (400, "VALIDATION_ERROR")),
        ("/good", "..", (400, "VALIDATION_ERROR")),
    ],
)
async def test_what_cannot_be_taken_leaves_nothing(
    ada, fetching, resources, owner_connection, path, name, wanted
):
    answers = {
        "/large": (200, {}, b"x" * 1001),
        "/video": (200, {"Content-Type": "video/mp4"}, b"x"),
        "/good": (200, {}, b"x"),
    }
    before = len([p for p in resources.settings.blob_dir.rglob("*") if p.is_file()])
    async with site(answers) as host:
        with fetching(host):
            body = {"url": f"http://{host}{path}", "name": name}
            answer = await ada.post("/api/files/from-url", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == wanted
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 0
    assert len([p for p in resources.settings.blob_dir.rglob("*") if p.is_file()]) == before


async def test_addresses_inside_are_never_called(ada, fetching):
    with fetching(""):
        for url in ("http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/"):
            answer = await ada.post("/api/files/from-url", json={"url": url})
            assert (answer.status_code, answer.json()["error"]["message"]) == (
                400, "url: must be a public address",
            )  # fmt: skip
