import asyncio
import os
import signal
import sys
from contextlib import aclosing

import psutil
import pytest

from ingest.confine import ARCHITECTURES
from ingest.extract.segment import Segment, Unreadable
from ingest.formats import PDF, TEXT
from ingest.frames import Finished
from ingest.sandbox_process import ChildDied, Limits, missing_controls, read_in_child
from tests.ingest.make_files import make_pdf, show, write

LONG = (
    "line of text\n" * 40_000
)  # more than a pipe holds, so that a child is still alive when looked at


async def frames_of(path, media_type, *, first=0, limits=None):
    return [
        frame
        async for frame in read_in_child(path, media_type, first=first, limits=limits or Limits())
    ]


def children():
    return set(psutil.Process().children())


async def test_a_file_comes_as_frames_and_leaves_no_process(tmp_path):
    path = write(tmp_path, b"text")
    before = children()
    assert await frames_of(path, TEXT) == [Segment(0, None, None, "text\n"), Finished(None)]
    assert children() <= before


async def test_a_child_reads_its_share_of_pages(tmp_path):
    path = write(tmp_path, make_pdf([show(str(n)) for n in range(5)]))
    frames = await frames_of(path, PDF, first=1, limits=Limits(pages_per_child=2))
    assert frames == [
        Segment(1, 2, None, "1\n", 5),
        Segment(2, 3, None, "2\n", 5),
        Finished(3),
    ]


async def test_a_refusal_is_the_last_frame(tmp_path):
    (frame,) = await frames_of(write(tmp_path, b"\0"), TEXT)
    assert isinstance(frame, Unreadable)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (signal.SIGSEGV, "reader_crashed"),
        (signal.SIGKILL, "reader_crashed"),
        (signal.SIGXCPU, "too_slow"),
        (signal.SIGABRT, "too_large"),
    ],
)
async def test_a_killed_child_is_told_from_a_finished_one(tmp_path, sent, code):
    path = write(tmp_path, LONG.encode())
    before = children()
    async with aclosing(read_in_child(path, TEXT, first=0, limits=Limits())) as frames:
        await anext(frames)
        (child,) = children() - before
        child.send_signal(sent)
        with pytest.raises(ChildDied) as death:
            [frame async for frame in frames]
    assert death.value.code == code


async def test_who_stops_listening_leaves_no_process(tmp_path):
    path = write(tmp_path, LONG.encode())
    before = children()
    async with aclosing(read_in_child(path, TEXT, first=0, limits=Limits())) as frames:
        await anext(frames)
        assert children() - before
    assert children() <= before


async def test_a_cancelled_reading_leaves_no_process(tmp_path):
    path = write(tmp_path, LONG.encode())
    before = children()
    reading = asyncio.create_task(frames_of(path, TEXT, limits=Limits(wall_s=60)))
    while children() <= before:  # noqa: ASYNC110  a process says nothing when it begins
        await asyncio.sleep(0.001)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert children() <= before


async def test_a_child_has_no_environment_and_a_session_of_its_own(tmp_path):
    path = write(tmp_path, LONG.encode())
    before = children()
    os.environ["RECOLLECT_TEST_SECRET"] = "x"
    try:
        async with aclosing(read_in_child(path, TEXT, first=0, limits=Limits())) as frames:
            await anext(frames)
            (child,) = children() - before
            assert "RECOLLECT_TEST_SECRET" not in child.environ()
            assert os.getsid(child.pid) == child.pid
            assert str(tmp_path) not in " ".join(child.cmdline())
    finally:
        del os.environ["RECOLLECT_TEST_SECRET"]


async def test_wall_clock_time_is_limited(tmp_path):
    with pytest.raises(ChildDied) as death:
        await frames_of(write(tmp_path, b"text"), TEXT, limits=Limits(wall_s=0.001))
    assert death.value.code == "too_slow"


async def test_a_slow_consumer_costs_the_child_nothing(tmp_path):
    path = write(tmp_path, LONG.encode())
    count = 0
    async for _ in read_in_child(path, TEXT, first=0, limits=Limits(wall_s=5)):
        await asyncio.sleep(0.16)
        count += 1
    assert count * 0.16 > 5


@pytest.mark.skipif(sys.platform != "linux", reason="parent death signal: Linux")
async def test_a_child_does_not_outlive_its_parent(tmp_path):
    path = write(tmp_path, LONG.encode())
    script = (
        "import asyncio, os, psutil, signal\n"
        "from pathlib import Path\n"
        "from ingest.sandbox_process import Limits, read_in_child\n"
        "async def main():\n"
        f"    frames = read_in_child(Path({str(path)!r}), 'text/plain', first=0, limits=Limits())\n"
        "    await anext(frames)\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await parent.communicate()
    async with asyncio.timeout(60):
        while psutil.pid_exists(int(printed)):  # noqa: ASYNC110  nor, to a stranger, when it ends
            await asyncio.sleep(0.01)


async def test_says_which_controls_the_machine_lacks():
    complete = sys.platform == "linux" and os.uname().machine in ARCHITECTURES
    assert (await missing_controls() == []) == complete
