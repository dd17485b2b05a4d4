"""A worker's work on the test's resources, and the queue looked at after each test."""

from functools import partial

import pytest

from app.shared_key import WEBHOOK_KEY, shared_key
from tests.make import make_scope
from tests.receiver import receiving
from workers.tools import make_work
from workers.webhooks import Calling


@pytest.fixture
def work(resources):
    return make_work(resources)


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def receiver():
    """A server that webhooks call."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def calling(resources, receiver) -> Calling:
    key = partial(shared_key, resources.signin, name=WEBHOOK_KEY)
    return Calling(resources.app, resources.redis, key, frozenset({receiver.named}))
