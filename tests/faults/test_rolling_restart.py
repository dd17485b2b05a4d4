"""F19: two API processes and two workers are ended by SIGTERM and started again, one after the other, while people work."""

import asyncio
import itertools
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
import pytest

from app.doctor import examine
from app.settings import CHECKOUT
from bench.realtime import Api
from tests.faults.counts import FULL
from tests.faults.journal import Journal, open_journal
from tests.faults.product import eventually
from tests.llm.vendor_server import Reply, Vendor, vendor_server

pytestmark = pytest.mark.timeout(600)
SILENT = Reply(fault="no_first_token")
EXIT_S = 10.0  # the product's own limits come to 7
RUNS = 3
REQUESTS_PER_S = 20


class Client(httpx.AsyncClient):
    """Sends each request to the one or the other process, and once more, to the other, what was not answered."""

    def __init__(self, ports: list[int], headers: httpx.Headers) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{ports[0]}/api", headers=headers, timeout=60)
        self._turns = itertools.cycle([ports, ports[::-1]])
        self.again = 0

    async def request(self, method, url, **request) -> httpx.Response:  # pyright: ignore[reportIncompatibleMethodOverride]
        first, other = (f"http://127.0.0.1:{port}/api{url}" for port in next(self._turns))
        try:
            answer = await super().request(method, first, **request)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code != 503:
            return answer
        self.again += 1
        return await super().request(method, other, **request)


@dataclass
class Worker:
    """One worker process."""

    owner: asyncpg.Connection
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = [sys.executable, "-m", "workers.main"]
        self.process = await asyncio.to_thread(
            subprocess.Popen, command, cwd=CHECKOUT, env=self.environment
        )

    async def beats(self) -> bool:
        assert self.process is not None
        asked = "SELECT count(*) FROM heartbeat WHERE process = $1"
        return await self.owner.fetchval(asked, f"{socket.gethostname()}:{self.process.pid}") == 1

    async def stop(self) -> float:
        """End it as an operator does; return the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait)
        return time.monotonic() - began


async def start_all(workers: list[Worker]) -> None:
    for worker in workers:
        await worker.start()
    for worker in workers:
        await eventually(worker.beats, within_s=100)


@asynccontextmanager
async def two_workers(owner, environment: dict[str, str]) -> AsyncGenerator[list[Worker]]:
    workers = [Worker(owner, environment) for _ in range(2)]
    try:
        await start_all(workers)
        yield workers
    finally:
        await asyncio.gather(*(worker.stop() for worker in workers if worker.process))


async def work_on(journal: Journal, *, until: asyncio.Event) -> None:
    """Write and read at an even rate, whatever each request takes; end when all are answered."""
    async with asyncio.TaskGroup() as sending:
        for n in itertools.count():
            if until.is_set():
                return
            sending.create_task(do(journal, n))
            await asyncio.sleep(1 / REQUESTS_PER_S)


async def do(journal: Journal, n: int) -> None:
    match n % 5:
        case 0:
            await journal.upload(f"name{n:04}.txt", f"Words of file {n}.".encode())
        case 1:
            await read(journal, "/conversations")
        case 2:
            await read(journal, "/search?q=words")
        case _:
            await journal.post_message(f"Message numeral{n}. Words under way.")


async def read(journal: Journal, path: str) -> None:
    answer = await journal.client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"


async def ask(client: httpx.AsyncClient) -> None:
    talk = (await client.post("/conversations", json={})).json()["id"]
    asked = {"content": "Where is the key?", "reply": {"model": "openai:fake", "abstain": False}}
    (await client.post(f"/conversations/{talk}/messages", json=asked)).raise_for_status()


def asked_of(vendor: Vendor) -> int:
    return sum(request["model"] == "fake" for request in vendor.requests)


async def restart_each(
    apis: list[Api], workers: list[Worker], vendor: Vendor, client: httpx.AsyncClient
) -> list[float]:
    """Restart one process after the other; return how long each took to end.

    The last worker to go has been told nothing yet by the model that it asked.
    """
    took_s: list[float] = []
    for api in apis:
        took_s.append(await api.stop())
        await api.start()
    first, last = workers
    took_s.append(await first.stop())
    vendor.script, before = (SILENT,), asked_of(vendor)
    for _ in range(RUNS):
        await ask(client)

    async def all_asked() -> bool:
        return asked_of(vendor) == before + RUNS

    await eventually(all_asked, within_s=100)
    took_s.append(await last.stop())
    vendor.script = (Reply(),)
    await start_all(workers)
    return took_s


@pytest.mark.skipif(not FULL, reason="eight starts of processes under load: `make faults`")
async def test_who_works_notices_no_restart(
    apis, api_environment, ada, resources, owner_connection
):
    async with (
        vendor_server(SILENT) as vendor,
        two_workers(
            owner_connection, api_environment | {"OPENAI_BASE_URL": vendor.base_url}
        ) as workers,
        Client([api.port for api in apis], ada.headers) as client,
    ):
        journal, enough = await open_journal(client), asyncio.Event()
        working = asyncio.create_task(work_on(journal, until=enough))
        took_s = [await restart_each(apis, workers, vendor, client) for _ in range(5)]
        enough.set()
        await working
        print(f"ended within {max(map(max, took_s)):.1f} s; {client.again} requests sent again")  # noqa: T201
        await journal.check()

        async def nothing_open() -> bool:
            open_ = "SELECT count(*) FROM job WHERE state <> 'done'"
            return await owner_connection.fetchval(open_) == 0

        await eventually(nothing_open, within_s=100)
        report = await examine(resources)
    assert max(map(max, took_s)) <= EXIT_S
    assert set(journal.statuses) <= {201, 202}
    assert report.healthy, report
    assert (
        await owner_connection.fetch("SELECT * FROM job WHERE attempts <> 1 AND kind <> 'title'")
        == []
    )
    states = await owner_connection.fetch("SELECT state, count(*) AS n FROM run GROUP BY 1")
    runs = RUNS * len(took_s)
    assert [tuple(row) for row in states] == [("complete", runs)]
    assert asked_of(vendor) == 2 * runs, "each was handed back once before its first word"
