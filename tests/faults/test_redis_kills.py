"""F5 on the whole product, reduced: Valkey is killed and its data wiped with 100 jobs queued and a reply under way."""

import asyncio
import os
import shutil
import signal
from collections import Counter
from dataclasses import dataclass, field

import httpx
import pytest

from tests.faults.journal import Journal, open_journal
from tests.faults.product import Product, eventually, running, signed_up
from tests.llm.vendor_server import Reply, vendor_server

WORDS = tuple(f" wörd{n}" for n in range(60))
SLOWLY = Reply(words=WORDS, pause_s=0.12)
pytestmark = pytest.mark.timeout(600)
MESSAGES, FILES = 85, 15  # accepted before the model, held too, is given up
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
            await self.read(cut_after=7)

    def _where(self) -> dict[str, str]:
        return {"Last-Event-ID": self.events[-1][0].removeprefix("id: ")} if self.events else {}


async def ask(journal: Journal) -> str:
    """Have a question answered slowly; return the path of the run."""
    await journal.post_message("The spare key hangs behind the blue door.")
    asked = {"content": "Where does the spare key hang?", "reply": {"model": "openai:fake"}}
    conversation = (await journal.client.post("/conversations", json={})).json()["id"]
    answer = await journal.client.post(f"/conversations/{conversation}/messages", json=asked)
    return f"/runs/{answer.json()['run']['id']}"


async def queue_jobs(product: Product, journal: Journal) -> None:
    """Accept work while the worker is held, so that it is queued when Redis goes."""
    worker = product.pid("worker")
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as sending:
            for n in range(MESSAGES):
                sending.create_task(journal.post_message(f"Message numeral{n}. Words to embed."))
            for n in range(FILES):
                sending.create_task(journal.upload(f"name{n}.txt", f"Words of {n}.".encode()))
        assert len(await open_jobs(journal)) >= MESSAGES + FILES
        wipe_redis(product)
    finally:
        os.kill(worker, signal.SIGCONT)


def wipe_redis(product: Product) -> None:
    product.kill("valkey")
    shutil.rmtree(product.home / "valkey" / "appendonlydir")


async def open_jobs(journal: Journal) -> list[dict]:
    jobs = await journal.everything("/jobs")
    return [job for job in jobs if job["state"] not in {"done", "cancelled"}]


async def nothing_open(journal: Journal) -> bool:
    return not await open_jobs(journal)


async def guess_passwords(product: Product) -> Counter[int]:
    person = {"email": "ada@example.org", "password": "not her passphrase"}
    async with httpx.AsyncClient(base_url=f"{product.url}/api", timeout=60) as client:
        answers = [await client.post("/auth/login", json=person) for _ in range(WRONG_LOGINS)]
    return Counter(answer.status_code for answer in answers)


async def test_losing_redis_with_all_its_data_costs_time_only(product_home):
    async with (
        vendor_server(SLOWLY) as vendor,
        running(product_home, OPENAI_BASE_URL=vendor.base_url, OPENAI_API_KEY="k") as product,
        signed_up(product, "ada") as client,
    ):
        journal = await open_journal(client)
        run = await ask(journal)
        live, cut = Reader(client, f"{run}/events"), Reader(client, f"{run}/events")
        async with asyncio.timeout(200), asyncio.TaskGroup() as reading:
            reading.create_task(live.read())
            reading.create_task(cut.read_in_pieces())
            await asyncio.sleep(0.5)
            await queue_jobs(product, journal)
            assert (await client.get("/auth/me")).status_code == 200
            guessed = await guess_passwords(product)
        assert set(guessed) == {401, 429}, guessed
        whole = Reader(client, f"{run}/events")
        await whole.read()
        assert [e[0] for e in whole.events] == [f"id: {n + 1}" for n in range(len(whole.events))]
        assert live.events == whole.events
        assert cut.events == whole.events
        assert cut.cuts > 3
        ended = (await client.get(run)).json()
        assert (ended["state"], ended["content"]) == ("complete", "".join(WORDS))
        await eventually(lambda: nothing_open(journal), within_s=200)
        assert (await client.get("/auth/me")).status_code == 200
        await journal.check()
        doctor = product.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
