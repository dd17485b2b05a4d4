"""What is in a watched folder now, and what that asks for: a look, and a plan made of two looks and what is known.

No notices of the system are needed, so network folders are watched as well as others. Links are left out, so nothing outside
the folder comes in; hidden files too. A file counts as written when two looks find it alike, and as gone when two do not find
it; what lies in a folder that cannot be read is neither.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Paths = tuple[str, ...]  # relative to the watched folder, with / between their parts


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells a changed file without reading it."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Known:
    """A file that the server has, as it was when it was sent."""

    file_id: str
    sha256: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Look:
    """The files of a folder; `unread` are the folders in it that could not be listed."""

    files: Mapping[str, Seen]
    unread: Paths = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`check` may be new or changed, `gone` were sent once and are no more."""

    check: Paths
    gone: Paths


def look(root: Path) -> Look:
    """List the folder; OSError when it cannot be listed at all."""
    files: dict[str, Seen] = {}
    unread: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            for path, entry in _entries(root, folder):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    files[path] = _seen(entry.stat(follow_symlinks=False))
        except OSError:
            if not folder:
                raise
            unread.append(folder)
    return Look(files, tuple(unread))


def plan(known: Mapping[str, Known], before: Look, now: Look) -> Plan:
    """Return what two looks in a row agree on."""
    settled = [path for path, seen in now.files.items() if before.files.get(path) == seen]
    check = [path for path in settled if path not in known or known[path].seen != now.files[path]]
    gone = [path for path in known if not any(_may_hold(one, path) for one in (before, now))]
    return Plan(tuple(sorted(check)), tuple(sorted(gone)))


def is_mass(gone: int, of: int, *, over_percent: float, at_least: int) -> bool:
    """Say whether so many deletions look like a mistake, or like a disk that is not there."""
    return gone >= at_least and gone * 100 > of * over_percent


def _may_hold(one: Look, path: str) -> bool:
    return path in one.files or any(path.startswith(f"{folder}/") for folder in one.unread)


def _entries(root: Path, folder: str) -> "Iterator[tuple[str, os.DirEntry[str]]]":
    with os.scandir(root / folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield f"{folder}/{entry.name}" if folder else entry.name, entry


def _seen(stat: os.stat_result) -> Seen:
    return Seen(stat.st_size, stat.st_mtime_ns, stat.st_ino)
