import hashlib
import os
from collections.abc import AsyncIterator

import httpx
import pytest

from app.embedded_s3 import start_s3
from core.blobs import S3Place, new_key
from core.blobs_s3 import open_s3
from core.errors import PermanentFailure, StartFailed, Unavailable
from core.ids import new_id

KEYS = {"access_key": "test", "secret_key": "a secret of the test"}


async def many(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield os.urandom(1_000_000)


@pytest.mark.parametrize("endpoint", ["localhost:9000", "ftp://localhost", "https://", ""])
async def test_an_endpoint_that_is_no_url_is_refused_with_an_example(endpoint):
    with pytest.raises(StartFailed, match="S3_ENDPOINT must be a URL"):
        async with open_s3(S3Place(endpoint, "recollect", **KEYS)):
            pass


async def test_wrong_keys_are_unavailable_with_the_servers_code(tmp_path):
    server = await start_s3(tmp_path / "s3", **KEYS)
    try:
        wrong = S3Place(server.endpoint, "recollect", "test", "wrong")
        with pytest.raises(Unavailable, match=r"SignatureDoesNotMatch|AccessDenied"):
            async with open_s3(wrong):
                pass
    finally:
        await server.stop()


async def test_a_server_that_dies_during_an_upload_makes_it_unavailable(tmp_path):
    server = await start_s3(tmp_path / "s3", **KEYS)

    async def dying() -> AsyncIterator[bytes]:
        async for chunk in many(10):
            yield chunk
        await server.stop()
        async for chunk in many(30):
            yield chunk

    async with open_s3(S3Place(server.endpoint, "recollect", **KEYS)) as store:
        with pytest.raises(Unavailable):
            await store.put(new_key(new_id()), dying(), limit_bytes=10**9)


async def test_an_endpoint_for_clients_that_is_no_url_is_refused(tmp_path):
    place = S3Place("http://localhost:9000", "recollect", **KEYS, direct_endpoint="localhost:9000")
    with pytest.raises(StartFailed, match="S3_DIRECT_ENDPOINT must be a URL"):
        async with open_s3(place):
            pass


async def test_only_the_announced_bytes_can_be_put_and_they_can_be_copied(tmp_path):
    server = await start_s3(tmp_path / "s3", **KEYS)
    endpoint, data = server.endpoint, b"The harbour opens."
    sha256 = hashlib.sha256(data).digest()
    try:
        async with open_s3(S3Place(endpoint, "recollect", **KEYS)) as store:
            assert store.direct is None
        place = S3Place(endpoint, "recollect", **KEYS, direct_endpoint=f"{endpoint}/")
        async with open_s3(place) as store, httpx.AsyncClient() as client:
            door = store.direct
            assert door is not None
            source, target = new_key(new_id()), new_key(new_id())
            put = await door.presign_put(source, size_bytes=len(data), sha256=sha256, valid_s=60)
            for other in (data + b"!", b"y" * len(data)):
                headers = {**put.headers, "Content-Length": str(len(other))}
                refused = await client.put(put.url, content=other, headers=headers)
                assert refused.status_code in {400, 403}
            assert (await client.get(put.url)).status_code == 403
            assert await store.stat(source) is None
            taken = await client.put(put.url, content=data, headers=put.headers)
            assert taken.status_code == 200, taken.text
            await door.copy(source, target)
            assert b"".join([part async for part in store.open(target)]) == data
            with pytest.raises(PermanentFailure, match="are gone"):
                await door.copy(new_key(new_id()), target)
    finally:
        await server.stop()


def test_the_secret_is_not_in_the_places_words():
    assert "a secret" not in repr(S3Place("http://localhost", "recollect", **KEYS))
