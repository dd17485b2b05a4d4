import os
import time
from datetime import timedelta

import pytest

from app.blob_owner import adopt_blobs
from core.blobs import OWNER_KEY, new_key
from core.blobs_folder import FolderBlobs
from core.ids import new_id
from tests.workers.made import file_row, make_file, make_webhook, one
from workers.blob_care import KEEP, fail_missing, look_after, remove_orphans

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


async def test_what_is_not_ours_stays_in_the_store(resources, tmp_path):
    foreign = [tmp_path / "photos" / "2019" / "beach.jpg", tmp_path / "abc" / "de" / "0001"]
    for path in foreign:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"not a blob")
    store = FolderBlobs.open_folder(tmp_path)
    orphan = new_key(new_id())
    await store.put(orphan, one(b"half an upload"), limit_bytes=100)
    assert await remove_orphans(resources.worker, store, keep=AT_ONCE) == 1
    assert await store.stat(orphan) is None
    assert all(path.exists() for path in foreign)


async def test_the_worker_touches_nothing_in_the_store_of_another_installation(
    resources, owner_connection, scope, tmp_path
):
    store = FolderBlobs.open_folder(tmp_path)
    theirs, long_ago = new_key(new_id()), time.time() - 2 * KEEP.total_seconds()
    await store.put(theirs, one(b"theirs"), limit_bytes=100)
    os.utime(tmp_path / theirs, (long_ago, long_ago))
    await store.put(OWNER_KEY, one(b"another"), limit_bytes=100)
    made = await make_file(owner_connection, resources, scope, b"text")
    await look_after(resources.signin, resources.worker, store)
    assert await store.stat(theirs) is not None
    assert (await file_row(owner_connection, made.file_id))["state"] != "failed"
    await adopt_blobs(resources.signin, store)
    await look_after(resources.signin, resources.worker, store)
    assert await store.stat(theirs) is None
    assert (await file_row(owner_connection, made.file_id))["state"] == "failed"
