import asyncio
import socket
from contextlib import nullcontext

import pytest

from api.main import create_app
from api.serve import Server, listen
from core.errors import StartFailed


async def test_a_server_answers_and_ends_its_streams_with_the_signal(resources):
    app = create_app(nullcontext(resources))
    server = Server(app, trusted_proxies="127.0.0.1")
    listening = listen("127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        answer = await ask(
            listening, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        head = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        assert await ask(listening, head, cut=True) == b""
        after = await ask(
            listening, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 60)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nserver:" not in answer.lower()
    assert after.endswith(b'{"status":"alive"}')
    assert app.state.streams.closing.is_set()


@pytest.mark.parametrize(("trusted", "cookie"), [("127.0.0.1", b"__Host-"), ("192.0.2.9", b"")])
async def test_what_a_proxy_says_of_tls_is_believed_of_those_trusted_only(
    resources, owner_connection, trusted, cookie
):
    server = Server(create_app(nullcontext(resources)), trusted_proxies=trusted)
    listening = listen("127.0.0.1", 0)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    body = b'{"email": "ada@example.org", "password": "correct horse battery"}'
    head = (
        b"Host: recall.example.org\r\nOrigin: https://recall.example.org\r\nX-Forwarded-Proto: https\r\n"
        b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    try:
        made = await ask(listening, b"POST /api/auth/register HTTP/1.1\r\n" + head + body)
        signed_in = await ask(listening, b"POST /api/auth/login HTTP/1.1\r\n" + head + body)
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 60)
    if cookie:
        assert made.startswith(b"HTTP/1.1 201")
        assert b"set-cookie: " + cookie + b"recollect_session=" in signed_in
    else:
        assert made.startswith(b"HTTP/1.1 403")
        assert b"another site" in signed_in


async def ask(listening: socket.socket, request: bytes, *, cut: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection(*listening.getsockname()[:2])
    writer.write(request)
    await writer.drain()
    answer = b"" if cut else await reader.read()
    writer.close()
    return answer


def test_a_taken_port_is_said_with_the_remedy():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(StartFailed, match=f"Port {port} is taken.*PORT={port + 1}"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_in_one_line():
    with pytest.raises(StartFailed, match=r"Cannot listen on 192\.0\.2\.1:0"):
        listen("192.0.2.1", 0)
