"""Blobs in an S3 store, by the `minio` client; any server of plain S3 calls will do.

The client blocks, so it runs in a bounded set of threads; bytes cross over a short queue in both directions, and an upload
holds two parts at most. Every call is retried by urllib3 for connection errors and 5xx before it becomes Unavailable.
"""

import asyncio
import hashlib
import queue
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeVar, cast
from urllib.parse import SplitResult, parse_qs, urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from core.blobs import (
    READ_BYTES,
    BlobStat,
    Presigned,
    S3Place,
    Stored,
    is_key,
    limited,
    missing,
)
from core.errors import PermanentFailure, RecollectError, StartFailed, StorageFull, Unavailable
from core.presign import Signer

THREADS: Final = 8  # uploads and downloads at a time; more wait
PART_BYTES: Final = (
    8 * 2**20
)  # S3 wants >= 5 MiB; an upload holds one part and what the next one has so far
QUEUED_BUFFERS: Final = 4
_ABSENT = {"NoSuchKey", "NoSuchObject"}
_FULL = {"EntityTooLarge", "InsufficientStorage", "XMinioStorageFull", "QuotaExceeded"}
P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def open_s3(place: S3Place) -> AsyncGenerator["S3Blobs"]:
    """Connect, and make the bucket when it is absent."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="blobs") as threads:
        store = S3Blobs(_client(place), place, threads)
        await store.ensure_bucket()
        try:
            yield store
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _client(place: S3Place) -> Minio:
    address = _address("S3_ENDPOINT", place.endpoint)
    if place.direct_endpoint:
        _address("S3_DIRECT_ENDPOINT", place.direct_endpoint)
    http = urllib3.PoolManager(
        maxsize=THREADS,
        timeout=urllib3.Timeout(connect=5, read=60),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )
    secure = address.scheme == "https"
    return Minio(
        address.netloc, place.access_key, place.secret_key, secure=secure, http_client=http
    )


def _address(setting: str, url: str) -> SplitResult:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise StartFailed(f"{setting} must be a URL such as https://s3.example.org, not {url}")
    return address


class S3Blobs:
    """Blobs as objects of one bucket."""

    def __init__(self, client: Minio, place: S3Place, threads: ThreadPoolExecutor) -> None:
        self._client = client
        self._place = place
        self._bucket = place.bucket
        self._threads = threads

    @property
    def direct(self) -> "S3Blobs | None":
        return self if self._place.direct_endpoint else None

    async def ensure_bucket(self) -> None:
        if not await self._call(self._client.bucket_exists, self._bucket):
            await self._call(self._client.make_bucket, self._bucket)

    async def put(self, key: str, stream: AsyncIterator[bytes], *, limit_bytes: int) -> Stored:
        pipe = _Pipe(asyncio.get_running_loop())
        upload = asyncio.ensure_future(self._call(self._upload, key, pipe))
        upload.add_done_callback(lambda _: pipe.open_wide())
        whole = False
        try:
            async for buffer in limited(stream, limit_bytes=limit_bytes):
                await pipe.feed(buffer)
                if upload.done():
                    break
            else:
                whole = True
        finally:
            pipe.end(whole=whole)
            await asyncio.wait({upload})
            failure = upload.exception()
        if failure is not None:
            raise failure
        await self._check(key, pipe.stored)
        return pipe.stored

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        if end is not None and end <= start:
            return
        length = 0 if end is None else end - start
        response = await self._call(self._client.get_object, self._bucket, key, start, length)
        try:
            while data := await self._call(response.read, READ_BYTES):
                yield data
        finally:
            response.close()
            response.release_conn()

    async def stat(self, key: str) -> BlobStat | None:
        try:
            found = await self._call(self._client.stat_object, self._bucket, key)
        except PermanentFailure:
            return None
        assert found.size is not None
        assert found.last_modified is not None
        return BlobStat(found.size, found.last_modified)

    async def delete(self, key: str) -> None:
        await self._call(self._client.remove_object, self._bucket, key)

    async def list_older_than(self, when: datetime) -> AsyncIterator[str]:
        listed = self._client.list_objects(self._bucket, recursive=True)
        while True:
            page = await self._call(
                lambda: [found for _, found in zip(range(1000), listed, strict=False)]
            )
            if not page:
                return
            for found in page:
                key = found.object_name or ""
                if found.last_modified and found.last_modified < when and is_key(key):
                    yield key

    def local_path(self, key: str) -> Path | None:
        del key
        return None

    async def presign_put(
        self, key: str, *, size_bytes: int, sha256: bytes, valid_s: int
    ) -> Presigned:
        place = self._place
        # The client knows the store's region, and tells it in what it signs itself.
        known = await self._call(self._client.presigned_get_object, place.bucket, key)
        region = parse_qs(urlsplit(known).query)["X-Amz-Credential"][0].split("/")[2]
        signer = Signer(place.access_key, place.secret_key, region)
        url = f"{(place.direct_endpoint or place.endpoint).rstrip('/')}/{place.bucket}/{key}"
        now = datetime.now(UTC)
        return signer.put(url, size_bytes=size_bytes, sha256=sha256, at=now, valid_s=valid_s)

    async def copy(self, source: str, target: str) -> None:
        await self._call(
            self._client.copy_object, self._bucket, target, CopySource(self._bucket, source)
        )

    async def _check(self, key: str, stored: Stored) -> None:
        """Ask the store what it kept: behind a proxy a success may be half of an object."""
        kept = await self.stat(key)
        if kept is None or kept.size_bytes != stored.size_bytes:
            await self.delete(key)
            raise Unavailable("The S3 store did not keep all bytes that it was sent.")

    def _upload(self, key: str, pipe: "_Pipe") -> None:
        # -1: the length is not known; parts go one after the other, so memory holds one and the beginning of the next
        self._client.put_object(
            self._bucket,
            key,
            cast("BinaryIO", pipe),
            -1,
            part_size=PART_BYTES,
            num_parallel_uploads=1,
        )

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
        except (MinioException, HTTPError, OSError) as error:
            raise _as_ours(error) from error


class _Pipe(RawIOBase):
    """Bytes on their way from the loop to the uploading thread, hashed there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._room = asyncio.Semaphore(QUEUED_BUFFERS)
        self._buffers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = memoryview(b"")
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._whole = True

    @property
    def stored(self) -> Stored:
        return Stored(self._hash.digest(), self._size_bytes)

    async def feed(self, buffer: bytes) -> None:
        await self._room.acquire()
        self._buffers.put(buffer)

    def end(self, *, whole: bool) -> None:
        self._whole = whole
        self._buffers.put(None)

    def open_wide(self) -> None:
        """Let a feeder go that waits for a reader which has gone."""
        self._room.release()

    def read(self, size: int = -1) -> bytes:
        """Return exactly `size` bytes, fewer only at the end: the client joins short reads slowly."""
        parts: list[memoryview] = []
        wanted = size
        while wanted and self._fill():
            part, self._rest = self._rest[:wanted], self._rest[wanted:]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _fill(self) -> bool:
        if self._rest:
            return True
        buffer = self._buffers.get()
        if buffer is None:
            self._buffers.put(None)  # the client asks again after the end
            if not self._whole:
                raise OSError("the upload was cut")
            return False
        self._hash.update(buffer)
        self._size_bytes += len(buffer)
        self._rest = memoryview(buffer)
        self._loop.call_soon_threadsafe(self._room.release)
        return True


def _as_ours(error: Exception) -> RecollectError:
    if isinstance(error, S3Error) and error.code in _ABSENT:
        return missing()
    if isinstance(error, S3Error) and error.code in _FULL:
        return StorageFull("The S3 store has no space left.")
    said = error.code if isinstance(error, S3Error) else type(error).__name__
    return Unavailable(f"The S3 store did not answer as it should ({said}).", retry_after_s=5)
