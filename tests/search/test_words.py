import pytest

from search.statistics import refresh
from search.words import find_holders, read_words
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_message


@pytest.fixture
async def ada(resources, owner_connection):
    """A workspace whose owner wrote of ponies, and whose colleague of secrets."""
    ada = await make_scope(owner_connection)
    bob = await make_colleague(owner_connection, ada)
    for scope, content in ((ada, "O'Neill's ponies"), (bob, "secret ponies"), (bob, "a pony")):
        talk = await make_conversation(owner_connection, scope)
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
    async with resources.worker.tenant_tx(ada.workspace_id) as conn:
        await refresh(conn, ada.workspace_id)
    return ada


async def held_by(resources, scope, lexemes):
    async with resources.search.autocommit() as conn:
        return await find_holders(conn, scope, lexemes)


async def test_a_word_that_only_others_hold_is_not_told(resources, ada):
    held = await held_by(resources, ada, ["secret", "ponies", "nowhere", "neill", "pony"])
    assert [row.lexeme for row in held] == ["ponies", "neill"]


async def test_a_stem_is_told_as_the_words_it_stands_for(resources, ada):
    held = await held_by(resources, ada, ["poni", "neill"])
    async with resources.app.read_tx(ada) as conn:
        assert await read_words(conn, ada, held) == {"poni": ["ponies"], "neill": ["neill"]}


async def test_what_is_closed_between_both_looks_is_not_told(resources, owner_connection, ada):
    held = await held_by(resources, ada, ["ponies"])
    await owner_connection.execute("DELETE FROM access_grant")
    async with resources.app.read_tx(ada) as conn:
        assert await read_words(conn, ada, held) == {}
