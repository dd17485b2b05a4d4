"""What is fetched is public or let in, at every step of the way, and bounded."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from core import fetching
from core.errors import InvalidInput
from core.fetching import MOST_REDIRECTS, fetched

DOCUMENT = (200, {"Content-Type": "text/plain; charset=utf-8"}, b"words")
Answers = Mapping[str, tuple[int, dict[str, str], bytes]]


@asynccontextmanager
async def site(answers: Answers) -> AsyncGenerator[str]:
    """A server with one answer for each path; yields its host and port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        status, headers, body = answers[path]
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield "127.0.0.1:%d" % server.sockets[0].getsockname()[1]  # noqa: UP031
    finally:
        server.close()


async def read(url: str, *inside: str) -> tuple[str, bytes]:
    async with fetched(url, inside=frozenset(inside)) as found:
        return found.name, b"".join([chunk async for chunk in found.content])


async def test_a_document_is_read_and_named():
    named = {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="a.pdf"',
    }
    coded = {"Content-Disposition": "attachment; filename*=UTF-8''K%C3%BCche.txt"}
    answers = {
        "/notes/b%20c.txt?x=1": DOCUMENT,
        "/": DOCUMENT,
        "/named": (200, named, b"%PDF"),
        "/coded": (200, coded, b""),
    }  # fmt: skip
    async with site(answers) as host:
        found = [await read(f"http://{host}{path}", host) for path in answers]
    assert found == [
        ("b c.txt", b"words"), ("127.0.0.1", b"words"), ("a.pdf", b"%PDF"), ("Küche.txt", b""),
    ]  # fmt: skip


async def test_a_redirect_is_followed_and_judged_anew():
    async with site({"/a": DOCUMENT}) as other:
        answers = {
            "/near": (302, {"Location": "/b"}, b""),
            "/b": (307, {"Location": f"http://{other}/a"}, b""),
            "/inside": (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/again": (302, {"Location": "/again"}, b""),
        }  # fmt: skip
        async with site(answers) as host:
            assert await read(f"http://{host}/near", host, other) == ("near", b"words")
            for path, problem in (
                ("/near", "must use port 80 or 443"),
                ("/inside", "must be a public address"),
                ("/file", "is a whole http or https URL"),
                ("/again", f"leads on more than {MOST_REDIRECTS} times"),
            ):
                with pytest.raises(InvalidInput, match=problem):
                    await read(f"http://{host}{path}", host)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((404, {}, b""), "answered 404"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "came compressed"),
        ((200, {"Content-Type": "video/mp4"}, b"x"), "is no document \\(video/mp4\\)"),
    ],
    ids=["status", "compressed", "video"],
)
async def test_what_is_no_document_is_refused(answer, problem):
    async with site({"/": answer}) as host:
        with pytest.raises(InvalidInput, match=problem):
            await read(f"http://{host}/", host)


async def test_a_name_that_leads_inside_is_refused():
    async def inside(host: str, port: int):
        return [ip_address("8.8.8.8"), ip_address("10.0.0.1")]

    async def nowhere(host: str, port: int):
        raise OSError

    for resolve, problem in ((inside, "public address"), (nowhere, "host without an address")):
        with pytest.raises(InvalidInput, match=problem):
            async with fetched("https://example.org/", inside=frozenset(), resolve=resolve):
                pass


async def test_who_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]  # noqa: UP031
    with pytest.raises(InvalidInput, match=r"did not come|ReadTimeout"):
        await read(f"http://{host}/", host)
    server.close()
    with pytest.raises(InvalidInput, match="could not be reached"):
        await read(f"http://{host}/", host)
