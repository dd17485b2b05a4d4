"""The whole search on real rows: what is found, by whom, in which order, and how it degrades."""

import pytest

from core.errors import InvalidInput
from search.answer import SearchRequest
from search.retrieve import retrieve
from tests.make import make_colleague, make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher

PENSION = "The pension plan pays a widow sixty percent of the retired employee's last salary."
GARDEN = "Tomatoes like warm soil and regular watering in the garden."
SERVER = "Restart the database server with systemctl after changing shared_buffers."


@pytest.fixture
async def library(resources, owner_connection):
    """Ada's workspace: one file of three pages, one conversation with a message; all embedded."""
    scope = await make_scope(owner_connection)
    file_id = await make_file(
        resources, owner_connection, scope, name="handbook.pdf", passages=[PENSION, GARDEN, SERVER]
    )
    talk = await make_conversation(owner_connection, scope, "Kitchen talk")
    message_id = await make_message(
        resources,
        owner_connection,
        scope,
        conversation_id=talk,
        content="Who watered the tomatoes?",
    )
    await embed_all(resources, owner_connection, scope)
    return scope, file_id, message_id


async def ask(resources, scope, q, **given):
    return await retrieve(make_searcher(resources), scope, SearchRequest(q=q, **given))


async def test_messages_and_files_come_in_one_list(resources, library):
    scope, file_id, message_id = library
    answer = await ask(resources, scope, "watering tomatoes")
    assert [(hit.type, hit.file_id, hit.message_id) for hit in answer.hits[:2]] == [
        ("file", file_id, None),
        ("message", None, message_id),
    ]
    assert answer.degraded == ()
    assert answer.hits[0].text == GARDEN
    assert answer.hits[0].location.pages == (2, 2)
    assert "lexical" in answer.hits[0].match and "semantic" in answer.hits[0].match


@pytest.mark.parametrize("mode", ["lexical", "semantic", "hybrid"])
async def test_every_mode_finds_the_passage(resources, library, mode):
    scope, file_id, _ = library
    answer = await ask(resources, scope, "pension of a widow", mode=mode)
    assert answer.hits[0].text == PENSION
    assert answer.hits[0].file_id == file_id
