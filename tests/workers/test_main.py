import asyncio
import signal
import sys

from tests.workers.made import job_row, make_file, worker_environment
from workers.drain import Terms
from workers.main import RETRY, working


async def until(owner, question: str, *, within_s: float = 100) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await owner.fetchval(question):
                return
            await asyncio.sleep(0.02)


async def test_the_process_works_beats_and_ends_at_sigterm(
    resources, owner_connection, scope, settings
):
    made = await make_file(owner_connection, resources, scope, b"The harbour opens at dawn.\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers.main",
        env=worker_environment(settings),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await until(owner_connection, "SELECT count(*) = 1 FROM heartbeat")
        await until(owner_connection, "SELECT bool_and(state = 'done') FROM job")
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    assert b"worker is ready" in output
    assert await owner_connection.fetchval("SELECT count(*) FROM heartbeat") == 0
    assert (await job_row(owner_connection, made.job_id))["attempts"] == 1


async def test_a_short_job_ends_and_nothing_new_begins_at_the_end(
    resources, owner_connection, scope, monkeypatch
):
    monkeypatch.setattr("workers.main.FINISH_S", 100.0)
    async with working(resources, Terms(RETRY, poll_s=0.05)):
        await make_file(owner_connection, resources, scope, b"The harbour opens at dawn.\n")
        await until(owner_connection, "SELECT bool_and(state <> 'queued') FROM job")
    await make_file(owner_connection, resources, scope, b"The tide turns at noon.\n")
    states = await owner_connection.fetch("SELECT state FROM job ORDER BY created_at")
    assert [row["state"] for row in states] == ["done", "queued"]
