"""Folders of the embedded services: private ones, locked ones, and short names for the sockets in deep ones."""

import fcntl
import hashlib
import os
import shutil
import stat
from pathlib import Path

from app.identity import Identity, ourselves
from core.errors import StartFailed

# A unix socket's path must fit sockaddr_un: 104 bytes on macOS and 108 on Linux, the final NUL included.
SOCKET_PATH_BYTES = 103
MIB = 1 << 20
# initdb takes 45 MB and the first WAL segments 32 MB; below this a start would only fail later and less clearly.
MIN_FREE_BYTES = 200 * MIB


def socket_in(folder: Path, name: str) -> Path:
    """Return the path of a unix socket in `folder`, or in its short stand-in when that path is too long."""
    path = folder.absolute() / name
    return path if len(os.fsencode(path)) <= SOCKET_PATH_BYTES else short_folder(folder) / name


def short_folder(folder: Path) -> Path:
    """Return the short name that stands in for `folder`, the same one each time; whoever uses it makes it private."""
    digest = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:12]
    return Path("/tmp") / f"recollect-{os.geteuid()}-{digest}"


def private_folder(path: Path, owner: Identity) -> Path:
    """Make `path` a folder that only `owner` may enter; refuse one that somebody else has put there."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.uid}:
        raise StartFailed(f"{path} belongs to somebody else: remove it, or set RECOLLECT_HOME")
    if (found.st_uid, found.st_gid) != (owner.uid, owner.gid):
        os.chown(path, owner.uid, owner.gid)
    path.chmod(0o700)
    return path


def claim_folder(folder: Path) -> int:
    """Make our own private folder and lock it."""
    private_folder(folder, ourselves())
    return lock_folder(folder)


def lock_folder(folder: Path) -> int:
    """Return a descriptor that holds the folder until it is closed, by us or by our death."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode() or "another process"
        os.close(descriptor)
        raise StartFailed(
            f"{folder} is in use by process {holder}: stop that one, or set RECOLLECT_HOME and PORT for a second copy"
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def require_space(folder: Path, *, min_bytes: int = MIN_FREE_BYTES) -> None:
    """Refuse a disk that is full before anything is half written to it."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < min_bytes:
        raise StartFailed(
            f"The disk of {folder} is full ({free_bytes // MIB} MiB free, {min_bytes // MIB} needed): "
            "free some space, or set RECOLLECT_HOME to a folder on another disk"
        )
