"""A worker's work on the test's resources, and the queue looked at after each test."""

import pytest

from tests.make import make_scope
from workers.tools import make_work


@pytest.fixture
def work(resources):
    return make_work(resources)


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)
