import orjson

from llm.options import ReplyOptions
from llm.retrieval import Found, find_sources, told
from search.statistics import refresh
from tests.llm.make_source import make_source
from tests.llm.replying import FACT, QUESTION, deps, make_run, work
from tests.make import make_scope


async def texts_for(resources, scope, question, *, options=ReplyOptions(), turns=()):  # noqa: B008 frozen
    searcher = deps(resources).searcher
    found = await find_sources(searcher, scope, question=question, options=options, turns=turns)
    return [source.text for source in found.sources]


async def test_the_question_itself_and_its_repetitions_are_no_source(resources, owner_connection):
    scope = await make_scope(owner_connection)
    await make_run(owner_connection, resources, scope, facts=[FACT, QUESTION.upper()])
    assert await texts_for(resources, scope, QUESTION) == [FACT]


async def test_the_turns_that_the_model_is_given_are_no_source(resources, owner_connection):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope, question="The spare key is lost.")
    assert await texts_for(resources, scope, QUESTION, turns={run.message_id}) == [FACT]


async def test_a_models_answer_is_no_source_for_the_next_one(resources, owner_connection):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    assert await texts_for(resources, scope, QUESTION, turns={run.message_id}) == [FACT]


async def test_a_query_and_filters_of_the_request_are_used(resources, owner_connection):
    scope = await make_scope(owner_connection)
    await make_run(owner_connection, resources, scope)
    asked = ReplyOptions(q="spare key", filters=("type:file",))
    assert await texts_for(resources, scope, "something else", options=asked) == []
    asked = ReplyOptions(q="blue door boiler", mode="lexical")
    assert await texts_for(resources, scope, "something else", options=asked) == [FACT]


async def test_a_misspelt_question_finds_its_source_though_the_question_itself_is_indexed(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    misspelt = "Where is the sparre boiller?"
    run = await make_run(owner_connection, resources, scope, question=misspelt)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    by_words = ReplyOptions(mode="lexical")
    given = {run.message_id}
    assert await texts_for(resources, scope, misspelt, options=by_words, turns=given) == [FACT]
    assert await texts_for(resources, scope, misspelt, options=by_words) == []


async def test_what_cannot_be_searched_for_has_no_sources(resources, owner_connection):
    scope = await make_scope(owner_connection)
    assert await texts_for(resources, scope, "?!") == []


def test_passages_are_told_without_their_text():
    passage = orjson.loads(told(Found(), [make_source("The river.")]))["passages"][0]
    assert passage["ref"] == 1
    assert passage["pages"] == [3, 4]
    assert "text" not in passage
