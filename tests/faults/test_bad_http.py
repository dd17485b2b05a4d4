"""What no HTTP client of good manners sends: bodies that end early, lengths that lie, heads that are none."""

import asyncio

from core.blobs import OWNER_KEY
from tests.faults.product import eventually, signed_up

FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords'
CLOSE = b"Connection: close\r\n"


async def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes, close our half, return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def upload(token: bytes, *, more: bytes, body: bytes) -> bytes:
    head = b"POST /api/upload HTTP/1.1\r\nHost: x\r\nX-Filename: a.txt\r\n"
    return head + b"Authorization: Bearer " + token + b"\r\n" + more + b"\r\n" + body


def cut(token: bytes) -> list[bytes]:
    """Requests whose body is not whole."""
    form = b"Content-Type: multipart/form-data; boundary=b\r\n"
    json = b"POST /api/conversations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return [
        upload(token, more=b"Content-Length: 1000\r\n", body=b"a" * 500),
        upload(token, more=b"Content-Length: 99999999\r\n", body=b""),
        upload(token, more=form + b"Content-Length: 1000\r\n", body=FORM),
        upload(token, more=form + b"Content-Length: %d\r\n" % len(FORM), body=FORM),
        upload(token, more=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nwords\r\n"),
        upload(token, more=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nwords\r\nzz\r\n"),
        json + b"Authorization: Bearer " + token + b'\r\nContent-Length: 50\r\n\r\n{"title": "a',
    ]


def lying(token: bytes) -> list[bytes]:
    """Requests of which nobody can say where they end."""
    return [
        upload(token, more=b"Content-Length: -1\r\n", body=b"words"),
        upload(token, more=b"Content-Length: five\r\n", body=b"words"),
        upload(token, more=b"Content-Length: " + b"9" * 40 + b"\r\n", body=b"words"),
        upload(token, more=b"Content-Length: 5\r\nContent-Length: 9\r\n", body=b"words"),
        upload(token, more=b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", body=b"0\r\n\r\n"),
    ]  # fmt: skip


NOISE = [
    b"", b"\r\n\r\n", b"\0" * 1000, b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /api/search HTTP/1.1\r\n\r\n",
    b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
    b"GET /api/\xff\xfe HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", b"GET http://evil/api/search?q=a HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n",
    b"GET /api/search?q=\xff HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]  # fmt: skip


async def test_cut_and_lying_requests_leave_nothing_and_harm_nobody(product):
    async with signed_up(product, "ada") as client:
        token = client.headers["Authorization"].removeprefix("Bearer ").encode()
        answers = [
            await exchange(product.port, sent) for sent in [*cut(token), *lying(token), *NOISE]
        ]
        statuses = {answer.split(b" ", 2)[1] for answer in answers if answer}
        assert statuses <= {b"400", b"401", b"404", b"413", b"431", b"200"}, statuses

        async def nothing_is_kept() -> bool:
            listed = [await client.get(path) for path in ("/files", "/conversations", "/jobs")]
            kept = [item for answer in listed for item in answer.json()["items"]]
            blobs = product.home / "blobs"
            stored = [path for path in blobs.rglob("*") if path.is_file()]
            return not kept and stored == [blobs / OWNER_KEY]

        await eventually(nothing_is_kept, within_s=60)
        assert "failed to serve" not in product.log()
        sent = upload(token, more=b"Content-Length: 5\r\n", body=b"words and more words")
        answer = await exchange(product.port, sent)
        assert answer.split(b" ", 2)[1] in {b"202", b"400"}
        # What follows the five bytes is another request, and none; the first may have been served by then.
        files = (await client.get("/files")).json()["items"]
        assert [file["size_bytes"] for file in files] in ([], [5])
