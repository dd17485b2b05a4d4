"""Uploading 100 MB: how long after the last byte the answer comes, how much the API grows, beside copying the same file.

    .venv/bin/python -m bench.upload

The real API process over loopback, PostgreSQL and Valkey embedded, blobs in a folder on the same disk. The bytes are random,
each upload's its own, so that nothing is stored once for two. The copy is read, written and fsynced in 1 MB pieces. By tus the
bytes come as one part, and in parts of 8 MiB as the page sends them.
Prints a Markdown table: the median of ROUNDS.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.probe import free_ports
from sql.migrate import migrate

SIZE = 100_000_000
PIECE = 1 << 20
ROUNDS = 5
BOUNDARY = "bench-upload"


@dataclass(frozen=True, slots=True)
class Round:
    total_s: float
    after_last_byte_ms: float
    growth_mb: float


@dataclass(frozen=True, slots=True)
class Api:
    port: int
    process: psutil.Process
    token: str


async def main() -> None:
    with scratch_home() as home:
        async with running_api(home) as api:
            copies = [copy(home) for _ in range(ROUNDS)]
            raw = [await upload(api, home, multipart=False) for _ in range(ROUNDS)]
            form = [await upload(api, home, multipart=True) for _ in range(ROUNDS)]
            tus = [await upload_by_tus(api, part_bytes=SIZE) for _ in range(ROUNDS)]
            parts = [await upload_by_tus(api, part_bytes=8 * PIECE) for _ in range(ROUNDS)]
    print("| 100 MB | seconds | x copy | answer after the last byte, ms | API grew by, MB |")
    print("| --- | --- | --- | --- | --- |")
    copied_s = statistics.median(copies)
    print(f"| copied and fsynced | {copied_s:.2f} | 1 | - | - |")
    kinds = {"raw body": raw, "multipart": form, "tus, one part": tus, "tus, 8 MiB parts": parts}
    for kind, rounds in kinds.items():
        total_s = statistics.median(r.total_s for r in rounds)
        waited_ms = statistics.median(r.after_last_byte_ms for r in rounds)
        grown_mb = max(r.growth_mb for r in rounds)
        print(
            f"| {kind} | {total_s:.2f} | {total_s / copied_s:.1f} | {waited_ms:.0f} | {grown_mb:.1f} |"
        )


@contextmanager
def scratch_home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's PostgreSQL runs as another user
        yield Path(folder)


def copy(home: Path) -> float:
    source, target = home / "source", home / "target"
    source.write_bytes(os.urandom(SIZE))
    began = time.perf_counter()
    with source.open("rb") as reading, target.open("wb") as writing:
        while piece := reading.read(PIECE):
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    return time.perf_counter() - began


async def upload(api: Api, home: Path, *, multipart: bool) -> Round:
    data = await asyncio.to_thread(os.urandom, SIZE)
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'
    head, tail = (part.encode(), f"\r\n--{BOUNDARY}--\r\n".encode()) if multipart else (b"", b"")
    kind = f"multipart/form-data; boundary={BOUNDARY}" if multipart else "application/octet-stream"
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    before, peak = api.process.memory_info().rss, 0
    began = time.perf_counter()
    writer.write(
        f"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.token}\r\n"
        f"X-Filename: x.bin\r\nContent-Type: {kind}\r\nContent-Length: {len(head) + SIZE + len(tail)}\r\n\r\n".encode()
        + head
    )
    for at in range(0, SIZE, PIECE):
        writer.write(data[at : at + PIECE])
        await writer.drain()
        peak = max(peak, api.process.memory_info().rss)
    writer.write(tail)
    await writer.drain()
    sent = time.perf_counter()
    status = await reader.readline()
    answered = time.perf_counter()
    assert b" 202 " in status, status + await reader.read(2000)
    writer.close()
    peak = max(peak, api.process.memory_info().rss)
    return Round(answered - began, (answered - sent) * 1000, (peak - before) / 1e6)


async def upload_by_tus(api: Api, *, part_bytes: int) -> Round:
    data = await asyncio.to_thread(os.urandom, SIZE)
    sign_in = {"Authorization": f"Bearer {api.token}", "Tus-Resumable": "1.0.0"}
    begun = {"Upload-Length": str(SIZE), "Upload-Metadata": "filename eC5iaW4="}
    before, peak = api.process.memory_info().rss, 0
    url = f"http://127.0.0.1:{api.port}/api/uploads"
    sent = time.perf_counter()

    async def piece_by_piece(start: int) -> AsyncGenerator[bytes]:
        nonlocal peak, sent
        for at in range(start, min(start + part_bytes, SIZE), PIECE):
            yield data[at : min(at + PIECE, start + part_bytes)]
            peak = max(peak, api.process.memory_info().rss)
        sent = time.perf_counter()

    async with httpx.AsyncClient(headers=sign_in, timeout=60) as client:
        began = time.perf_counter()
        answer = await client.post(url, headers=begun)
        address = f"http://127.0.0.1:{api.port}{answer.headers['location']}"
        for start in range(0, SIZE, part_bytes):
            headers = {
                "Upload-Offset": str(start),
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(min(part_bytes, SIZE - start)),
            }
            answer = await client.patch(address, headers=headers, content=piece_by_piece(start))
            assert answer.status_code == 204, answer.text
        answered = time.perf_counter()
    peak = max(peak, api.process.memory_info().rss)
    return Round(answered - began, (answered - sent) * 1000, (peak - before) / 1e6)


@asynccontextmanager
async def running_api(home: Path) -> AsyncGenerator[Api]:
    postgres = await start_postgres(home / "postgres")
    valkey = await start_valkey(home / "valkey")
    await migrate(postgres.url)
    [port] = free_ports(1)
    env = {
        **os.environ, "RECOLLECT_HOME": str(home), "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url,
        "PORT": str(port), "EMBEDDER": "fake", "LOG_LEVEL": "WARNING", "REGISTRATION": "open",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "api.serve", env=env)
    try:
        yield Api(port, psutil.Process(process.pid), await register(port))
    finally:
        process.terminate()
        await process.wait()
        await valkey.stop()
        await postgres.stop()


async def register(port: int) -> str:
    person = {"email": "bench@example.org", "password": "a long pass phrase"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(200):
            try:
                await client.get("/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        (await client.post("/api/auth/register", json=person)).raise_for_status()
        answer = await client.post("/api/auth/login?token=true", json=person)
        warm = {"Authorization": f"Bearer {answer.json()['token']}", "X-Filename": "warm.txt"}
        (
            await client.post("/api/upload", content=os.urandom(8_000_000), headers=warm)
        ).raise_for_status()
        return str(answer.json()["token"])


if __name__ == "__main__":
    asyncio.run(main())
