import pytest

from search.answer import SearchRequest
from search.context import CHARACTERS
from search.retrieve import retrieve
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_file, make_message, make_searcher

SAID = ("one", "two", "three tomatoes", "four", "five")


@pytest.fixture
async def talk(resources, owner_connection):
    """A conversation of five messages, of which the third is looked for, and a file with the same word."""
    scope = await make_scope(owner_connection)
    conversation_id = await make_conversation(owner_connection, scope)
    ids = [
        await make_message(
            resources, owner_connection, scope, conversation_id=conversation_id, content=text
        )
        for text in SAID
    ]
    await make_file(resources, owner_connection, scope, name="a.txt", passages=["tomatoes grow"])
    return scope, conversation_id, ids


async def found(resources, scope, context, q="tomatoes", **given):
    request = SearchRequest(q=q, mode="lexical", context=context, **given)
    answer = await retrieve(make_searcher(resources), scope, request)
    return {hit.type: hit.context for hit in answer.hits}


def said(context):
    return [n.content for n in context.before], [n.content for n in context.after]


async def test_neighbours_come_in_the_order_of_the_conversation(resources, talk):
    scope, _, ids = talk
    shown = await found(resources, scope, 1)
    assert shown["file"] is None
    assert said(shown["message"]) == (["two"], ["four"])
    assert shown["message"] is not None
    (before,) = shown["message"].before
    assert (before.message_id, before.author, before.is_cut) == (ids[1], "ada", False)
    assert said((await found(resources, scope, 5))["message"]) == (["one", "two"], ["four", "five"])


async def test_nothing_is_asked_for_where_nobody_wants_it(resources, talk):
    assert await found(resources, talk[0], 0) == {"file": None, "message": None}
    assert await found(resources, talk[0], 2, type="file") == {"file": None}


async def test_what_was_deleted_is_passed_over(resources, owner_connection, talk):
    scope, _, ids = talk
    await owner_connection.execute("UPDATE message SET deleted_at = now() WHERE id = $1", ids[1])
    assert said((await found(resources, scope, 1))["message"]) == (["one"], ["four"])


async def test_a_long_neighbour_is_cut_before_a_word_and_says_so(resources, owner_connection, talk):
    scope, conversation_id, _ = talk
    for text in ("cucumbers", "word " * 200, "unbroken" * 100):
        await make_message(
            resources, owner_connection, scope, conversation_id=conversation_id, content=text
        )
    shown = (await found(resources, scope, 2, q="cucumbers"))["message"]
    assert shown is not None
    assert [(len(n.content), n.is_cut) for n in shown.after] == [
        (CHARACTERS - len(" word "), True),
        (CHARACTERS, True),
    ]


async def test_each_sees_the_context_of_what_is_shared_with_them(resources, owner_connection, talk):
    scope, conversation_id, _ = talk
    bob = await make_colleague(owner_connection, scope)
    assert await found(resources, bob, 2) == {}
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        scope.workspace_id, conversation_id, bob.account_id,
    )  # fmt: skip
    assert said((await found(resources, bob, 1))["message"]) == (["two"], ["four"])
