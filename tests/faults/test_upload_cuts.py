"""F20: resumable uploads that are cut, doubled, lied about and ended meanwhile end as the same bytes once, or as nothing.

The seed stands in a test's name; `pytest -k 'two_senders and file-17'` runs one alone. Both ways of keeping parts are tried.
"""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO

import httpx
import pytest
from tusclient import client as tus
from tusclient.uploader.uploader import Uploader

from core.blobs import OWNER_KEY
from core.staging import PieceStaging
from tests.api.serving import served
from tests.faults.counts import times
from workers.blob_care import remove_orphans
from workers.upload_care import remove_expired

pytestmark = pytest.mark.timeout(300)
VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}
SIZE = 400_000
CUTS = 20
CLEAN = {204, 400, 404, 409, 413, 423, 460}


@dataclass(frozen=True)
class Sender:
    """Somebody with an upload under way, and a line that can be cut."""

    client: httpx.AsyncClient
    path: str
    data: bytes

    async def offset(self) -> int | None:
        """Return how much has arrived; None when the upload is gone."""
        while True:
            answer = await self.client.head(self.path, headers=VERSION)
            if answer.status_code != 423:
                break
            await asyncio.sleep(0.02)
        return int(answer.headers["upload-offset"]) if answer.status_code == 200 else None

    async def send(self, start: int, data: bytes, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = {**PART, "Upload-Offset": str(start), **named}
        return (await self.client.patch(self.path, headers=asked, content=data)).status_code

    async def send_cut(self, start: int, length: int) -> None:
        """Promise all the rest, send `length` bytes of it and hang up."""
        url = self.client.base_url
        _, writer = await asyncio.open_connection(url.host, url.port)
        rest = self.data[start:]
        headers = {**PART, **dict(self.client.headers), "host": "x", "Upload-Offset": str(start)}
        lines = [f"{k}: {v}" for k, v in {**headers, "Content-Length": str(len(rest))}.items()]
        writer.write("\r\n".join([f"PATCH {self.path} HTTP/1.1", *lines, "", ""]).encode())
        with suppress(ConnectionError):
            writer.write(rest[:length])
            await writer.drain()
        writer.transport.abort() if length % 2 else writer.close()

    async def finish(self) -> None:
        """Go on from where it is, as a client does, until it is whole or gone."""
        while (offset := await self.offset()) is not None and offset < len(self.data):
            if await self.send(offset, self.data[offset:]) == 423:
                await asyncio.sleep(0.02)


@pytest.fixture(params=["file", "pieces"])
async def line(request, app, ada, resources) -> AsyncGenerator[httpx.AsyncClient]:
    """A client over a real socket, of a server that keeps parts in this way."""
    api = app.state.api
    if request.param == "pieces":
        staging = PieceStaging(resources.blobs, piece_bytes=2**20)
        app.state.api = replace(api, resources=replace(resources, staging=staging))
    headers = {name: ada.headers[name] for name in ("authorization", "x-workspace")}
    async with served(app) as url, httpx.AsyncClient(base_url=url, headers=headers) as client:
        yield client
    app.state.api = api


async def begin(line: httpx.AsyncClient, data: bytes) -> Sender:
    name = base64.b64encode(b"a.bin").decode()
    headers = {**VERSION, "Upload-Length": str(len(data)), "Upload-Metadata": f"filename {name}"}
    answer = await line.post("/api/v1/uploads", headers=headers)
    return Sender(line, answer.headers["location"], data)


@pytest.fixture
def check(resources, owner_connection):
    """One file of these bytes, or none; and after collection no byte that nothing names."""

    async def check(data: bytes, *, files: int) -> None:
        found = await owner_connection.fetch("SELECT sha256 FROM file_version")
        assert [row["sha256"] for row in found] == [hashlib.sha256(data).digest()] * files
        assert await owner_connection.fetchval("SELECT count(*) FROM job") == files
        await owner_connection.execute("UPDATE upload SET expires_at = now() - interval '1 s'")
        await remove_expired(resources.worker, resources.staging, resources.blobs)
        at_once = timedelta(seconds=-60)
        await remove_orphans(resources.worker, resources.blobs, keep=at_once)
        root = resources.settings.blob_dir
        kept = {path for path in root.rglob("*") if path.is_file()} - {root / OWNER_KEY}
        keys = {row["key"] for row in await owner_connection.fetch("SELECT key FROM blob")}
        named = {path.relative_to(root).as_posix() for path in kept}
        assert named == keys

    return check


@pytest.mark.parametrize("seed", [20])
async def test_cut_at_twenty_offsets_and_resumed(line, check, seed):
    random_ = random.Random(seed)
    sender = await begin(line, random_.randbytes(SIZE))
    seen = 0
    for _ in range(CUTS):
        await sender.send_cut(seen, random_.randrange(min(40_000, SIZE - seen)))
        now = await sender.offset()
        assert now is not None
        assert seen <= now <= SIZE
        seen = now
    await sender.finish()
    await check(sender.data, files=1)


async def cut(sender: Sender, at: int, random_: random.Random) -> int:
    await sender.send_cut(at, random_.randrange(100_000))
    return 400


async def right(sender: Sender, at: int, random_: random.Random) -> int:
    return await sender.send(at, sender.data[at : at + random_.randrange(1, 150_000)])


async def whole(sender: Sender, at: int, random_: random.Random) -> int:
    return await sender.send(at, sender.data[at:])


async def wrong_offset(sender: Sender, at: int, random_: random.Random) -> int:
    return await sender.send(at + random_.choice((-1, 1, 1000)), b"x" * 10)


async def lie(sender: Sender, at: int, random_: random.Random) -> int:
    return await sender.send(at, sender.data[at:] + b"x")


async def wrong_checksum(sender: Sender, at: int, random_: random.Random) -> int:
    digest = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    return await sender.send(at, sender.data[at : at + 50_000], Upload_Checksum=f"sha1 {digest}")


async def end(sender: Sender, at: int, random_: random.Random) -> int:
    return (await sender.client.delete(sender.path, headers=VERSION)).status_code


Act = Callable[[Sender, int, random.Random], Awaitable[int]]
ACTS: tuple[Act, ...] = (cut, right, right, whole, wrong_offset, lie, wrong_checksum)


@pytest.mark.parametrize("seed", range(times(6, full=60)))
async def test_any_schedule_of_two_senders_ends_as_the_bytes_once(line, check, seed):
    random_ = random.Random(seed)
    sender = await begin(line, random_.randbytes(SIZE))
    for _ in range(6):
        at = await sender.offset() or 0
        acts = random_.choices(ACTS, k=2)
        statuses = await asyncio.gather(*(act(sender, at, random_) for act in acts))
        assert set(statuses) <= CLEAN
    await sender.finish()
    assert await sender.send(SIZE, b"") == 204
    await check(sender.data, files=1)


@pytest.mark.parametrize("seed", range(times(4, full=60)))
async def test_any_schedule_with_an_end_in_it_leaves_the_bytes_once_or_nothing(line, check, seed):
    random_ = random.Random(seed)
    sender = await begin(line, random_.randbytes(SIZE))
    await sender.send(0, sender.data[: random_.randrange(1, SIZE)])
    at = await sender.offset() or 0

    async def later(act: Act) -> int:
        await asyncio.sleep(random_.random() * 0.02)
        return await act(sender, at, random_)

    statuses = await asyncio.gather(*map(later, (whole, end, whole)))
    assert set(statuses) <= CLEAN
    assert await sender.offset() is None
    await check(sender.data, files=min(statuses.count(204) - 1, 1))


async def test_of_two_parts_at_once_one_is_refused(line, check, owner_connection):
    sender = await begin(line, random.Random(1).randbytes(SIZE))
    inside = asyncio.Event()

    async def slow() -> AsyncGenerator[bytes]:
        yield sender.data[:1000]
        await inside.wait()
        yield sender.data[1000:]

    headers = {**PART, "Upload-Offset": "0"}
    first = asyncio.create_task(line.patch(sender.path, headers=headers, content=slow()))
    while not await owner_connection.fetchval("SELECT lock_id FROM upload"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    second = await sender.send(0, sender.data[:10])
    inside.set()
    assert (second, (await first).status_code) == (423, 204)
    await check(sender.data, files=1)


async def test_an_unmodified_client_goes_on_where_it_was(line, check):
    """tuspy, which is not ours, with a checksum for each part."""
    data = random.Random(5).randbytes(SIZE)
    headers = {name: line.headers[name] for name in ("authorization", "x-workspace")}
    client = tus.TusClient(f"{line.base_url}/api/uploads", headers=headers)

    def uploader(url: str | None = None) -> Uploader:
        return client.uploader(
            file_stream=BytesIO(data),
            chunk_size=90_000,
            metadata={"filename": "Küche.bin", "folder": "a/b"},
            upload_checksum=True,
            url=url,
        )

    def begin_and_stop() -> Uploader:
        begun = uploader()
        begun.upload(stop_at=180_000)
        return begun

    first = await asyncio.to_thread(begin_and_stop)
    second = await asyncio.to_thread(uploader, first.url)
    assert (first.offset, second.offset) == (180_000, 180_000)
    await asyncio.to_thread(second.upload)
    await check(data, files=1)
