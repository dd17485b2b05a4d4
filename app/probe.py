"""Questions to a TCP port of this machine: is it free, does it serve. Small enough to need no HTTP client."""

import asyncio
import errno
import socket

from core.errors import StartFailed

PROBE_TIMEOUT_S = 5.0


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


def require_free_port(host: str, port: int) -> None:
    """Refuse an address that the API could not listen on, before anything is started."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except socket.gaierror as error:
        raise StartFailed(f"BIND={host} is no address of a machine: {error.strerror}") from error
    except OSError as error:
        raise StartFailed(_refused(host, port, error)) from error


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: choose another one, for example PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return (
            f"Port {port} is for root only: choose one above 1023, for example PORT=4512 make run"
        )
    return f"BIND={host} is no address of this machine ({error.strerror}): use 127.0.0.1 or 0.0.0.0"


async def answers_ok(host: str, port: int, path: str) -> bool:
    """Return whether GET `path` is answered with 200."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except OSError:  # a TimeoutError too
        return False
