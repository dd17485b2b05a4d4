"""F5 on the whole product: Valkey is killed and its data wiped, first with jobs queued, then with replies in mid-stream."""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from tests.faults.counts import times
from tests.faults.journal import Journal, open_journal
from tests.faults.product import Product, eventually, running, signed_up
from tests.llm.vendor_server import Reply, vendor_server

WORDS = tuple(f" wörd{n}" for n in range(60))
SLOWLY = Reply(words=WORDS, pause_s=0.1)
pytestmark = pytest.mark.timeout(600)
JOBS, REPLIES = times(30, full=500), times(3, full=20)
WRITING = 8  # replies at a time by one worker
FILES = JOBS // 6
REPLIES_EACH = 2  # of one account: each is read twice, and five streams are allowed
CUT_AFTER = 3  # events: of 60 words there are at least 15, however many come in one go
WRONG_LOGINS = 25  # ten of them before the kill, and ten after it, may pass


@dataclass
class Reader:
    """Reads a run's events; comes back after each cut with the last id it has."""

    client: httpx.AsyncClient
    path: str
    events: list[tuple[str, ...]] = field(default_factory=list)  # the lines of each
    cuts: int = 0

    async def read(self, *, cut_after: int | None = None) -> None:
        """Read to the end, or leave after so many events."""
        left = cut_after
        async with self.client.stream("GET", self.path, headers=self._where()) as answer:
            assert answer.status_code == 200
            lines: list[str] = []
            async for line in answer.aiter_lines():
                if line:
                    lines.append(line)
                    continue
                if lines and lines[0].startswith("id: "):
                    self.events.append(tuple(lines))
                    left = None if left is None else left - 1
                lines = []
                if left == 0:
                    self.cuts += 1
                    return

    async def read_in_pieces(self) -> None:
        while not self.events or "run.done" not in self.events[-1][1]:
            await self.read(cut_after=CUT_AFTER)

    def _where(self) -> dict[str, str]:
        return {"Last-Event-ID": self.events[-1][0].removeprefix("id: ")} if self.events else {}


@dataclass
class Question:
    """A run that two readers follow, one of them cut again and again."""

    client: httpx.AsyncClient
    run: str
    live: Reader
    cut: Reader

    async def check(self) -> None:
        """All readers have the same events, without a gap, and they make the whole text."""
        whole = Reader(self.client, f"{self.run}/events")
        await whole.read()
        assert [e[0] for e in whole.events] == [f"id: {n + 1}" for n in range(len(whole.events))]
        assert self.live.events == whole.events
        assert self.cut.events == whole.events
        assert self.cut.cuts > 3
        ended = (await self.client.get(self.run)).json()
        assert (ended["state"], ended["content"]) == ("complete", "".join(WORDS))


async def ask(client: httpx.AsyncClient) -> Question:
    """Have a question answered slowly."""
    asked = {
        "content": "Where does the key hang?",
        "reply": {"model": "openai:fake", "abstain": False},
    }
    conversation = (await client.post("/conversations", json={})).json()["id"]
    answer = await client.post(f"/conversations/{conversation}/messages", json=asked)
    run = f"/runs/{answer.raise_for_status().json()['run']['id']}"
    return Question(client, run, Reader(client, f"{run}/events"), Reader(client, f"{run}/events"))


async def ask_all(product: Product, stack: AsyncExitStack) -> list[Question]:
    questions: list[Question] = []
    while len(questions) < REPLIES:
        client = await stack.enter_async_context(signed_up(product, f"asker{len(questions)}"))
        left = REPLIES - len(questions)
        questions += [await ask(client) for _ in range(min(REPLIES_EACH, left))]
    return questions


async def queue_jobs(journal: Journal) -> None:
    async with asyncio.TaskGroup() as sending:
        for n in range(JOBS - FILES):
            sending.create_task(journal.post_message(f"Message numeral{n}. Words to embed."))
        for n in range(FILES):
            sending.create_task(journal.upload(f"name{n:03}.txt", f"Words of {n}.".encode()))


async def wipe_redis(product: Product) -> None:
    """Kill it, take its data, and wait until it is back."""
    pid = product.pid("valkey")
    product.kill("valkey")
    shutil.rmtree(product.home / "valkey" / "appendonlydir")
    await product.another("valkey", than=pid)


async def open_jobs(journal: Journal) -> list[dict]:
    jobs = await journal.everything("/jobs")
    return [job for job in jobs if job["state"] not in {"done", "cancelled"}]


async def guess_passwords(product: Product) -> Counter[int]:
    person = {"email": "ada@example.org", "password": "not her passphrase"}
    async with httpx.AsyncClient(base_url=f"{product.url}/api", timeout=60) as client:
        answers = [await client.post("/auth/login", json=person) for _ in range(WRONG_LOGINS)]
    return Counter(answer.status_code for answer in answers)


async def all_being_read(questions: list[Question]) -> bool:
    """Whether every reply that a worker can write at once has begun to be shown."""
    shown = sum("delta" in str(question.live.events) for question in questions)
    return shown >= min(REPLIES, WRITING)


async def begun(journal: Journal) -> bool:
    return any(job["attempts"] for job in await journal.everything("/jobs"))


async def lose_redis_twice(
    product: Product, journal: Journal, stack: AsyncExitStack
) -> list[Question]:
    """Wipe Redis while all jobs are queued, and again while replies are written and read."""
    worker = product.pid("worker")
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    try:
        await queue_jobs(journal)
        questions = await ask_all(product, stack)
        assert len(await open_jobs(journal)) >= JOBS
        await wipe_redis(product)
    finally:
        os.kill(worker, signal.SIGCONT)
    since = time.monotonic()
    await eventually(lambda: begun(journal), within_s=100)
    print(f"the worker is back after {time.monotonic() - since:.1f} s")  # noqa: T201
    async with asyncio.timeout(400), asyncio.TaskGroup() as reading:
        for question in questions:
            reading.create_task(question.live.read())
            reading.create_task(question.cut.read_in_pieces())
        await eventually(lambda: all_being_read(questions), within_s=100)
        await wipe_redis(product)
        assert (await journal.client.get("/auth/me")).status_code == 200
        assert set(await guess_passwords(product)) == {401, 429}
    assert product.pid("worker") == worker
    return questions


@pytest.mark.parametrize("time_", range(times(1, full=5)))
async def test_losing_redis_with_all_its_data_costs_time_only(product_home, time_):
    async with (
        vendor_server(SLOWLY) as vendor,
        running(product_home, OPENAI_BASE_URL=vendor.base_url, OPENAI_API_KEY="k") as product,
        signed_up(product, "ada") as client,
        AsyncExitStack() as stack,
    ):
        journal = await open_journal(client)
        for question in await lose_redis_twice(product, journal, stack):
            await question.check()
        assert Counter(asked["model"] for asked in vendor.requests)["fake"] == REPLIES

        async def nothing_open() -> bool:
            return not await open_jobs(journal)

        await eventually(nothing_open, within_s=200)
        await journal.check()
        doctor = product.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
