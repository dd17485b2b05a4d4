import os
from collections.abc import AsyncIterator

import pytest

from app.embedded_s3 import start_s3
from core.blobs import S3Place, new_key
from core.blobs_s3 import open_s3
from core.errors import StartFailed, Unavailable
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


def test_the_secret_is_not_in_the_places_words():
    assert "a secret" not in repr(S3Place("http://localhost", "recollect", **KEYS))
