"""The life of a document, on the real database with the fake model."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.errors import ProviderAway, Unavailable
from ingest.pipeline import Order, ingest_file
from ingest.vectors import Asking
from search.embed import FakeEmbedder, RefusedText
from sql.fence import End, Fence
from tests.search.test_embed_openai import Asked, Reply, error, vectors, vendor
from tests.workers.made import (
    again,
    file_row,
    index_of,
    ingest_next,
    job_row,
    make_file,
    make_version,
    text_of,
)
from workers.ledger import claim
from workers.queue import retry_ingest

NOTES = "\n\n".join(
    f"# Part {n}\n\nThe harbour of part {n} opens at dawn. " + "Boats wait for the tide. " * 20
    for n in range(60)
)


class Embedder(FakeEmbedder):
    """Counts what it is asked, refuses some texts, may be away, and waits if told so."""

    def __init__(
        self, *, refuses: str = "\0", away: bool = False, waits: asyncio.Event | None = None
    ) -> None:
        self.is_asked = asyncio.Event()
        self.waits = waits or asyncio.Event()
        if waits is None:
            self.waits.set()
        self.asked: list[int] = []
        self.refuses = refuses
        self.away = away

    async def embed_documents(self, texts: Sequence[str]):
        self.asked.append(len(texts))
        self.is_asked.set()
        await self.waits.wait()
        if self.away:
            raise Unavailable("no answer")
        if any(self.refuses in text for text in texts):
            raise RefusedText("no")
        return await super().embed_documents(texts)


async def test_a_document_becomes_its_text_passages_and_vectors(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    assert await file_row(owner_connection, made.file_id) == {
        "state": "ready",
        "stage": "",
        "reason_code": "",
        "media_type": "text/markdown",
        "segments_done": 3,
        "segments_total": 3,
        "passages_total": 60,
        "passages_embedded": 60,
    }
    assert await job_row(owner_connection, made.job_id) == {
        "state": "done",
        "reason": "",
        "attempts": 1,
        "crashes": 0,
    }
    text = await text_of(owner_connection, made.file_id)
    assert text == NOTES + "\n"
    passages = await index_of(owner_connection, made.file_id)
    assert [row[0] for row in passages] == list(range(60))
    assert [text[row[1] : row[2]].splitlines()[0] for row in passages] == [
        f"# Part {n}" for n in range(60)
    ]
    assert {row[-1] for row in passages} == {1}


async def test_a_second_run_takes_the_place_of_the_first_and_equals_it(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    first = await index_of(owner_connection, made.file_id)
    embedder = Embedder()
    async with resources.app.write_tx(scope) as conn:
        assert await retry_ingest(conn, scope, version_id=made.version_id) == made.job_id
    await ingest_next(resources, replace(tools, asking=Asking(embedder)))
    assert await index_of(owner_connection, made.file_id) == first
    assert embedder.asked == []  # equal texts have their vectors already
    builds = await owner_connection.fetch(
        "SELECT retired_at IS NULL AS kept FROM build ORDER BY id"
    )
    assert [row["kept"] for row in builds] == [False, True]


async def test_a_new_version_asks_the_model_for_its_changed_passages_alone(
    resources, owner_connection, scope, tools
):
    """One paragraph of 200; the version before is shown until the new one is whole."""
    parts = [f"# Part {n}\n\nThe harbour of part {n}. " + "Boats wait. " * 40 for n in range(200)]
    data = "\n\n".join(parts).encode()
    made = await make_file(owner_connection, resources, scope, data, name="notes.md")
    await ingest_next(resources, tools)
    parts[117] = parts[117].replace("harbour", "quay")
    changed = "\n\n".join(parts).encode()
    await make_version(owner_connection, resources, made, changed, name="notes.md")
    embedder = Embedder()
    await ingest_next(resources, replace(tools, asking=Asking(embedder)))
    assert embedder.asked == [1]
    assert await text_of(owner_connection, made.file_id) == changed.decode() + "\n"
    assert {row[-1] for row in await index_of(owner_connection, made.file_id)} == {1}


async def test_a_version_that_comes_while_the_older_one_is_read_ends_with_its_own_numbers(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    slow = Embedder(waits=asyncio.Event())
    async with asyncio.TaskGroup() as group:
        group.create_task(ingest_next(resources, replace(tools, asking=Asking(slow))))
        await slow.is_asked.wait()
        newer = await make_version(owner_connection, resources, made, b" \n\n", name="notes.md")
        await ingest_next(resources, tools)
        ended = await file_row(owner_connection, made.file_id)
        slow.waits.set()
    assert (ended["state"], ended["passages_total"], ended["passages_embedded"]) == (
        "no_text",
        0,
        0,
    )
    assert await file_row(owner_connection, made.file_id) == ended
    jobs = [await job_row(owner_connection, one.job_id) for one in (made, newer)]
    assert [job["state"] for job in jobs] == ["cancelled", "done"]


async def test_any_transaction_may_fail_and_the_next_run_ends_with_the_same_index(
    resources, owner_connection, scope, tools
):
    """The n-th transaction fails, n = 1, 2, ... until a run has no failure (SQLite's method)."""
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await ingest_next(resources, tools)
    clean = await index_of(owner_connection, made.file_id)
    failures = 0
    while True:
        text = (
            NOTES + f"\n\nThis is copy {failures}."
        )  # bytes of its own, so that nothing is reused as a whole
        copy = await make_file(owner_connection, resources, scope, text.encode(), name="notes.md")
        failed = await fails_at(resources, tools, failures + 1)
        if failed:
            await again(owner_connection, copy.job_id)
            await ingest_next(resources, tools)
        found = await index_of(owner_connection, copy.file_id)
        assert found[:59] == clean[:59]
        assert (len(found), {row[-1] for row in found}) == (60, {1})
        row = await file_row(owner_connection, copy.file_id)
        assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("ready", 60, 60)
        if not failed:
            break
        failures += 1
    assert failures >= 6


async def fails_at(resources, tools, n: int) -> bool:
    """Do the next job with its n-th transaction failing; False when it has fewer."""
    claimed = await claim(resources.worker, "ingest_file")
    assert claimed is not None
    fence = FailingFence(resources.worker, claimed.workspace_id, claimed.job_ids, claimed.token, n)
    (job,) = claimed.jobs
    try:
        await ingest_file(tools, fence, Order(job.subject_id, job.pipeline_version))
    except Unavailable:
        return True
    return False


class FailingFence(Fence):
    """A fence whose n-th transaction is rolled back at its end."""

    def __init__(self, pool, workspace_id, job_ids, token, n: int) -> None:
        super().__init__(pool, workspace_id, job_ids, token)
        self.left = n

    @asynccontextmanager
    async def tx(self, *, waits_for_disk=True):
        async with super().tx(waits_for_disk=waits_for_disk) as conn:
            yield conn
            self._count()

    @asynccontextmanager
    async def last_tx(self, state: End = "done", **more):
        async with super().last_tx(state, **more) as conn:
            yield conn
            self._count()

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Unavailable("the n-th call failed")


async def test_without_the_model_words_are_found_and_vectors_come_later(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    away = Embedder(away=True)
    with pytest.raises(ProviderAway, match="no answer"):
        await ingest_next(resources, replace(tools, asking=Asking(away)))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("processing", 60, 0)
    assert len(away.asked) == 1  # what is known to be away is not asked again
    assert len(await index_of(owner_connection, made.file_id)) == 60
    await again(owner_connection, made.job_id)
    back = Embedder()
    await ingest_next(resources, replace(tools, asking=Asking(back)))
    assert sum(back.asked) == 60
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("ready", 60, 60)


async def test_a_refused_passage_is_a_problem_and_not_the_files_failure(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    picky = Embedder(refuses="of part 17 opens")
    await ingest_next(resources, replace(tools, asking=Asking(picky)))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("partial", 60, 59)
    problems = await owner_connection.fetch("SELECT code, message FROM file_problem")
    assert [tuple(problem) for problem in problems] == [
        (
            "embedding_refused",
            "The embedding model refused passage 18; it is found by its words only.",
        )
    ]


async def test_a_provider_over_the_wire_refuses_one_passage_and_is_left_in_peace_when_it_is_busy(
    resources, owner_connection, scope, tools
):
    """The protocol of OpenAI: 429 with Retry-After at first, then 400 for every batch that holds one passage."""
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    busy = [error(429, "slow down", "Retry-After: 40\r\n")]

    def answer(asked: Asked) -> Reply:
        if busy:
            return busy.pop()
        texts = asked["input"]
        assert isinstance(texts, list)
        if any("of part 17 opens" in text for text in texts):
            return error(400, "maximum context length")
        return vectors(*([float(n + 1), 1.0] for n in range(len(texts))))

    async with vendor(answer) as small:
        asking = Asking(small.embedder)
        with pytest.raises(ProviderAway) as away:
            await ingest_next(resources, replace(tools, asking=asking))
        assert away.value.retry_after_s == 40
        await again(owner_connection, made.job_id)
        await ingest_next(resources, replace(tools, asking=Asking(small.embedder)))
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["passages_total"], row["passages_embedded"]) == ("partial", 60, 59)
    codes = await owner_connection.fetch("SELECT code FROM file_problem")
    assert [row["code"] for row in codes] == ["embedding_refused"]


@pytest.mark.parametrize(
    ("data", "name", "ends"),
    [
        (b"", "empty.txt", ("failed", "empty_file", "failed")),
        (b" \n\n \t\n", "blank.txt", ("no_text", "no_text", "done")),
        (b"\x7fELF\x02\x01\x01" + bytes(500), "program", ("no_text", "unsupported_type", "done")),
        (b"%PDF-1.7\nnothing behind it", "broken.pdf", ("failed", "broken_file", "failed")),
    ],
    ids=["empty", "blank", "unknown", "broken"],
)
async def test_a_file_without_text_ends_with_a_reason(
    resources, owner_connection, scope, tools, data, name, ends
):
    made = await make_file(owner_connection, resources, scope, data, name=name)
    await ingest_next(resources, tools)
    row, job = (
        await file_row(owner_connection, made.file_id),
        await job_row(owner_connection, made.job_id),
    )
    assert (row["state"], row["reason_code"], job["state"]) == ends
    assert await index_of(owner_connection, made.file_id) == []


async def test_a_file_in_the_bin_is_not_read_and_goes_on_when_it_is_back(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, NOTES.encode(), name="notes.md")
    await owner_connection.execute("UPDATE item SET deleted_at = now()")
    await ingest_next(resources, tools)
    row, job = (
        await file_row(owner_connection, made.file_id),
        await job_row(owner_connection, made.job_id),
    )
    assert (row["state"], job["state"]) == ("cancelled", "cancelled")
    await owner_connection.execute("UPDATE item SET deleted_at = NULL")
    async with resources.app.write_tx(scope) as conn:
        await retry_ingest(conn, scope, version_id=made.version_id)
    await ingest_next(resources, tools)
    assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
