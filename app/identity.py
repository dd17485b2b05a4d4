"""Which user a child runs as, and what that user can reach. PostgreSQL refuses root, so root lends it another user."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from core.errors import StartFailed

# A user made for the purpose, else the one that every system has.
LENT_USERS = ("recollect", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and group of a process."""

    uid: int
    gid: int


def ourselves() -> Identity:
    return Identity(os.geteuid(), os.getegid())


def database_identity() -> Identity:
    """Return who runs PostgreSQL: ourselves, or the lent user when we are root."""
    if os.geteuid() != 0:
        _require_entry(os.geteuid())
        return ourselves()
    for name in LENT_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise StartFailed(
        "PostgreSQL refuses to run as root and there is no other user to lend it: useradd recollect"
    )


def reachable(path: Path, who: Identity) -> bool:
    """Return whether `who` may pass through every folder above `path` that exists."""
    return all(_may_pass(folder, who) for folder in path.absolute().parents if folder.exists())


def _may_pass(folder: Path, who: Identity) -> bool:
    found = folder.stat()
    if found.st_uid == who.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == who.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _require_entry(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise StartFailed(
            f"User id {uid} has no entry in /etc/passwd, which PostgreSQL's initdb needs: "
            "run as a named user, or name a server in DATABASE_URL"
        ) from None
