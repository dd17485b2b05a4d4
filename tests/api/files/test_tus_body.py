import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from starlette.requests import ClientDisconnect

from api.files import tus_body
from api.files.tus_body import PartBody
from api.files.tus_headers import Checksum
from core.errors import InvalidInput, TooLarge, WrongChecksum

GOOD = Checksum("sha256", hashlib.sha256(b"ab").digest())


async def sent(*chunks: bytes | Exception) -> AsyncIterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


async def read(body: PartBody) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def test_a_body_is_counted():
    body = PartBody(sent(b"a", b"", b"b"), room=2, declared=2)
    assert (await read(body), body.size, body.is_cut) == (b"ab", 2, False)


@pytest.mark.parametrize("end", [(), (ClientDisconnect(),)], ids=["cleanly", "broken"])
async def test_a_body_that_ends_early_is_cut_and_counts_so_far(end):
    body = PartBody(sent(b"a", *end), room=9, declared=2)
    assert (await read(body), body.size, body.is_cut) == (b"a", 1, True)


async def test_a_body_over_its_room_is_refused_at_once_and_as_it_comes():
    for body in (PartBody(sent(), room=1, declared=2), PartBody(sent(b"a", b"b"), room=1)):
        with pytest.raises(TooLarge, match="the 1 bytes that the upload lacks"):
            await read(body)


async def test_a_checksum_speaks_for_the_whole_part():
    assert await read(PartBody(sent(b"a", b"b"), room=2, checksum=GOOD)) == b"ab"
    with pytest.raises(WrongChecksum):
        await read(PartBody(sent(b"a", b"c"), room=2, checksum=GOOD))
    with pytest.raises(InvalidInput, match="cut off"):
        await read(PartBody(sent(b"a", ClientDisconnect()), room=2, checksum=GOOD))


async def test_silence_is_as_good_as_a_cut(monkeypatch):
    monkeypatch.setattr(tus_body, "SILENT_S", 0.01)

    async def silent() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    body = PartBody(silent(), room=9)
    assert (await read(body), body.is_cut) == (b"a", True)
