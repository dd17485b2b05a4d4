"""Real processes that hold as much memory as they are told to; how much the interpreter takes itself is measured."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from ingest.readers import Readers, resident_bytes

MB = 2**20
HOLD = "import sys; held = b'x' * int(sys.argv[1]); print(flush=True); sys.stdin.read()"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="sizes of processes: Linux")


@contextmanager
def holding(megabytes: int) -> Generator[subprocess.Popen[bytes]]:
    """A process that holds so much, in a group of its own."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD, str(megabytes * MB)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def watchers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "readers"}


@on_linux
def test_the_largest_is_ended_where_all_have_too_much_together():
    """Each alone would have less than they may have."""
    readers = Readers(200 * MB)
    with ExitStack() as stack:
        processes = [stack.enter_context(holding(size)) for size in (50, 90, 60)]
        watched = [stack.enter_context(readers.watched(each.pid)) for each in processes]
        assert processes[1].wait(30) < 0
        assert [each.was_ended for each in watched] == [False, True, False]
        assert [each.poll() is None for each in processes] == [True, False, True]


@on_linux
def test_one_that_began_small_is_ended_when_another_comes():
    readers = Readers(200 * MB)
    with holding(120) as first, readers.watched(first.pid) as early:
        with holding(140) as second, readers.watched(second.pid) as late:
            assert second.wait(30) < 0
        assert (early.was_ended, late.was_ended, first.poll()) == (False, True, None)


@on_linux
def test_nobody_watches_once_nobody_reads_and_somebody_as_soon_as_one_does():
    readers, others = Readers(200 * MB), watchers()
    for _ in range(2):
        with holding(1) as process, readers.watched(process.pid):
            (watcher,) = watchers() - others
        watcher.join(30)
        assert not watcher.is_alive()


@on_linux
def test_a_process_has_the_size_that_it_holds_and_none_when_it_is_gone():
    with holding(100) as process:
        assert 100 * MB < resident_bytes(process.pid) < 150 * MB
    assert resident_bytes(process.pid) == 0
    assert resident_bytes(os.getpid()) > 0
