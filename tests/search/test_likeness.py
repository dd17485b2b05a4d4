import pytest

from core.errors import InvalidInput
from search.answer import SearchRequest
from search.filter_tree import Every
from search.likeness import likened
from search.operators import Filter
from search.query import parse
from search.retrieve import retrieve
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher


@pytest.fixture
async def garden(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope, "Talk")
    ids = {}
    for name, content in (
        ("asked", "When are tomatoes watered?"), ("said", "Tomatoes are watered in the morning."), ("other", "The bus is late."),
    ):  # fmt: skip
        ids[name] = await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
    ids["file"] = await make_file(
        resources, owner_connection, scope, name="garden.txt", passages=["Water for tomatoes"]
    )
    ids["blank"] = await make_file(resources, owner_connection, scope, name="", passages=[])
    await embed_all(resources, owner_connection, scope)
    return scope, ids


async def words(resources, scope, q, **given):
    return (await likened(resources.app, scope, parse(q))).words()


async def test_the_words_of_the_thing_follow_those_that_were_typed(resources, garden):
    scope, ids = garden
    assert await words(resources, scope, f"basil like:{ids['asked']}") == (
        "basil", "When", "are", "tomatoes", "watered?",
    )  # fmt: skip
    assert await words(resources, scope, f"like:{ids['file']}") == (
        "garden.txt", "Water", "for", "tomatoes",
    )  # fmt: skip
    assert await words(resources, scope, "basil from:me") == ("basil",)


async def test_a_passage_is_its_own_words(resources, garden, owner_connection):
    scope, ids = garden
    passage = await owner_connection.fetchval(
        "SELECT id FROM passage WHERE item_id = $1", ids["file"]
    )
    assert await words(resources, scope, f"like:{passage}") == ("Water", "for", "tomatoes")


async def test_a_search_like_a_message_finds_its_kin_and_not_itself(resources, garden):
    scope, ids = garden
    for mode in ("lexical", "hybrid", "semantic"):
        answer = await retrieve(
            make_searcher(resources), scope, SearchRequest(q=f"like:{ids['asked']}", mode=mode)
        )
        found = [hit.message_id for hit in answer.hits[:2]]
        assert (ids["said"] in found, ids["asked"] in found) == (True, False), mode
        assert answer.query.text == f"like:{ids['asked']}"
    by_tree = SearchRequest(
        q="", mode="lexical", tree=Every((Filter("like", str(ids["asked"])), Filter("type", "file")))
    )  # fmt: skip
    answer = await retrieve(make_searcher(resources), scope, by_tree)
    assert [hit.file_id for hit in answer.hits] == [ids["file"]]


async def test_what_has_no_words_for_the_caller_is_refused(resources, garden, owner_connection):
    scope, ids = garden
    with pytest.raises(InvalidInput, match="like: names nothing with words that you can read"):
        await words(resources, scope, f"like:{ids['blank']}")
    stranger = await make_scope(owner_connection, "eve")
    with pytest.raises(InvalidInput, match="like: names nothing with words that you can read"):
        await words(resources, stranger, f"like:{ids['asked']}")
