from datetime import timedelta

import pytest

from core.blobs_folder import INCOMING
from core.ids import new_id
from core.staging import Staged
from tests.workers.made import one
from workers.upload_care import remove_expired

INSERT = (
    "INSERT INTO upload (workspace_id, id, account_id, name, folder, metadata, length_bytes, expires_at, completed_at)"
    " VALUES ($1, $2, $3, 'a', '', '', 4, now() + $4::interval, CASE WHEN $5 THEN now() END)"
)


@pytest.mark.parametrize(
    ("left", "is_complete", "wanted"),
    [(-1, False, (1, 0, False)), (1, False, (0, 1, True)), (-1, True, (0, 0, True))],
    ids=["expired", "young", "complete"],
)
async def test_what_nobody_goes_on_with_is_removed(
    resources, owner_connection, scope, left, is_complete, wanted
):
    staged = Staged(scope.workspace_id, new_id(), 4)
    async for _ in resources.staging.append(staged, one(b"text")):
        pass
    await owner_connection.execute(
        INSERT, scope.workspace_id, staged.id, scope.account_id, timedelta(hours=left), is_complete
    )
    removed = await remove_expired(resources.worker, resources.staging, resources.blobs)
    rows = await owner_connection.fetchval("SELECT count(*) FROM upload")
    there = (resources.settings.blob_dir / INCOMING / f"{staged.id}.part").exists()
    assert (removed, rows, there) == wanted
