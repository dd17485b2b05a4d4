"""What several search tests look through."""

import pytest

from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message


@pytest.fixture
async def fruit(resources, owner_connection):
    """A workspace with two messages, embedded."""
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    for content in ("red apples", "green pears"):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
    await embed_all(resources, owner_connection, scope)
    return scope
