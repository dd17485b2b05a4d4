"""A disk of its own under a folder (tmpfs), that can be made to end and be given space again; where mounting is not permitted, a skip."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOMY_BYTES = 2 * 2**30  # a promise; memory is taken for what is written only


@dataclass(frozen=True, slots=True)
class SmallDisk:
    folder: Path

    def leave(self, free_bytes: int) -> None:
        """Have so much space be left, from now on."""
        stat = os.statvfs(self.folder)
        used_bytes = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
        self._resize(max(used_bytes + free_bytes, stat.f_frsize))  # 0 would be no end at all

    def grow(self) -> None:
        self._resize(ROOMY_BYTES)

    def _resize(self, size_bytes: int) -> None:
        _mount("-o", f"remount,size={size_bytes}", str(self.folder))


@contextmanager
def small_disk(folder: Path) -> Generator[SmallDisk]:
    """Lend a disk mounted at `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={ROOMY_BYTES},mode=1777", "none", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk of its own cannot be mounted here: {error}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)
