import asyncio
import os
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest

from app.embedded_postgres import start_postgres
from core.errors import StartFailed

QUICK = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture(scope="module")
def folder(home):
    made = Path(tempfile.mkdtemp(prefix="pg ", dir=home))
    made.chmod(0o755)
    return made / "postgres"


async def ask(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_data_survive_a_restart_and_no_socket_stays(folder):
    first = await start_postgres(folder, options=QUICK)
    await ask(first.url, "CREATE TABLE kept AS SELECT 'ÄÖ' AS word")
    await first.stop()
    assert list((folder / "socket").iterdir()) == []
    second = await start_postgres(folder, options=QUICK)
    try:
        assert await ask(second.url, "SELECT lower(word) FROM kept") == "äö"
    finally:
        await second.stop()


async def test_the_server_is_tuned_and_has_no_port(folder):
    server = await start_postgres(folder, options=QUICK)
    names = (
        "jit",
        "synchronous_commit",
        "shared_buffers",
        "listen_addresses",
        "unix_socket_permissions",
    )
    try:
        found = [await ask(server.url, f"SHOW {name}") for name in names]
        assert found == ["off", "on", "16MB", "", "0700"]
        assert (
            await ask(server.url, "SELECT current_user || '@' || current_database()")
            == "recollect@recollect"
        )
    finally:
        await server.stop()


async def test_a_second_start_in_the_same_folder_is_refused(folder):
    server = await start_postgres(folder, options=QUICK)
    try:
        with pytest.raises(StartFailed, match=f"in use by process {os.getpid()}"):
            await start_postgres(folder, options=QUICK)
    finally:
        await server.stop()


async def test_after_kill_9_of_the_server_the_next_start_recovers(folder):
    server = await start_postgres(folder, options=QUICK)
    held = await asyncpg.connect(server.url)
    await held.execute("CREATE TABLE committed AS SELECT 1 AS n")
    os.kill(server.child.pid, signal.SIGKILL)
    await server.child.wait()
    await server.stop()
    again = await start_postgres(folder, options=QUICK)
    try:
        assert await ask(again.url, "SELECT n FROM committed") == 1
    finally:
        held.terminate()
        await again.stop()


async def test_a_server_left_by_a_killed_supervisor_is_ended_first(folder):
    """Where nothing tells a child of its parent's death it goes on running, without the lock."""
    left = await start_postgres(folder, options=QUICK)
    os.close(left.lock)
    again = await start_postgres(folder, options=QUICK)
    try:
        assert await asyncio.wait_for(left.child.wait(), 60) == 0
        assert await ask(again.url, "SELECT 1") == 1
    finally:
        await again.stop()


async def test_a_stale_pid_that_went_to_another_program_is_no_obstacle(folder):
    await (await start_postgres(folder, options=QUICK)).stop()
    pid_file = folder / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder / 'data'}\n")
    server = await start_postgres(folder, options=QUICK)
    await server.stop()


async def test_a_setting_that_the_server_refuses_is_quoted(folder):
    with pytest.raises(
        StartFailed, match=r"PostgreSQL did not start: .*shared_buffers.*see .*postgres.log"
    ):
        await start_postgres(folder, options={"shared_buffers": "much"})
