import os
import signal

import pytest
from redis.asyncio import Redis

from app import embedded_valkey
from app.embedded_valkey import start_valkey
from core.errors import StartFailed


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "val key"


async def call(url, *words):
    async with Redis.from_url(url, decode_responses=True) as redis:
        return await redis.execute_command(*words)


async def test_what_was_written_survives_a_restart_and_no_socket_stays(folder):
    first = await start_valkey(folder)
    await call(first.url, "SET", "a", "1")
    await first.stop()
    assert not first.socket.exists()
    second = await start_valkey(folder)
    assert await call(second.url, "GET", "a") == "1"
    await second.stop()


async def test_it_keeps_all_keys_and_has_no_port(folder):
    server = await start_valkey(folder)
    expected = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    found = [await call(server.url, "CONFIG", "GET", name) for name in expected]
    assert found == [list(pair) for pair in expected.items()]
    assert server.socket.stat().st_mode & 0o777 == 0o700
    await server.stop()


async def test_after_kill_9_and_with_a_stale_socket_it_starts_again(folder):
    server = await start_valkey(folder)
    os.kill(server.child.pid, signal.SIGKILL)
    await server.child.wait()
    os.close(server.lock)
    again = await start_valkey(folder)
    assert await call(again.url, "PING") is True
    await again.stop()


async def test_a_server_left_by_a_killed_supervisor_is_ended_first(folder):
    left = await start_valkey(folder)
    os.close(left.lock)
    again = await start_valkey(folder)
    assert await left.child.wait() == 0
    assert await call(again.url, "PING") is True
    await again.stop()


async def test_a_deep_folder_works_and_its_short_one_goes(tmp_path):
    server = await start_valkey(tmp_path / ("deep" * 30))
    assert server.socket.parent.parent == embedded_valkey.Path("/tmp")
    assert await call(server.url, "PING") is True
    await server.stop()
    assert not server.socket.parent.exists()


async def test_a_broken_file_of_its_own_is_told(folder):
    await (await start_valkey(folder)).stop()
    [manifest] = (folder / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(StartFailed, match=r"Valkey did not start: .*see .*valkey.log"):
        await start_valkey(folder)
