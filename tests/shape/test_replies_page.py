"""docs/replies.md is true: every event that it shows is one that a real run of its example sends."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator

import httpx
import pytest

from api.live.sse import EventStream, Pace, Streams
from core.scope import Scope
from llm.openai import OpenAIChat
from tests.api.conftest import app, client, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport] fixtures
from tests.api.serving import Received, read_events, served
from tests.api.watching import until
from tests.llm.replying import FACT, MadeRun, make_run, work
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from tests.shape.tree import ROOT

PAGE = (ROOT / "docs/replies.md").read_text()
EVENT = re.compile(r"^event: (\S+)\ndata: (.+)$", re.MULTILINE)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
OF_ONE_ANSWER = {"timestamp", "requestId"}
WORDS = ("The spare key", " hangs behind", " the blue door", " [1]", ".")


def masked(text: str) -> object:
    """Return JSON without what differs between runs: ids, scores, times."""
    return _masked(json.loads(UUID.sub("id", text)))


def _masked(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: "differs" if key in OF_ONE_ANSWER else _masked(each) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return "number" if isinstance(value, float) else value


@pytest.fixture
async def scope(resources, owner_connection) -> Scope:
    return await make_scope(owner_connection)


@pytest.fixture
def streams(app, monkeypatch) -> Streams:  # noqa: F811
    """The open streams of this test alone, which may end them; a silence is soon broken."""
    monkeypatch.setattr(app.state, "streams", Streams())
    monkeypatch.setitem(EventStream.__init__.__kwdefaults__, "pace", Pace(heartbeat_s=0.1))
    return app.state.streams


@pytest.fixture
async def reader(app, signed_in, scope) -> AsyncGenerator[httpx.AsyncClient]:  # noqa: F811
    signed = await signed_in(scope)
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=signed.headers) as reading,
    ):
        yield reading


async def answered(resources, run: MadeRun, reply: Reply) -> None:
    async with vendor_server(reply) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        await work(resources, run, model)
        await model.aclose()


async def sent(reader: httpx.AsyncClient, run: MadeRun) -> list[tuple[str, object]]:
    return shown_of(await read_events(reader, f"/api/runs/{run.id}/events"))


def shown_of(received: list[Received]) -> list[tuple[str, object]]:
    return [(event.event, masked(json.dumps(event.data))) for event in received]


async def sent_by_streams(reader, resources, owner, scope, streams) -> list[tuple[str, object]]:
    """Read runs that no worker has begun, until the conversation goes, and until the process does."""
    found: list[tuple[str, object]] = []
    for going_down in (False, True):
        run = await make_run(owner, resources, scope)
        received: list[Received] = []
        reading = asyncio.create_task(
            read_events(reader, f"/api/runs/{run.id}/events", into=received)
        )
        await until(lambda received=received: received)
        if going_down:
            streams.close()
        else:
            await owner.execute(
                "UPDATE item SET deleted_at = now() WHERE id = $1", run.conversation_id
            )
        found += shown_of(await reading)
    return found


async def test_every_event_of_the_page_is_sent_as_it_is_shown(
    reader, resources, owner_connection, scope, streams
):
    run = await make_run(owner_connection, resources, scope, model="openai:example")
    await answered(resources, run, Reply(words=WORDS))
    events = await sent(reader, run)
    broken = await make_run(owner_connection, resources, scope, model="openai:example")
    await answered(resources, broken, Reply(words=WORDS, fault="error_inside", before_fault=1))
    events += await sent(reader, broken)
    await owner_connection.execute("UPDATE message SET deleted_at = now() WHERE content = $1", FACT)
    events += await sent(reader, run)
    unknown = await make_run(owner_connection, resources, scope, question="Who hunts?", facts=[])
    await work(resources, unknown)
    events += await sent(reader, unknown)
    events += await sent_by_streams(reader, resources, owner_connection, scope, streams)
    shown = [(kind, masked(data)) for kind, data in EVENT.findall(PAGE)]
    assert [each for each in shown if each not in events] == []
    assert {kind for kind, _ in events} == {kind for kind, _ in shown}
