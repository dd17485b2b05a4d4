"""F2: the n-th call that a file's job makes to the outside fails, n = 1, 2, ... until a run makes fewer (SQLite's method).

Calls are its transactions, its reading and writing of stored bytes, and its questions to the model. `before`: the call is not
made; `after`: it is, and its answer is lost, which of a COMMIT nobody can tell apart.
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace

import pytest

from app.doctor import examine
from core.errors import LeaseLost, Unavailable
from ingest.pipeline import Order, ingest_file
from ingest.vectors import Asking
from sql.fence import Fence
from sql.pool import Pool
from tests.faults.test_worker import HARBOUR
from tests.ingest.test_pipeline import NOTES
from tests.make import make_scope
from tests.workers.made import again, index_of, ingest_next, make_file
from workers.ledger import claim
from workers.tools import make_work

FILES = {"notes.md": NOTES.encode(), "harbour.zip": HARBOUR}
MOST_CALLS = 300


@dataclass
class Calls:
    """Counts down to the one that fails."""

    left: int
    when: str

    @asynccontextmanager
    async def one(self):
        self.left -= 1
        fails = self.left == 0
        if fails and self.when == "before":
            raise Unavailable("The call was not made.")
        yield
        if fails:
            raise Unavailable("The answer was lost.")


@dataclass(frozen=True)
class FailingPool(Pool):
    calls: Calls

    @asynccontextmanager
    async def tenant_tx(self, workspace_id, *, waits_for_disk=True):
        tx = super().tenant_tx(workspace_id, waits_for_disk=waits_for_disk)
        async with self.calls.one(), tx as conn:
            yield conn


class FailingBlobs:
    """A store that is not on this machine, so that bytes are fetched."""

    def __init__(self, blobs, calls) -> None:
        self._blobs, self._calls = blobs, calls

    async def put(self, key, stream, *, limit_bytes):
        async with self._calls.one():
            return await self._blobs.put(key, stream, limit_bytes=limit_bytes)

    async def open(self, key, *, start=0, end=None):
        async with self._calls.one():
            async for data in self._blobs.open(key, start=start, end=end):
                yield data

    async def stat(self, key):
        async with self._calls.one():
            return await self._blobs.stat(key)

    async def delete(self, key):
        async with self._calls.one():
            await self._blobs.delete(key)

    def list_older_than(self, when):
        return self._blobs.list_older_than(when)

    def local_path(self, key):
        return None


class FailingEmbedder:
    def __init__(self, embedder, calls) -> None:
        self._embedder, self._calls = embedder, calls
        self.model, self.dimension = embedder.model, embedder.dimension
        self.max_tokens = embedder.max_tokens

    async def embed_documents(self, texts):
        async with self._calls.one():
            return await self._embedder.embed_documents(texts)

    async def embed_query(self, text):
        return await self._embedder.embed_query(text)


async def failed_once(resources, calls) -> bool:
    """Do the job that is next, with one failing call; False when it makes fewer."""
    tools = make_work(resources).tools
    tools = replace(
        tools,
        storing=replace(tools.storing, blobs=FailingBlobs(tools.storing.blobs, calls)),
        asking=Asking(FailingEmbedder(resources.embedder, calls), open_s=0),
    )
    values = {field.name: getattr(resources.worker, field.name) for field in fields(Pool)}
    claimed = await claim(resources.worker, "ingest_file")
    assert claimed is not None
    (job,) = claimed.jobs
    pool = FailingPool(**values, calls=calls)
    fence = Fence(pool, claimed.workspace_id, claimed.job_ids, claimed.token)
    order = Order(job.subject_id, job.pipeline_version, job.first_step)
    try:
        await ingest_file(tools, fence, order)
    except (Unavailable, LeaseLost):
        assert calls.left <= 0
    return calls.left <= 0


async def settled(owner, resources) -> None:
    """Let every job that is left be done, by a worker that nothing befalls."""
    tools = make_work(resources).tools
    waiting = "SELECT id FROM job WHERE state IN ('queued', 'leased', 'retry_wait')"
    while left := await owner.fetch(waiting):
        await again(owner, left[0]["id"])
        await ingest_next(resources, tools)


async def ended(owner, scope) -> dict[str, tuple[str, object]]:
    rows = await owner.fetch(
        "SELECT f.id, f.state, v.name FROM file f JOIN file_version v ON v.file_id = f.id"
        " WHERE f.workspace_id = $1",
        scope.workspace_id,
    )
    return {row["name"]: (row["state"], await index_of(owner, row["id"])) for row in rows}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", FILES)
async def test_whatever_call_fails_the_file_ends_as_in_a_clean_run(
    resources, owner_connection, name, when
):
    clean = await make_scope(owner_connection)
    await make_file(owner_connection, resources, clean, FILES[name], name=name)
    await settled(owner_connection, resources)
    wanted = await ended(owner_connection, clean)
    assert {state for state, _ in wanted.values()} == {"ready"}
    n, any_failed = 0, True
    while any_failed and n < MOST_CALLS:
        n += 1
        scope = await make_scope(owner_connection)  # nothing to be reused there
        await make_file(owner_connection, resources, scope, FILES[name], name=name)
        any_failed = await failed_once(resources, Calls(n, when))
        await settled(owner_connection, resources)
        assert await ended(owner_connection, scope) == wanted, n
    assert 10 <= n < MOST_CALLS
    broken = [each for each in (await examine(resources)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []
