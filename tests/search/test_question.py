"""What a search reads of a workspace's index before it looks for anything."""

import asyncio

import pytest

from core.errors import NotFound
from core.scope import Scope
from search.answer import SearchRequest
from search.narrowing import Constraints
from search.query import parse
from search.question import understand
from search.searcher import Search
from tests.search.make import make_conversation, make_message, make_searcher, ranked


async def test_an_index_that_is_behind_is_waited_for_and_then_named(resources, fruit):
    ranking = await ranked(make_searcher(resources), fruit, "apples", min_seq=2)
    assert ranking.watch.degraded == []
    ranking = await ranked(make_searcher(resources), fruit, "apples", min_seq=10_000)
    assert ranking.watch.degraded == ["min_seq"]


async def test_an_index_that_was_waited_for_answers_as_it_is_then(
    resources, owner_connection, fruit, monkeypatch
):
    monkeypatch.setattr("search.question.SEQ_WAIT_S", 60.0)
    before = (await ranked(make_searcher(resources), fruit, "melons")).frozen.index_seq
    wanted = before + 1

    async def post():
        await asyncio.sleep(0.2)
        talk = await make_conversation(owner_connection, fruit)
        await make_message(
            resources, owner_connection, fruit, conversation_id=talk, content="yellow melons"
        )

    ranking, _ = await asyncio.gather(
        ranked(make_searcher(resources), fruit, "melons", min_seq=wanted), post()
    )
    assert ranking.watch.degraded == []
    assert ranking.frozen.index_seq >= wanted
    assert [hit.match for hit in ranking.listed][:1] == [("lexical",)]


async def test_a_workspace_that_is_gone_is_not_found(resources, fruit):
    with pytest.raises(NotFound):
        await ranked(
            make_searcher(resources), Scope(fruit.account_id, fruit.account_id, "owner"), "x"
        )


async def test_a_query_is_a_question_where_it_says_so(resources, fruit):
    searcher = make_searcher(resources)
    asked = {}
    for q in ("apples?", "Which apples? The red ones", "什么？", "a?b", "apples"):  # noqa: RUF001
        request = SearchRequest(q=q)
        search = Search(searcher, fruit, request, parse(q), Constraints())
        asked[q] = (await understand(search)).asks
    assert list(asked.values()) == [True, True, True, False, False]
