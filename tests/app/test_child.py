import asyncio
import signal
import subprocess
import sys

import pytest

from app import child as child_module
from app.child import Command, command_line, end_leftover, open_log, read_pid, spawn, until_ready

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
IGNORES_TERM = (
    sys.executable,
    "-u",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)",
)


async def nothing_yet() -> bool:
    return False


async def test_a_child_writes_to_its_log_and_ends_with_its_code(tmp_path):
    argv = (
        sys.executable,
        "-c",
        "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)",
    )
    child = await spawn(Command("x", argv, log=tmp_path / "logs" / "x.log"))
    assert await child.wait() == 3
    assert sorted((tmp_path / "logs" / "x.log").read_text().split()) == ["err", "out"]


async def test_stopping_asks_first_and_forgets_the_pid_file(tmp_path):
    child = await spawn(Command("x", SLEEPS, pid_file=tmp_path / "x.pid"))
    assert read_pid(tmp_path / "x.pid") == child.pid
    await child.stop()
    assert (child.process.returncode, child.running) == (-signal.SIGTERM, False)
    assert not (tmp_path / "x.pid").exists()


async def test_a_child_that_does_not_listen_is_killed():
    child = await spawn(Command("x", IGNORES_TERM), output=subprocess.PIPE)
    assert child.process.stdout is not None
    assert await child.process.stdout.readline() == b"ready\n"
    await child.stop(timeout_s=0.1)
    assert child.process.returncode == -signal.SIGKILL


async def test_waiting_ends_when_the_child_does():
    child = await spawn(Command("x", (sys.executable, "-c", "")))
    assert not await until_ready(child, nothing_yet, timeout_s=30)


async def test_a_child_that_is_never_ready_is_stopped():
    child = await spawn(Command("x", SLEEPS))
    assert not await until_ready(child, nothing_yet, timeout_s=0.2)
    assert not child.running


async def test_a_start_that_is_called_off_leaves_no_child():
    child = await spawn(Command("x", SLEEPS))
    waiting = asyncio.create_task(until_ready(child, nothing_yet, timeout_s=30))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not child.running


async def test_a_leftover_of_ours_is_ended(tmp_path):
    async def has_become_itself() -> bool:
        return "launch.py" not in command_line(child.pid)

    pid_file = tmp_path / "x.pid"
    child = await spawn(Command("x", (*SLEEPS, str(tmp_path)), pid_file=pid_file))
    assert await until_ready(child, has_become_itself, timeout_s=60)
    ending = asyncio.create_task(asyncio.to_thread(end_leftover, pid_file, mark=str(tmp_path)))
    assert await child.wait() == -signal.SIGTERM
    await ending
    assert not pid_file.exists()


@pytest.mark.parametrize("text", ["1", "", "not a number", "999999999"])
def test_a_pid_that_went_to_somebody_else_is_left_alone(tmp_path, text):
    pid_file = tmp_path / "x.pid"
    pid_file.write_text(text)
    end_leftover(pid_file, mark="surely nobody's command line")
    assert not pid_file.exists()
    assert command_line(1) != "" or sys.platform != "linux"


def test_a_long_log_makes_room_for_a_new_one(tmp_path, monkeypatch):
    log = tmp_path / "x.log"
    log.write_bytes(b"x" * 11)
    monkeypatch.setattr(child_module, "LOG_BYTES", 10)
    child_module.os.close(open_log(log))
    assert (log.stat().st_size, (tmp_path / "x.1.log").stat().st_size) == (0, 11)
