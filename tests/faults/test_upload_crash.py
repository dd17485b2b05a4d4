"""The API dies in the middle of a part: what it had acknowledged on the way is there, and the upload goes on."""

import asyncio
import base64
import hashlib
import random

import httpx
import pytest

from core.staging import CHECKPOINT_BYTES
from tests.faults.product import eventually, signed_up

pytestmark = pytest.mark.timeout(600)  # a crash, a restart and a lease
DATA = random.Random(20).randbytes(CHECKPOINT_BYTES + 8_000_000)
VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}


async def test_an_upload_goes_on_after_a_crash_of_the_api(product):
    async with signed_up(product, "ada") as client:
        name = base64.b64encode(b"a.bin").decode()
        begun = {"Upload-Length": str(len(DATA)), "Upload-Metadata": f"filename {name}"}
        answer = await client.post("/uploads", headers=VERSION | begun)
        path = answer.headers["location"].removeprefix("/api/v1")

        async def arrived() -> int:
            return int((await client.head(path, headers=VERSION)).headers["upload-offset"])

        async def most_of_it():
            at = CHECKPOINT_BYTES + 4_000_000
            yield DATA[:at]
            while True:  # a line that is silent for long counts as cut
                yield DATA[at : at + 1]
                at += 1
                await asyncio.sleep(0.2)

        headers = PART | {"Upload-Offset": "0"}
        sending = asyncio.create_task(client.patch(path, headers=headers, content=most_of_it()))

        async def past_the_first_stop() -> bool:
            return await arrived() >= CHECKPOINT_BYTES

        await eventually(past_the_first_stop, within_s=60)
        pid = product.pid("api")
        product.kill("api")
        await asyncio.wait({sending})
        assert isinstance(sending.exception(), httpx.TransportError)
        await product.another("api", than=pid)

        async def went_on() -> bool:
            try:
                offset = await arrived()
                assert CHECKPOINT_BYTES <= offset < len(DATA)
                rest = PART | {"Upload-Offset": str(offset)}
                answer = await client.patch(path, headers=rest, content=DATA[offset:])
            except httpx.TransportError:
                return False
            assert answer.status_code in (204, 423, 503), answer.text
            return answer.status_code == 204

        await eventually(went_on, within_s=110)
        file_id = (await client.head(path, headers=VERSION)).headers["x-file-id"]
        file = (await client.get(f"/files/{file_id}")).json()
        assert file["sha256"] == hashlib.sha256(DATA).hexdigest()
