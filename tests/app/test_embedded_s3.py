import io

import pytest
from minio import Minio, S3Error

from app.embedded_s3 import start_s3


def client(server, secret_key):
    return Minio(
        server.endpoint.removeprefix("http://"), server.access_key, secret_key, secure=False
    )


async def test_it_stores_objects_for_those_who_have_the_key(tmp_path):
    server = await start_s3(tmp_path / "s 3", access_key="reader", secret_key="long-enough-secret")
    try:
        owner = client(server, server.secret_key)
        owner.make_bucket("files")
        owner.put_object("files", "a/b", io.BytesIO(b"words"), 5)
        with owner.get_object("files", "a/b") as found:
            assert found.read() == b"words"
        with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
            client(server, "wrong").list_buckets()
    finally:
        await server.stop()
    assert not (tmp_path / "s 3" / "weed.pid").exists()
    assert (tmp_path / "s 3" / "security.toml").stat().st_mode & 0o777 == 0o600
