"""F20 where bytes go straight into the S3 store: cut, of other content, sent or completed twice, ended meanwhile.

They end as the announced bytes once, or as nothing; and after collection the store holds what a file names.
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.blobs import BlobStore
from core.errors import Unavailable
from tests.api.files.test_direct_uploads import begin, in_s3, store  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)
from tests.faults.counts import times
from tests.workers.made import one
from workers.blob_care import remove_orphans
from workers.upload_care import remove_expired

SIZE = 200_000
CLEAN = {200, 202, 204, 400, 403, 404, 409, 423}


@dataclass(frozen=True)
class Sender:
    """Somebody who was told where to put these bytes, and the store itself."""

    client: httpx.AsyncClient
    path: str
    url: str
    headers: dict[str, str]
    key: str
    data: bytes
    store: BlobStore

    async def send(self, data: bytes) -> int:
        headers = {**self.headers, "Content-Length": str(len(data))}
        async with httpx.AsyncClient(timeout=60) as outside:
            return (await outside.put(self.url, content=data, headers=headers)).status_code

    async def right(self, _: random.Random) -> int:
        return await self.send(self.data)

    async def other_content(self, _: random.Random) -> int:
        return await self.send(self.data[::-1])

    async def other_length(self, random_: random.Random) -> int:
        return await self.send(self.data[: random_.randrange(SIZE)])

    async def cut(self, random_: random.Random) -> int:
        """Promise all of it, and hang up in the middle."""
        url = httpx.URL(self.url)
        _, writer = await asyncio.open_connection(url.host, url.port)
        headers = {**self.headers, "Host": f"{url.host}:{url.port}"}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        writer.write(
            "\r\n".join([f"PUT {url.raw_path.decode()} HTTP/1.1", *lines, "", ""]).encode()
        )
        writer.write(self.data[: random_.randrange(SIZE)])
        await writer.drain()
        writer.transport.abort()
        return 400

    async def behind_its_back(self, random_: random.Random) -> int:
        """Put something else there, as a store would keep it that checks nothing."""
        data = random_.randbytes(random_.choice((10, SIZE)))
        with suppress(Unavailable):  # somebody else put there at the same moment, which is noticed
            await self.store.put(self.key, one(data), limit_bytes=SIZE)
        return 200

    async def complete(self, _: random.Random) -> int:
        return (await self.client.post(f"{self.path}/complete")).status_code

    async def end(self, _: random.Random) -> int:
        return (await self.client.delete(self.path)).status_code


@pytest.fixture
async def sender(ada, in_s3, store, owner_connection) -> Sender:  # noqa: F811  (the fixtures)
    data = random.Random(20).randbytes(SIZE)
    begun = (await begin(ada, data)).json()
    put = begun["put"]
    key = await owner_connection.fetchval("SELECT parts[1] FROM upload")
    return Sender(
        ada, f"/api/direct-uploads/{begun['id']}", put["url"], put["headers"], key, data, store
    )


@pytest.fixture
def check(in_s3, resources, store, owner_connection):  # noqa: F811  (the fixtures)
    """One file of these bytes, or none; and after collection no object that nothing names."""

    async def check(data: bytes, *, files: int) -> None:
        found = await owner_connection.fetch("SELECT sha256 FROM file_version")
        assert [row["sha256"] for row in found] == [hashlib.sha256(data).digest()] * files
        assert await owner_connection.fetchval("SELECT count(*) FROM job") == files
        await owner_connection.execute("UPDATE upload SET expires_at = now() - interval '1 s'")
        await remove_expired(resources.worker, in_s3.staging, store)
        await remove_orphans(resources.worker, store, keep=timedelta(days=-1))
        later = datetime.now(UTC) + timedelta(days=1)
        keys = {row["key"] for row in await owner_connection.fetch("SELECT key FROM blob")}
        assert {key async for key in store.list_older_than(later)} == keys

    return check


Act = Callable[[Sender, random.Random], Awaitable[int]]
ACTS: tuple[Act, ...] = (
    Sender.right, Sender.right, Sender.other_content, Sender.other_length, Sender.cut,
    Sender.behind_its_back, Sender.complete, Sender.complete,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(times(5, full=60)))
async def test_any_schedule_of_two_senders_ends_as_the_bytes_once(sender, check, seed):
    random_ = random.Random(seed)
    for _ in range(4):
        acts = random_.choices(ACTS, k=2)
        assert {*await asyncio.gather(*(act(sender, random_) for act in acts))} <= CLEAN
    await sender.right(random_)
    assert await sender.complete(random_) in {200, 202}
    assert await sender.complete(random_) == 200
    await check(sender.data, files=1)


@pytest.mark.parametrize("seed", range(times(5, full=60)))
async def test_any_schedule_with_an_end_in_it_leaves_the_bytes_once_or_nothing(sender, check, seed):
    random_ = random.Random(seed)
    if random_.random() < 0.7:
        await sender.right(random_)

    async def later(act: Act) -> int:
        await asyncio.sleep(random_.random() * 0.05)
        return await act(sender, random_)

    acts = (Sender.complete, Sender.end, Sender.complete, random_.choice(ACTS))
    statuses = await asyncio.gather(*map(later, acts))
    assert set(statuses) <= CLEAN
    assert await sender.complete(random_) == 404
    await check(sender.data, files=min(statuses.count(202), 1))
