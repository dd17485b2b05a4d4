"""F6: Redis is away in both of its ways, refusing connections or taking them and saying nothing; who works with Recollect goes on."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import replace

import httpx
import pytest

from api.main import create_app
from app.resources import Resources
from core.events import open_feed
from core.redis_pool import open_redis
from llm.openai import OpenAIChat
from tests.api.conftest import BASE
from tests.faults.counts import times
from tests.faults.silence import silent_server
from tests.llm.replying import Fixed, answer_next, deps
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from tests.ports import own_port

WORDS = tuple(f" wörd{n}" for n in range(40))
AWAY_S = times(0, full=60)


@pytest.fixture(params=["refuses", "is silent"])
async def cut_off(request, resources) -> AsyncGenerator[Resources]:
    """What a process works with when it cannot reach Redis."""
    async with silent_server() as silence:
        silent = request.param == "is silent"
        url = silence.url if silent else f"redis://127.0.0.1:{own_port()}"
        redis = open_redis(url, timeout_s=0.2)
        async with open_feed(url) as feed:
            yield replace(resources, redis=redis, feed=feed)
        await redis.aclose()


@pytest.fixture
async def ada(cut_off, owner_connection) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody signed in at an API that cannot reach Redis."""
    app = create_app(nullcontext(cut_off))
    async with app.router.lifespan_context(app):
        scope = await make_scope(owner_connection)
        session = await app.state.api.sessions.start(scope.account_id, kind="bearer")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=f"{BASE}/api",
            headers={"Authorization": f"Bearer {session.token}"},
            timeout=60,
        ) as client:
            yield client


async def ok(client: httpx.AsyncClient, method: str, path: str, **request) -> httpx.Response:
    answer = await client.request(method, path, **request)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer


async def use(client: httpx.AsyncClient, colour: str) -> None:
    """Make, read, change, find and delete something of each kind."""
    talk = (await ok(client, "POST", "/conversations", json={"title": "Keys"})).json()["id"]
    said = {"content": "The spare key hangs behind the blue door."}
    message = (await ok(client, "POST", f"/conversations/{talk}/messages", json=said)).json()["id"]
    edited = {"content": f"The spare key hangs behind the {colour} door."}
    await ok(client, "PATCH", f"/messages/{message}", json=edited)
    name = {"X-Filename": "key.txt"}
    file = (
        await ok(client, "POST", "/upload", content=f"A {colour} key.".encode(), headers=name)
    ).json()
    found = (await ok(client, "GET", "/search", params={"q": f"{colour} door"})).json()
    assert message in [hit["message_id"] for hit in found["hits"]]
    listed = (await ok(client, "GET", f"/conversations/{talk}/messages")).json()["items"]
    assert [each["content"] for each in listed] == [edited["content"]]
    await ok(client, "GET", "/auth/me")
    await ok(client, "DELETE", f"/files/{file['file']['id']}")
    await ok(client, "DELETE", f"/conversations/{talk}")


async def watch_a_reply(client: httpx.AsyncClient, resources: Resources, base_url: str) -> None:
    """Ask, and read the answer as it is written: each event once, and as a second reading has it."""
    talk = (await ok(client, "POST", "/conversations", json={})).json()["id"]
    asked = {
        "content": "Where does the spare key hang?",
        "reply": {"retrieve": {"k": 1}, "abstain": False},
    }
    run = (await ok(client, "POST", f"/conversations/{talk}/messages", json=asked)).json()["run"]
    events = f"/runs/{run['id']}/events"
    reading = asyncio.create_task(ok(client, "GET", events))
    model = OpenAIChat("fake", api_key="none", base_url=f"{base_url}/v1")
    await answer_next(resources, replace(deps(resources), models=Fixed(model)))
    await model.aclose()
    live, again = told(await reading), told(await ok(client, "GET", events))
    assert live == again
    assert [event.split("\n")[0] for event in live] == [f"id: {n + 1}" for n in range(len(live))]
    ended = (await ok(client, "GET", f"/runs/{run['id']}")).json()
    assert (ended["state"], ended["content"]) == ("complete", "".join(WORDS))


def told(answer: httpx.Response) -> list[str]:
    return [part for part in answer.text.split("\n\n") if part.startswith("id: ")]


async def test_people_work_and_replies_are_read_while_redis_is_away(ada, cut_off):
    began = time.monotonic()
    async with vendor_server(Reply(words=WORDS, pause_s=0.01)) as vendor:
        while True:
            async with asyncio.TaskGroup() as people:
                for colour in ("red", "green", "black", "white"):
                    people.create_task(use(ada, colour))
            await watch_a_reply(ada, cut_off, vendor.base_url)
            if time.monotonic() - began >= AWAY_S:
                break
