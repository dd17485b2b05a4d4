"""The children of this process that read files: how much memory they have together, and who has to read alone.

A small limit for each would be simpler and wrong: where an allocation fails, PDFium leaves pictures out and says nothing.
So they are watched. Where they have too much the largest is ended, and its file is read once more in the one seat for such files, whose
reader is bound by its own limit alone. Linux only (/proc); elsewhere each has that limit.
"""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Final

LOOK_S: Final = 0.02  # in which a reader takes 10 MB more at its fastest
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class NeedsMemory(Exception):
    """A reader was ended for the memory it took beside others; what it has sent is good, and its file is not at fault."""


@dataclass(eq=False, slots=True)
class Reader:
    pid: int
    was_ended: bool = False


class Readers:
    """Those that read side by side. Most files take 30 MB, pages with pictures 70 to 130."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._readers = set[Reader]()
        self._lock = Lock()
        self._is_watched = False

    @contextmanager
    def watched(self, pid: int) -> Generator[Reader]:
        """Watch a child, the leader of its group, while the block runs."""
        reader = Reader(pid)
        with self._lock:
            self._readers.add(reader)
            if not self._is_watched:
                self._is_watched = True
                Thread(target=self._watch, name="readers", daemon=True).start()
        try:
            yield reader
        finally:
            with self._lock:
                self._readers.discard(reader)

    def _watch(self) -> None:
        """Look for as long as anybody reads: in a thread, since memory does not wait for the event loop."""
        while self._look():
            time.sleep(LOOK_S)

    def _look(self) -> bool:
        with self._lock:
            self._is_watched = bool(self._readers)
            taken = {reader: resident_bytes(reader.pid) for reader in self._readers}
            if sum(taken.values()) > self.most_bytes:
                _end(max(taken, key=lambda reader: taken[reader]))
            return self._is_watched


def _end(reader: Reader) -> None:
    reader.was_ended = True
    with suppress(ProcessLookupError):
        os.killpg(reader.pid, signal.SIGKILL)


def resident_bytes(pid: int) -> int:
    """Return the memory that a process has now, 0 of one that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0
