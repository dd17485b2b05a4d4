import pytest

from api.posting import post
from api.reading import MessageAnswer, find_message, messages_after, messages_before
from core.errors import NotFound
from core.ids import new_id
from tests.api.test_posting import make_conversation, said
from tests.make import make_scope


@pytest.fixture
async def ada(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def conversation_id(resources, owner_connection, ada):
    conversation_id = await make_conversation(owner_connection, ada)
    async with resources.app.write_tx(ada) as conn:
        for n in range(5):
            await post(conn, ada, conversation_id, new=said(f"Message {n}"), run=None)
    return conversation_id


async def test_a_stretch_is_read_on_either_side_of_a_seq(resources, ada, conversation_id):
    async with resources.app.read_tx(ada) as conn:
        after = await messages_after(conn, ada, conversation_id, seq=2, limit=2)
        before = await messages_before(conn, ada, conversation_id, seq=4, limit=2)
    assert [message.seq for message in after] == [3, 4]
    assert [message.seq for message in before] == [3, 2]


async def test_a_message_is_found_in_its_own_conversation_only(resources, ada, conversation_id):
    async with resources.app.read_tx(ada) as conn:
        (first,) = await messages_after(conn, ada, conversation_id, seq=0, limit=1)
        assert await find_message(conn, ada, first.id, within=conversation_id) == first
        for message_id, within in ((first.id, new_id()), (new_id(), None)):
            with pytest.raises(NotFound):
                await find_message(conn, ada, message_id, within=within)


async def test_a_stranger_reads_nothing(resources, owner_connection, ada, conversation_id):
    eve = await make_scope(owner_connection, "eve")
    async with resources.app.read_tx(eve) as conn:
        assert await messages_after(conn, eve, conversation_id, seq=0, limit=9) == []


async def test_the_answer_has_the_fields_of_the_message(resources, ada, conversation_id):
    async with resources.app.read_tx(ada) as conn:
        (first,) = await messages_after(conn, ada, conversation_id, seq=0, limit=1)
    assert MessageAnswer.model_validate(first).content == "Message 0"
    assert first.etag == '"1"'
