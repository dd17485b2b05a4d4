"""The pipeline's tools on the test's resources, and a file whose job is ours."""

import pytest

from ingest.pipeline import Tools
from sql.fence import Fence
from tests.make import make_scope
from tests.workers.made import MadeFile, make_file
from workers.ledger import claim
from workers.tools import make_work


@pytest.fixture
def tools(resources) -> Tools:
    return make_work(resources).tools


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def made(resources, owner_connection, scope) -> MadeFile:
    data = b"The harbour opens at dawn.\n"
    return await make_file(owner_connection, resources, scope, data, name="notes.md")


@pytest.fixture
async def fence(resources, made) -> Fence:
    """The lease of the file's job, for as long as a test takes."""
    claimed = await claim(resources.worker, "ingest_file")
    assert claimed is not None
    return Fence(resources.worker, claimed.workspace_id, claimed.job_ids, claimed.token)
