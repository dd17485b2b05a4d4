from datetime import timedelta

import pytest

from core.blobs import new_key
from core.ids import new_id
from tests.workers.made import file_row, make_file, make_webhook, one
from workers.blob_care import fail_missing, remove_orphans

AT_ONCE = timedelta(seconds=-60)


@pytest.fixture
async def made(resources, owner_connection, scope):
    return await make_file(owner_connection, resources, scope, b"text")


async def test_bytes_without_a_row_go_after_a_day(resources, made):
    orphan = new_key(new_id())
    await resources.blobs.put(orphan, one(b"half an upload"), limit_bytes=100)
    assert await remove_orphans(resources.worker, resources.blobs) == 0
    assert await remove_orphans(resources.worker, resources.blobs, keep=AT_ONCE) >= 1
    assert await resources.blobs.stat(orphan) is None
    assert await resources.blobs.stat(made.key) is not None


async def test_bytes_that_no_file_names_lose_their_row_and_then_themselves(
    resources, owner_connection, made
):
    await owner_connection.execute("DELETE FROM item")
    await remove_orphans(resources.worker, resources.blobs, keep=AT_ONCE)
    assert await resources.blobs.stat(made.key) is not None
    await owner_connection.execute("UPDATE blob SET created_at = now() - interval '2 days'")
    await remove_orphans(resources.worker, resources.blobs, keep=AT_ONCE)
    assert await resources.blobs.stat(made.key) is None
    assert await owner_connection.fetchval("SELECT count(*) FROM blob") == 0


async def test_a_file_whose_bytes_are_gone_fails_visibly_and_is_told_once(
    resources, owner_connection, scope, made
):
    await make_webhook(owner_connection, scope, "http://127.0.0.1/hook")
    assert await fail_missing(resources.worker, resources.blobs) == 0
    await resources.blobs.delete(made.key)
    assert await fail_missing(resources.worker, resources.blobs) == 1
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["reason_code"]) == ("failed", "blob_missing")
    await fail_missing(resources.worker, resources.blobs)
    told = await owner_connection.fetch("SELECT kind, file_id, reason_code FROM file_event")
    assert [tuple(event) for event in told] == [("file.failed", made.file_id, "blob_missing")]
    assert await owner_connection.fetchval(
        "SELECT count(*) FROM job WHERE kind = 'call_file_webhook' AND state = 'queued'"
    ) == len(told)
    notices = await owner_connection.fetch("SELECT kind, item_id, account_id FROM notification")
    assert [tuple(row) for row in notices] == [("file.failed", made.file_id, scope.account_id)]
