import asyncio

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from api import errors
from api.edge import MAX_JSON_BYTES, Edge, canonical
from tests.search.make import make_file


@pytest.fixture
async def small():
    """An application of three routes behind the edge."""
    app = FastAPI()
    app.add_middleware(Edge)
    errors.install(app)

    @app.get("/api/v1/bug")
    async def bug() -> None:
        raise RuntimeError("a secret of ours")

    @app.post("/api/v1/length")
    async def length(body: list[str]) -> int:
        return len(body)

    @app.post("/api/v1/upload")
    async def upload(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/api/search", "/api/v1/search"),
        ("/api/v1/search", "/api/v1/search"),
        ("/api/v1", "/api/v1/v1"),
        ("/api", "/api"),
        ("/healthz", "/healthz"),
        ("/apix", "/apix"),
    ],
)
def test_the_alias_leads_to_the_current_version(path, wanted):
    assert canonical(path) == wanted


async def test_a_request_id_is_kept_when_harmless_and_replaced_when_not(small):
    kept = await small.get("/x", headers={"X-Request-ID": "req_from.proxy-1"})
    replaced = await small.get("/x", headers={"X-Request-ID": "a b\x1b[31m"})
    assert kept.headers["X-Request-ID"] == "req_from.proxy-1"
    assert replaced.headers["X-Request-ID"].startswith("req_")
    assert len(replaced.headers["X-Request-ID"]) == 36


def told(logs, path):
    """Return what was logged of a path; streams of earlier tests may just be ending."""
    return [line for line in logs if line.get("path") == path]


async def test_a_bug_is_logged_once_and_told_without_its_text(small):
    with capture_logs() as logs:
        answer = await small.get("/api/bug")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert [(line["event"], line["log_level"]) for line in told(logs, "/api/v1/bug")] == [
        ("failed to serve a request", "error"),
        ("served", "info"),
    ]


async def test_one_line_tells_a_request(small):
    with capture_logs() as logs:
        await small.post("/api/length", json=["a"])
    (line,) = told(logs, "/api/v1/length")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "served",
        "log_level": "info",
        "method": "POST",
        "path": "/api/v1/length",
        "status": 200,
    }


async def chunks(count: int):
    for _ in range(count):
        yield b" " * 100_000


@pytest.mark.parametrize("declared", [True, False])
async def test_json_over_the_limit_is_refused_whether_declared_or_not(small, declared):
    content = b" " * (MAX_JSON_BYTES + 1) if declared else chunks(11)
    answer = await small.post(
        "/api/length", content=content, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "TOO_LARGE")


async def test_an_upload_bounds_itself(small):
    assert (await small.post("/api/upload", content=chunks(11))).json() == 1_100_000


async def test_a_body_cut_in_the_middle_is_no_bug(small):
    async def receive():
        return next(messages)

    messages = iter(
        [
            {"type": "http.request", "body": b'["a', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/api/length", "query_string": b"", "scheme": "http",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"9")],
        "root_path": "", "http_version": "1.1", "server": ("test", 80), "client": ("test", 1),
    }  # fmt: skip
    with capture_logs() as logs:
        await asyncio.wait_for(small._transport.app(scope, receive, send), 60)
    assert sent[0]["status"] == 400
    assert [line["log_level"] for line in told(logs, "/api/v1/length")] == ["info"]


async def test_answers_of_the_api_are_no_page_and_are_not_kept(small):
    headers = (await small.post("/api/length", json=[])).headers
    assert (
        headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


async def test_the_console_may_load_only_itself(small):
    policy = (await small.get("/")).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


async def test_an_upgrade_leaves_no_old_console_in_browsers(small):
    assert (await small.get("/")).headers["Cache-Control"] == "no-cache"


async def test_over_tls_browsers_are_told_to_stay_there(small):
    headers = (await small.get("https://test/")).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


FILE_WRITES = [
    ("PUT", "{file}/access", {"principal": "workspace", "role": "reader"}),
    ("DELETE", "{file}/access/workspace", None),
    ("PUT", "{file}/tags", {"tags": ["tax"]}),
    ("DELETE", "{file}", None),
    ("POST", "{file}/restore", None),
]
TALK_WRITES = [
    ("POST", "{talk}/messages", {"content": "The harbour opens."}),
    ("PATCH", "{message}", {"content": "The harbour is closed."}),
    ("PATCH", "{message}", {"content": "The harbour is open.", "branch": True}),
    ("PUT", "{message}/pin", None),
    ("DELETE", "{message}/pin", None),
    ("DELETE", "{message}", None),
    ("PUT", "{talk}/tags", {"tags": ["tax"]}),
    ("PATCH", "{talk}", {"title": "Harbours"}),
    ("POST", "{talk}/members", {"principal": "workspace", "role": "reader"}),
    ("DELETE", "{talk}/members/workspace", None),
    ("POST", "{talk}/fork", {}),
    ("DELETE", "{talk}", None),
    ("POST", "{talk}/restore", None),
]


async def test_each_write_that_search_notices_tells_the_index_seq_to_read_it_by(
    mine, ada, resources, owner_connection
):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    said = await mine.post(f"/api/conversations/{talk}/messages", json={"content": "Hello"})
    file_id = await make_file(resources, owner_connection, ada, name="a.txt", passages=["one"])
    named = {
        "talk": f"/api/conversations/{talk}",
        "message": f"/api/messages/{said.json()['id']}",
        "file": f"/api/files/{file_id}",
    }
    before = int(said.headers["x-index-seq"])
    assert said.json()["index_seq"] == before
    for method, path, body in [*FILE_WRITES, *TALK_WRITES]:
        written = await mine.request(method, path.format(**named), json=body)
        assert written.is_success, (method, path, written.text)
        told = written.headers.get("x-index-seq")
        kept = "SELECT index_seq FROM workspace WHERE id = $1"
        now = await owner_connection.fetchval(kept, ada.workspace_id)
        assert (told, now > before) == (str(now), True), (method, path)
        asked = {"q": "harbour", "mode": "lexical", "min_seq": told}
        found = (await mine.get("/api/search", params=asked)).json()
        assert (found["degraded"], found["index_seq"]) == ([], now)
        before = now


async def test_what_search_does_not_notice_tells_no_index_seq(mine):
    talk = (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    said = await mine.post(f"/api/conversations/{talk}/messages", json={"content": "Hello"})
    same = await mine.patch(f"/api/messages/{said.json()['id']}", json={"content": "Hello"})
    read = await mine.get(f"/api/conversations/{talk}")
    refused = await mine.post(f"/api/conversations/{talk}/messages", json={"content": ""})
    assert (same.is_success, read.is_success, refused.is_success) == (True, True, False)
    assert not [r for r in (same, read, refused) if "x-index-seq" in r.headers]


async def test_the_token_of_an_invite_is_not_logged():
    app = FastAPI()
    app.add_middleware(Edge)

    @app.post("/api/v1/invites/{token}/accept")
    async def accept(token: str) -> None:
        del token

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with capture_logs() as logs:
            await client.post("/api/invites/open-sesame-4711/accept")
    assert [line["path"] for line in logs] == ["/api/v1/invites/{token}/accept"]
