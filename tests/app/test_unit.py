import asyncio
import os
import signal
import sys
from dataclasses import replace
from functools import partial

import pytest

from app.child import Command, command_line
from app.unit import (
    EXIT_START_FAILED,
    FIRST_DELAY_S,
    HEALTHY_AFTER_S,
    LAST_DELAY_S,
    Unit,
    kept,
    next_delay,
    start_program,
)
from core.errors import StartFailed

# Told to stop, it waits until two others are: one after the other would wait for ever.
STOPS_WITH_THE_OTHERS = """
import signal, sys, time
from pathlib import Path
folder = Path({0!r})
def stop(*_):
    (folder / "{1}.asked").touch()
    while len(list(folder.glob("*.asked"))) < 3:
        time.sleep(0.02)
    print("all asked")
    sys.exit()
signal.signal(15, stop)
print("begun")
time.sleep(600)
"""


def unit(tmp_path, code, name="program"):
    command = Command(name, (sys.executable, "-u", "-c", code))
    return Unit(name, partial(start_program, command, log_file=tmp_path / f"{name}.log"), 5.0)


def unexpected(error):
    raise AssertionError(error)


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the other side is a process
            await asyncio.sleep(0.02)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


async def test_what_dies_is_started_again_until_nobody_needs_it(tmp_path):
    code = "import os, time; print(os.getpid()); time.sleep(60)"
    log = tmp_path / "program.log"
    async with kept([unit(tmp_path, code)], on_failure=unexpected) as [program]:
        await until(lambda: len(lines(log)) == 1)
        assert lines(log) == [str(program.child.pid)]
        os.kill(program.child.pid, signal.SIGKILL)
        await until(lambda: len(lines(log)) == 2)
        second = int(lines(log)[1])
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


async def test_a_program_that_says_no_is_reported_at_its_first_end(tmp_path):
    failures = asyncio.Queue()
    code = f"import sys; print('why'); sys.exit({EXIT_START_FAILED})"
    async with kept([unit(tmp_path, code)], on_failure=failures.put_nowait):
        error = await asyncio.wait_for(failures.get(), 60)
    assert (type(error), str(error)) == (
        StartFailed,
        "program cannot run as things are: its last lines say why",
    )


async def test_a_program_that_keeps_ending_is_reported_too(tmp_path):
    failures = asyncio.Queue()
    async with kept([unit(tmp_path, "")], on_failure=failures.put_nowait):
        await asyncio.wait_for(failures.get(), 60)
        assert failures.empty()


async def test_a_start_that_fails_later_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("app.unit.LAST_DELAY_S", 0.01)
    starts = []

    async def start():
        starts.append(1)
        if len(starts) in {2, 3}:
            raise StartFailed("the disk is full")
        code = "import time; time.sleep(60)" if len(starts) > 3 else ""
        return await unit(tmp_path, code).start()

    async with kept([Unit("program", start, 5.0)], on_failure=unexpected):
        await until(lambda: len(starts) == 4)


async def test_a_start_that_fails_at_once_stops_what_was_started_before(tmp_path):
    async def fail():
        raise StartFailed("no")

    first = unit(tmp_path, "import os, time; print(os.getpid()); time.sleep(60)")
    with pytest.raises(StartFailed):
        async with kept([first, Unit("second", fail, 5.0)], on_failure=unexpected):
            pass
    assert [command_line(int(pid)) for pid in lines(tmp_path / "program.log")] in ([], [""])


async def test_units_stop_even_when_the_body_never_waits(tmp_path):
    """The keeper's task was cancelled before its first step, and the program stayed behind."""
    async with kept([unit(tmp_path, "import time; time.sleep(60)")], on_failure=unexpected) as [
        program
    ]:
        pass
    assert not program.child.running


async def test_units_stop_together(tmp_path):
    units = [
        unit(tmp_path, STOPS_WITH_THE_OTHERS.format(str(tmp_path), name), name) for name in "abc"
    ]
    async with kept([replace(one, stop_timeout_s=60) for one in units], on_failure=unexpected):
        await until(lambda: all(lines(tmp_path / f"{name}.log") for name in "abc"))
    assert [lines(tmp_path / f"{name}.log")[1:] for name in "abc"] == [["all asked"]] * 3


async def test_lines_of_a_program_reach_both_outputs_whole(tmp_path, capfdbinary):
    code = "import sys; sys.stdout.write('x' * 200000 + '\\nlast without end')"
    program = await unit(tmp_path, code).start()
    await program.child.wait()
    await program.stop()
    assert [len(line) for line in lines(tmp_path / "program.log")] == [
        200000,
        len("last without end"),
    ]
    # Within: a service of this test session may write a line of its own before or behind it.
    assert (tmp_path / "program.log").read_bytes() in capfdbinary.readouterr().out


def test_the_delay_doubles_up_to_a_bound_and_starts_over_after_a_healthy_life():
    delays = [FIRST_DELAY_S]
    for _ in range(6):
        delays.append(next_delay(delays[-1], lived_s=0.1))
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, LAST_DELAY_S, LAST_DELAY_S]
    assert next_delay(LAST_DELAY_S, lived_s=HEALTHY_AFTER_S) == FIRST_DELAY_S
