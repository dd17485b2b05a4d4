"""F21 for files: thrown away, brought back, erased, replaced or cancelled around every transaction of their reading.

The n-th transaction finds the deed done, n = 1, 2, ... until a run has fewer; so every interleaving of one deed is tried.
Nothing comes back, nothing half remains.
"""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from app.doctor import examine
from core.errors import LeaseLost
from ingest.pipeline import Order, ingest_file
from sql.fence import End, Fence
from tests.make import make_scope
from tests.workers.made import file_row, index_of, ingest_next
from workers.ledger import claim
from workers.maintenance import remove_retired_builds
from workers.tools import make_work

TEXT = "\n\n".join(f"# Part {n}\n\n" + f"The harbour of part {n} opens. " * 30 for n in range(6))
OTHER = "# Another text\n\nThe quay is closed.\n"
CONTENT = (
    "item",
    "access_grant",
    "file",
    "file_version",
    "build",
    "text_segment",
    "file_problem",
    "passage",
    "embedding",
)
WAYS = {"read": "extract", "copied": "extract", "cut again": "chunk", "embedded again": "embed"}


@dataclass(slots=True)
class Interrupted(Fence):
    """A fence before whose n-th transaction something happens."""

    deed: Callable[[], Awaitable[None]] | None = None
    left: int = 0
    was_done: bool = field(default=False)

    async def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.was_done = True
            assert self.deed is not None
            await self.deed()

    @asynccontextmanager
    async def tx(self, *, waits_for_disk=True):
        await self._count()
        async with Fence.tx(self, waits_for_disk=waits_for_disk) as conn:
            yield conn

    @asynccontextmanager
    async def last_tx(self, state: End = "done", **more):
        await self._count()
        async with Fence.last_tx(self, state, **more) as conn:
            yield conn


@pytest.fixture
async def scope(owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def ada(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
def tools(resources):
    return make_work(resources).tools


class World:
    """One file of Ada's, and what may happen to it."""

    def __init__(self, ada, resources, owner, tools) -> None:
        self.ada, self.resources, self.owner, self.tools = ada, resources, owner, tools
        self.id = ""

    @property
    def url(self) -> str:
        return f"/api/files/{self.id}"

    async def upload(self, name: str) -> None:
        answer = await self.ada.post(
            "/api/upload", content=TEXT.encode(), headers={"X-Filename": name}
        )
        self.id = answer.json()["file"]["id"]

    async def read(self, *, deed, n: int) -> bool:
        """Read the file with the deed before its n-th transaction; False when there are fewer."""
        claimed = await claim(self.resources.worker, "ingest_file")
        assert claimed is not None
        (job,) = claimed.jobs
        fence = Interrupted(
            self.resources.worker, claimed.workspace_id, claimed.job_ids, claimed.token,
            deed=getattr(self, deed), left=n,
        )  # fmt: skip
        try:
            await ingest_file(
                self.tools, fence, Order(job.subject_id, job.pipeline_version, job.first_step)
            )
        except LeaseLost:
            assert fence.was_done
        return fence.was_done

    async def settle(self) -> None:
        """Let the worker do what is left, its rounds included."""
        while await self.owner.fetchval("SELECT count(*) FROM job WHERE state = 'queued'"):
            await ingest_next(self.resources, self.tools)
        while await remove_retired_builds(self.resources.worker):
            pass

    async def is_sound(self) -> None:
        broken = (await examine(self.resources)).findings
        assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []

    async def bin(self) -> None:
        assert (await self.ada.delete(self.url)).status_code == 204

    async def erase(self) -> None:
        assert (await self.ada.delete(f"{self.url}?hard=true")).status_code == 204

    async def bin_and_back(self) -> None:
        await self.bin()
        assert (await self.ada.post(f"{self.url}/restore")).status_code == 200

    async def replace(self) -> None:
        answer = await self.ada.put(f"{self.url}/content", content=OTHER.encode())
        assert answer.status_code == 202

    async def rows(self) -> list[int]:
        return [await self.owner.fetchval(f"SELECT count(*) FROM {table}") for table in CONTENT]

    async def found(self, words: str) -> bool:
        answer = await self.ada.get("/api/search", params={"q": f'"{words}"', "mode": "lexical"})
        return self.id in [hit["file_id"] for hit in answer.json()["hits"]]


@pytest.fixture
def world(ada, resources, owner_connection, tools) -> World:
    return World(ada, resources, owner_connection, tools)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("deed", ["bin", "bin_and_back", "erase", "replace"])
async def test_whatever_happens_while_a_file_is_read_nothing_half_remains(world, way, deed):
    await world.upload("clean.md")
    await world.settle()
    clean = await index_of(world.owner, UUID(world.id))
    if way != "copied":
        await world.erase()
    before, n, goes_on = await world.rows(), 0, True
    while goes_on:
        n += 1
        await world.upload("notes.md")
        if WAYS[way] != "extract":
            await world.settle()
            await world.ada.post(f"{world.url}/reprocess", json={"only": WAYS[way]})
        goes_on = await world.read(deed=deed, n=n)
        if goes_on:
            await world.settle()
            await world.is_sound()
            await AFTER[deed](world, clean)
            if deed != "erase":
                await world.erase()
            assert await world.rows() == before, n
    assert n >= 3


async def gone(world: World, _clean: object) -> None:
    assert (await world.ada.get(world.url)).status_code == 404
    assert not await world.found("The harbour of part 3")


async def gone_until_it_is_back(world: World, clean: object) -> None:
    await gone(world, clean)
    assert (await world.ada.post(f"{world.url}/restore")).status_code == 200
    await world.settle()
    await whole(world, clean)


async def whole(world: World, clean: object) -> None:
    row = await file_row(world.owner, UUID(world.id))
    assert (row["state"], row["stage"]) == ("ready", "")
    assert await index_of(world.owner, UUID(world.id)) == clean


async def replaced(world: World, _clean: object) -> None:
    file = (await world.ada.get(world.url)).json()
    assert (file["state"], file["version"]) == ("ready", 2)
    assert (await world.ada.get(f"{world.url}/text")).json()["text"] == OTHER
    assert (await world.found("The quay"), await world.found("The harbour")) == (True, False)


AFTER = {
    "bin": gone_until_it_is_back,
    "bin_and_back": whole,
    "erase": gone,
    "replace": replaced,
}
