import asyncio
import socket

import pytest

from app.probe import answers_ok, free_ports, require_free_port
from core.errors import StartFailed
from tests.ports import own_port


def test_a_taken_port_is_named_with_the_next_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"Port {port} is taken.*PORT={port + 1} make run"):
            require_free_port("127.0.0.1", port)


def test_a_free_port_passes():
    port = own_port()
    require_free_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host"])
def test_an_address_that_is_not_ours_is_named(host):
    with pytest.raises(StartFailed, match=f"BIND={host} is no address"):
        require_free_port(host, 4512)


def test_free_ports_are_different_ones():
    assert len(set(free_ports(10))) == 10


@pytest.mark.parametrize(
    ("status", "expected"), [(b"200 OK", True), (b"503 Busy", False), (b"", False)]
)
async def test_only_200_is_ok(status, expected):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /readyz HTTP/1.0\r\n")
        writer.write(b"HTTP/1.0 " + status + b"\r\n\r\n" if status else b"")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await answers_ok("127.0.0.1", port, "/readyz") is expected


async def test_nobody_there_is_not_ok():
    assert not await answers_ok("127.0.0.1", own_port(), "/readyz")
