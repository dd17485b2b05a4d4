"""A store of plain S3 calls on a port of its own, which fails as it is told: for F7, where the real one never does.

It keeps objects in memory and speaks what the client asks of a bucket: HEAD, GET with a range, PUT, DELETE; a list is always
empty. Left out: parts, signatures, chunked bodies.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["500", "503", "silence", "reset", "short", "wrong etag"]
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
LIST = (
    b"<ListBucketResult><Name>recollect</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
)
SILENT_S = 2.0


@dataclass(slots=True)
class FaultyS3:
    """`fault` befalls each request for an object with this probability; the rest is answered well."""

    random_: random.Random
    fault: Fault = "500"
    rate: float = 0.0
    port: int = 0
    befallen: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request, *lines = head.split("\r\n")
                method, path, _ = request.split(" ")
                named = {
                    k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)
                }
                body = await reader.readexactly(int(named.get("content-length", 0)))
                key = path.partition("?")[0].lstrip("/").partition("/")[2]
                if not await self._answer(writer, method, key, (named.get("range", ""), body)):
                    break
        writer.close()

    async def _answer(self, writer, method: str, key: str, asked: tuple[str, bytes]) -> bool:
        fault = self.fault if key and self.random_.random() < self.rate else None
        self.befallen += fault is not None
        if fault in ("500", "503"):
            code = {"500": "InternalError", "503": "SlowDown"}[fault]
            error = f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode()
            return _send(writer, int(fault), b"" if method == "HEAD" else error)
        if fault == "silence":
            await asyncio.sleep(SILENT_S)
            return False
        if not key:
            return _send(writer, 200, LIST if method == "GET" else b"")
        return await self._object(writer, method, key, (*asked, fault))

    async def _object(self, writer, method: str, key: str, asked: tuple[str, bytes, Fault | None]) -> bool:  # fmt: skip
        wanted, body, fault = asked
        if method == "PUT":
            if fault == "reset":
                writer.transport.abort()
                return False
            self.objects[key] = body[: len(body) // 2] if fault == "short" else body
            return _send(writer, 200, b"", etag="0" * 32 if fault == "wrong etag" else _etag(body))
        if method == "DELETE":
            self.objects.pop(key, None)
            return _send(writer, 204, b"")
        data = self.objects.get(key)
        if data is None:
            missing = b"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>"
            return _send(writer, 404, b"" if method == "HEAD" else missing)
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        part = data[int(start or 0) : int(end) + 1 if end else None]
        if method == "HEAD":
            return _send(writer, 200, b"", etag=_etag(data), size=len(data))
        return self._send_part(writer, part, fault)

    def _send_part(self, writer, part: bytes, fault: Fault | None) -> bool:
        half = part[: len(part) // 2]
        if fault == "reset":
            _send(writer, 200, half, size=len(part))
            return False
        if fault == "short":  # as a proxy ends a stream: cleanly, and too early
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + half)
            return False
        return _send(writer, 200, part, etag="0" * 32 if fault == "wrong etag" else _etag(part))


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _send(writer, status: int, body: bytes, *, etag: str = "", size: int | None = None) -> bool:
    length = len(body) if size is None else size
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nLast-Modified: {DATE}\r\n"
    writer.write(f'{head}ETag: "{etag}"\r\nContent-Type: application/xml\r\n\r\n'.encode() + body)
    return True


@asynccontextmanager
async def faulty_s3(seed: int) -> AsyncGenerator[FaultyS3]:
    store = FaultyS3(random.Random(seed))
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    store.port = server.sockets[0].getsockname()[1]
    async with server:
        yield store
