import pytest

from core.ids import new_id
from search.notices import (
    EXCERPT,
    NewNotice,
    add_notice,
    count_unread,
    list_matches,
    list_notices,
    notice_topic,
)
from tests.make import make_scope
from tests.saving import save_search
from tests.search.make import make_conversation, make_file, make_message


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def search_id(owner_connection, scope):
    return await save_search(owner_connection, scope, "harbour")


@pytest.fixture
async def report(resources, owner_connection, scope, search_id):
    """Write a notice of one message or file."""

    async def write(item_id, message_id=None):
        notice = NewNotice(new_id(), scope.account_id, "saved_search.matches", search_id)
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            await add_notice(conn, scope.workspace_id, notice)
        await owner_connection.execute(
            "INSERT INTO saved_search_match SELECT $1, $2, $3, $4, $5, $6, $7, id FROM passage"
            " WHERE item_id = $5 ORDER BY ordinal DESC LIMIT 1",
            scope.workspace_id, search_id, message_id or new_id(), notice.id, item_id, message_id,
            None if message_id else 1,
        )  # fmt: skip
        return notice.id

    return write


async def read(resources, scope):
    async with resources.app.read_tx(scope) as conn:
        return await list_notices(conn, scope, limit=10), await count_unread(conn, scope)


async def test_a_file_shows_the_words_of_its_passage_and_opens_there(
    resources, owner_connection, scope, report
):
    texts = ["The tide turns.", "The harbour " + "opens " * 100]
    file_id = await make_file(resources, owner_connection, scope, name="a.md", passages=texts)
    await report(file_id)
    ((notice,), unread) = await read(resources, scope)
    (match,) = notice.matches
    assert (unread, match.type, match.file_id, match.version) == (1, "file", file_id, 1)
    assert (match.title, match.author) == ("a.md", "ada")
    assert match.excerpt == texts[1][:EXCERPT]
    assert match.links.open == f"/#/file/{file_id}?start=16&end={16 + EXCERPT}"
    await owner_connection.execute("DELETE FROM passage")
    ((notice,), _) = await read(resources, scope)
    assert notice.matches[0].excerpt == "", "it was read anew"


async def test_the_newest_notice_comes_first_and_one_of_a_webhook_has_its_reason(
    resources, owner_connection, scope, search_id, report
):
    talk = await make_conversation(owner_connection, scope)
    message_id = await make_message(
        resources, owner_connection, scope, conversation_id=talk, content="The harbour"
    )
    first = await report(talk, message_id)
    disabled = NewNotice(new_id(), scope.account_id, "webhook.disabled", search_id)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await add_notice(conn, scope.workspace_id, disabled)
    await owner_connection.execute("UPDATE saved_search SET webhook_reason = 'No.'")
    notices, unread = await read(resources, scope)
    told = [(notice.id, len(notice.matches), notice.reason) for notice in notices]
    assert (told, unread) == ([(disabled.id, 0, "No."), (first, 1, "")], 2)


async def test_a_notice_is_for_its_owner_and_without_one_there_is_nothing(
    resources, owner_connection, scope, report
):
    talk = await make_conversation(owner_connection, scope)
    await report(talk)
    eve = await make_scope(owner_connection, "eve")
    assert await read(resources, eve) == ([], 0)
    async with resources.app.read_tx(scope) as conn:
        assert await list_matches(conn, scope, []) == {}
    assert notice_topic(scope.account_id) != notice_topic(eve.account_id)
