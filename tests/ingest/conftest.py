"""The pipeline's tools on the test's resources."""

import pytest

from ingest.pipeline import Tools
from tests.make import make_scope
from workers.tools import make_work


@pytest.fixture
def tools(resources) -> Tools:
    return make_work(resources).tools


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)
