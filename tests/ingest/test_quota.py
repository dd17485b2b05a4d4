import asyncio
from dataclasses import replace

import pytest

from api.files.tus_store import NewUpload, create_upload
from core.errors import TooLarge, Unavailable
from core.names import FileName
from ingest.quota import check_quota
from tests.make import make_colleague, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def reserve(resources, scope, size, quota):
    settings = resources.settings.model_copy(update={"workspace_quota_bytes": quota})
    limited = replace(resources, settings=settings)
    while True:
        try:
            return await create_upload(limited, scope, NewUpload(FileName("", "a"), size))
        except Unavailable:  # a slow machine's queue
            await asyncio.sleep(0.05)


async def test_without_a_quota_nothing_is_counted(resources, scope):
    async with resources.app.write_tx(scope) as conn:
        await check_quota(conn, scope, quota_bytes=None)


async def test_what_is_reserved_counts_for_the_whole_workspace(resources, scope, owner_connection):
    colleague = await make_colleague(owner_connection, scope)
    await reserve(resources, scope, 60, 100)
    with pytest.raises(TooLarge, match="20 too many"):
        await reserve(resources, colleague, 60, 100)
    await reserve(resources, colleague, 40, 100)
    stranger = await make_scope(owner_connection, "eve")
    await reserve(resources, stranger, 100, 100)


async def test_of_many_who_want_the_last_byte_one_gets_it(resources, scope, owner_connection):
    await reserve(resources, scope, 99, 100)
    asked = await asyncio.gather(
        *(reserve(resources, scope, 1, 100) for _ in range(8)), return_exceptions=True
    )
    refused = [type(answer) for answer in asked if isinstance(answer, Exception)]
    assert refused == [TooLarge] * 7
    held = await owner_connection.fetchval("SELECT sum(length_bytes) FROM upload")
    assert held == 100
