from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.types import Message

from api.main import WEB, api_state, create_app


async def test_the_application_opens_what_it_needs_and_closes_it(resources):
    steps = []

    @asynccontextmanager
    async def opened():
        steps.append("open")
        yield resources
        steps.append("closed")

    app = create_app(opened())
    async with app.router.lifespan_context(app):
        assert app.state.api.resources is resources
        steps.append("serving")
    assert steps == ["open", "serving", "closed"]


async def test_two_processes_sign_cursors_with_the_same_key(resources):
    first, second = await api_state(resources), await api_state(resources)
    assert first.cursors == second.cursors
    assert len(first.cursors.key) == 32


async def test_a_search_knows_the_real_words_of_the_resources(resources):
    knowing = replace(resources, real_words=frozenset({"later"}))
    assert (await api_state(knowing)).searcher.real_words == {"later"}


async def test_every_route_answers_under_both_prefixes(client):
    for prefix in ("/api", "/api/v1"):
        assert (await client.get(f"{prefix}/auth/me")).status_code == 401
        assert (await client.get(f"{prefix}/auth/me/")).status_code == 404


async def test_the_console_is_served_where_no_route_matches(client):
    if not (WEB / "index.html").exists():
        assert (await client.get("/")).status_code == 404
        return
    page = await client.get("/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


async def test_what_is_not_http_is_not_served(app):
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket",
        "path": "/api/telephone",
        "extensions": {"websocket.http.response": {}},
        "headers": [],
        "query_string": b"",
        "scheme": "ws",
        "root_path": "",
    }
    await app(scope, receive, send)
    assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 404)
