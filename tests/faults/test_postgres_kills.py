"""F3 on the whole product, reduced: kill -9 of the postmaster and of one backend under some fifty writes a second."""

import asyncio
import os
import signal

import asyncpg
import httpx
import pytest

from tests.faults.journal import Journal, open_journal
from tests.faults.product import Product, eventually, signed_up

pytestmark = pytest.mark.timeout(600)
WRITES_PER_S = 50
BACK_S = 100


async def write_for(journal: Journal, seconds: float, *, part: str) -> None:
    """Send writes at a fixed rate, whether the earlier ones were answered or not; end when all are."""
    async with asyncio.TaskGroup() as sending:
        for n in range(int(seconds * WRITES_PER_S)):
            if n % 5 == 4:
                work = journal.upload(f"{part}{n}.txt", f"Words of file {part}{n}.".encode())
            else:
                work = journal.post_message(f"Message {part}{n}. Words under way.")
            sending.create_task(work)
            await asyncio.sleep(1 / WRITES_PER_S)


async def kill_a_writing_backend(product: Product) -> None:
    """One backend's death makes the postmaster end all others and recover."""
    connection = await asyncpg.connect(product.database_url())
    pid = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'recollect-app' LIMIT 1"
    )
    os.kill(pid, signal.SIGKILL)
    connection.terminate()


async def answers(product: Product) -> bool:
    try:
        connection = await asyncpg.connect(product.database_url(), timeout=20)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def serves(client: httpx.AsyncClient) -> bool:
    return (await client.get("/conversations")).is_success


async def test_no_acknowledged_write_is_lost_when_postgresql_is_killed(product):
    async with signed_up(product, "ada") as client:
        journal = await open_journal(client)
        writing = asyncio.create_task(write_for(journal, 4, part="first"))
        await asyncio.sleep(1)
        await kill_a_writing_backend(product)
        await asyncio.sleep(1.5)
        pid = product.pid("postgres")
        product.kill("postgres")
        await product.another("postgres", than=pid)
        await eventually(lambda: answers(product), within_s=BACK_S)
        await eventually(lambda: serves(client), within_s=BACK_S)
        await writing
        assert journal.statuses[503] > 0, "nobody noticed"
        assert set(journal.statuses) <= {0, 201, 202, 503}
        await journal.check()
        doctor = product.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
