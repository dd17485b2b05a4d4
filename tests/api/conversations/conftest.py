"""Whom the tests of conversations are about: Ada, whose workspace it is, and Bob, who is a member of it."""

import pytest

from tests.make import make_colleague, make_scope


@pytest.fixture
async def ada(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def bob(owner_connection, ada):
    return await make_colleague(owner_connection, ada)


@pytest.fixture
async def mine(signed_in, ada):
    """What Ada asks by."""
    return await signed_in(ada)


@pytest.fixture
async def his(signed_in, bob):
    """What Bob asks by."""
    return await signed_in(bob)
