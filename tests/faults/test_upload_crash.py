"""The API dies in the middle of a part: what it had acknowledged on the way is there, and the upload goes on."""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncGenerator

import httpx
import pytest

from core.staging import CHECKPOINT_BYTES
from tests.faults.product import eventually, signed_up

pytestmark = pytest.mark.timeout(600)  # a crash, a restart and a lease
DATA = random.Random(20).randbytes(CHECKPOINT_BYTES + 8_000_000)
VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}


async def begin(client: httpx.AsyncClient) -> str:
    name = base64.b64encode(b"a.bin").decode()
    headers = {"Upload-Length": str(len(DATA)), "Upload-Metadata": f"filename {name}"}
    answer = await client.post("/uploads", headers=VERSION | headers)
    return answer.headers["location"].removeprefix("/api/v1")


async def arrived(client: httpx.AsyncClient, path: str) -> int | None:
    """Return how much is there; None from an API that cannot say yet."""
    answer = await client.head(path, headers=VERSION)
    assert answer.status_code in (200, 423, 503), answer.status_code
    return int(answer.headers["upload-offset"]) if answer.status_code == 200 else None


async def most_of_it() -> AsyncGenerator[bytes]:
    at = CHECKPOINT_BYTES + 4_000_000
    yield DATA[:at]
    while True:  # a line that is silent for long counts as cut
        yield DATA[at : at + 1]
        at += 1
        await asyncio.sleep(0.2)


async def test_an_upload_goes_on_after_a_crash_of_the_api(product):
    async with signed_up(product, "ada") as client:
        path = await begin(client)
        headers = PART | {"Upload-Offset": "0"}
        sending = asyncio.create_task(client.patch(path, headers=headers, content=most_of_it()))

        async def past_the_first_stop() -> bool:
            return (await arrived(client, path) or 0) >= CHECKPOINT_BYTES

        await eventually(past_the_first_stop, within_s=60)
        pid = product.pid("api")
        product.kill("api")
        await asyncio.wait({sending})
        assert isinstance(sending.exception(), httpx.TransportError)
        await product.another("api", than=pid)

        async def went_on() -> bool:
            try:
                if (offset := await arrived(client, path)) is None:
                    return False
                rest = PART | {"Upload-Offset": str(offset)}
                answer = await client.patch(path, headers=rest, content=DATA[offset:])
            except httpx.TransportError:
                return False
            assert CHECKPOINT_BYTES <= offset < len(DATA)
            assert answer.status_code in (204, 423, 503), answer.text
            return answer.status_code == 204

        await eventually(went_on, within_s=110)
        file_id = (await client.head(path, headers=VERSION)).headers["x-file-id"]
        file = (await client.get(f"/files/{file_id}")).json()
        assert file["sha256"] == hashlib.sha256(DATA).hexdigest()
