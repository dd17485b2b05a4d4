"""F21 for those who read: a file, a conversation or a membership is taken away while it is read, searched, cited and streamed.

Bob looks by every way there is and listens to every stream, Ada takes something away at some moment, the seed's. Whatever he asks
for afterwards shows no more than what is left to him, and nothing comes back when the worker has done all that it still had to.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import httpx
import pytest

from app.doctor import examine
from llm.openai import OpenAIChat
from tests.api.serving import read_events, served
from tests.faults.counts import times
from tests.faults.test_worker import TERMS
from tests.llm.replying import Fixed
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from tests.workers.test_main import until
from workers.jobs import KINDS, Kind
from workers.main import working
from workers.maintenance import remove_retired_builds
from workers.queue import JobKind

SECRET = "quillwort"
FACT = f"The spare key hangs behind the {SECRET} of the boiler room."
TEXT = f"# Keys\n\n{FACT}\n\n" + "\n\n".join(f"# Part {n}\n\n" + "The quay is dry. " * 60 for n in range(8))  # fmt: skip
WORDS = ("The spare key", " hangs behind", f" the {SECRET}", " [1]", ".", *(f" And {n}." for n in range(20)))  # fmt: skip
FILE = frozenset({"file", "text", "bytes", "hit"})
TALK = frozenset({"messages", "reply"})
BOTH = frozenset({"cited", "told"})
LEFT = {
    "nothing": FILE | TALK | BOTH,
    "bin": TALK,
    "erase": TALK,
    "unshare": TALK,
    "close": FILE,
    "dismiss": frozenset[str](),
}


@dataclass
class World:
    """A workspace of Ada's with Bob in it, a file and a conversation that both may see."""

    ada: httpx.AsyncClient
    bob: httpx.AsyncClient
    workspace_id: str
    bob_id: str
    file_id: str = ""
    talk_id: str = ""
    run_id: str = ""

    async def bin(self) -> httpx.Response:
        return await self.ada.delete(f"/api/files/{self.file_id}")

    async def erase(self) -> httpx.Response:
        return await self.ada.delete(f"/api/files/{self.file_id}?hard=true")

    async def unshare(self) -> httpx.Response:
        return await self.ada.delete(f"/api/files/{self.file_id}/access/workspace")

    async def close(self) -> httpx.Response:
        return await self.ada.delete(f"/api/conversations/{self.talk_id}")

    async def dismiss(self) -> httpx.Response:
        return await self.ada.delete(f"/api/workspaces/{self.workspace_id}/members/{self.bob_id}")

    async def nothing(self) -> httpx.Response:
        return httpx.Response(204)

    async def look(self) -> frozenset[str]:
        """Return by which ways Bob sees the file, its words or the conversation."""
        ways = {
            "file": f"/api/files/{self.file_id}",
            "text": f"/api/files/{self.file_id}/text",
            "bytes": f"/api/files/{self.file_id}/content",
            "hit": f"/api/search?q={SECRET}",
            "messages": f"/api/conversations/{self.talk_id}/messages",
        }
        if self.run_id:
            ways["cited"] = ways["reply"] = f"/api/runs/{self.run_id}"
        answers = await asyncio.gather(*(self.bob.get(path) for path in ways.values()))
        return frozenset(
            way for way, answer in zip(ways, answers, strict=True) if self.shows(way, answer)
        )

    async def look_back(self) -> frozenset[str]:
        """Look when all is done: at the log of the run from its beginning, too."""
        seen = await self.look()
        if not self.run_id:
            return seen
        told = await self.bob.get(f"/api/runs/{self.run_id}/events")
        return seen | {"told"} if self.shows("told", told) else seen

    def shows(self, way: str, answer: httpx.Response) -> bool:
        assert answer.status_code in {200, 403, 404}, answer.text
        if answer.status_code != 200:
            return False
        match way:
            case "text" | "bytes":
                return SECRET in answer.text
            case "hit":
                return self.file_id in [hit["file_id"] for hit in answer.json()["hits"]]
            case "cited":
                return SECRET in str(answer.json()["citations"])
            case "told":
                return self.file_id in answer.text
            case _:
                return True

    async def share(self) -> None:
        """Upload the file and begin the conversation, for everybody in the workspace."""
        answer = await self.ada.post(
            "/api/upload", content=TEXT.encode(), headers={"X-Filename": "keys.md"}
        )
        self.file_id = answer.json()["file"]["id"]
        self.talk_id = (await self.ada.post("/api/conversations", json={})).json()["id"]
        everybody = {"principal": "workspace", "role": "writer"}
        await self.ada.put(f"/api/files/{self.file_id}/access", json={"principal": "workspace"})
        await self.ada.put(f"/api/conversations/{self.talk_id}/members", json=everybody)

    async def ask(self, asker: httpx.AsyncClient) -> None:
        question = {"content": "Where does the spare key hang?", "reply": {"model": "extractive"}}
        answer = await asker.post(f"/api/conversations/{self.talk_id}/messages", json=question)
        self.run_id = answer.json()["run"]["id"]

    async def listen(self) -> None:
        """Follow the reading of the file, or the reply, as long as it is told."""
        path = f"runs/{self.run_id}" if self.run_id else f"files/{self.file_id}"
        with suppress(AssertionError):  # it was too late to begin
            await read_events(self.bob, f"/api/{path}/events")


@pytest.fixture
async def world(app, resources, owner_connection, signed_in) -> AsyncGenerator[World]:
    ada, bob = [await make_scope(owner_connection, name) for name in ("ada", "bob")]
    hers = await signed_in(ada)
    made = await hers.post("/api/workspaces", json={"name": "Research"})
    workspace_id = made.json()["id"]
    email = await owner_connection.fetchval(
        "SELECT email FROM account WHERE id = $1", bob.account_id
    )
    await hers.post(f"/api/workspaces/{workspace_id}/members", json={"email": email})
    hers.headers["X-Workspace"] = workspace_id
    headers = {**(await signed_in(bob)).headers, "x-workspace": workspace_id}
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as his,
    ):
        yield World(hers, his, workspace_id, str(bob.account_id))


@asynccontextmanager
async def worker(resources) -> AsyncGenerator[None]:
    """A worker whose model takes its time to answer."""
    async with vendor_server(Reply(words=WORDS, pause_s=0.005)) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        kinds: dict[JobKind, Kind] = {kind: KINDS[kind] for kind in ("ingest_file", "reply")}
        async with working(replace(resources, chat=Fixed(model)), TERMS, kinds=kinds):
            yield
        await model.aclose()


@pytest.mark.parametrize("seed", range(times(12, full=200)))
async def test_what_is_taken_away_in_use_does_not_come_back(
    world, resources, owner_connection, seed
):
    random_ = random.Random(seed)
    deed = list(LEFT)[seed % len(LEFT)]
    await world.share()
    async with worker(resources):
        if seed // len(LEFT) % 2:
            await until_done(owner_connection)
            await world.ask(random_.choice((world.ada, world.bob)))
        listening = asyncio.create_task(world.listen())
        for _ in range(random_.randrange(4)):
            await world.look()
        await asyncio.sleep(random_.random() * 0.1)
        answer = await getattr(world, deed)()
        assert answer.status_code == 204, answer.text
        assert await world.look() <= LEFT[deed]
        await until_done(owner_connection)
        await listening
    while await remove_retired_builds(resources.worker):
        pass
    seen = await world.look_back()
    assert seen <= LEFT[deed]
    if deed == "nothing":
        assert seen == (LEFT[deed] if world.run_id else FILE | {"messages"})
    if deed == "erase":
        assert await owner_connection.fetch("SELECT * FROM citation WHERE quote <> ''") == []
    broken = (await examine(resources)).findings
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []


async def until_done(owner) -> None:
    """Wait for the reading and the reply; titles and vectors of messages are not what this is about."""
    await until(
        owner,
        "SELECT count(*) = 0 FROM job WHERE kind IN ('ingest_file', 'reply') AND finished_at IS NULL",
    )
