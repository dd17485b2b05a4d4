from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.ids import new_id
from llm.options import ReplyOptions
from llm.retrieval import Wanted, find_sources
from search.index import MessageText, index_messages
from search.statistics import refresh
from tests.llm.replying import FACT, QUESTION, deps, make_run, work
from tests.make import make_scope
from tests.search.make import embed_all, make_file
from tests.workers.made import make_conversation


async def found_for(resources, scope, question, *, options=ReplyOptions(), turns=(), **given):  # noqa: B008 frozen
    wanted = Wanted(
        question=question,
        query=question,
        conversation_id=given.pop("conversation_id", UUID(int=0)),
        options=options,
        given=frozenset(turns),
        **given,
    )
    return await find_sources(deps(resources).searcher, scope, wanted)


async def texts_for(resources, scope, question, **given):
    found = await found_for(resources, scope, question, **given)
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


async def test_answers_that_repeat_the_question_take_no_place_of_a_source(
    resources, owner_connection
):
    """Three hundred of them once filled every list before the sources came."""
    scope = await make_scope(owner_connection)
    facts = [
        FACT,
        "In Ada's drawer hangs a spare key of the cellar.",
        "The porter hangs each spare key up when evening comes.",
        "Nobody knows since when that little spare key hangs on the wall.",
        "A coat hangs there, its pocket holds one more spare key of the shed.",
    ]
    await make_run(owner_connection, resources, scope, facts=facts)
    answers = [f"{QUESTION} The spare key hangs, as was said {n} times." for n in range(300)]
    await make_answers(owner_connection, resources, scope, answers)
    await embed_all(resources, owner_connection, scope)
    for mode in ("hybrid", "lexical", "semantic"):
        options = ReplyOptions(k=5, mode=mode)
        found = await texts_for(resources, scope, QUESTION, options=options)
        assert sorted(found) == sorted(facts), mode


async def make_answers(owner, resources, scope, answers):
    """Write what models once answered, all in one conversation."""
    talk, now = await make_conversation(owner, scope), datetime.now(UTC)
    made = [
        MessageText(scope.workspace_id, talk, new_id(), None, now, answer, "assistant")
        for answer in answers
    ]
    await owner.executemany(
        "INSERT INTO message (workspace_id, id, conversation_id, seq, role, content, created_at) VALUES ($1, $2, $3, $4, 'assistant', $5, $6)",
        [(m.workspace_id, m.message_id, talk, seq, m.content, now) for seq, m in enumerate(made, 1)],
    )  # fmt: skip
    async with resources.app.write_tx(scope) as conn:
        await index_messages(conn, made)


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


async def test_what_became_of_every_candidate_is_told(resources, owner_connection):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope, facts=[FACT, QUESTION.upper()])
    found = await found_for(resources, scope, QUESTION, turns={run.message_id})
    assert {c.fate for c in found.candidates} == {
        "packed",
        "repeats the question",
        "is in the conversation shown",
    }


@pytest.mark.parametrize(
    ("options", "given", "texts"),
    [
        (ReplyOptions(sources="conversation"), {}, []),
        (
            ReplyOptions(sources="conversation"),
            {"attachments": "file"},
            ["The key is in the file."],
        ),
        (ReplyOptions(sources="files"), {}, []),
        (ReplyOptions(sources="files"), {"attachments": "file"}, ["The key is in the file."]),
        (ReplyOptions(sources="everything"), {}, [FACT, "The key is in the file."]),
    ],
)
async def test_sources_may_be_confined_to_the_conversation_or_to_files(
    resources, owner_connection, options, given, texts
):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope)
    file_id = await make_file(
        resources, owner_connection, scope, name="a.txt", passages=["The key is in the file."]
    )
    found = await texts_for(
        resources, scope, QUESTION, options=options, turns={run.message_id},
        conversation_id=run.conversation_id, **({"attachments": (file_id,)} if given else {}),
    )  # fmt: skip
    assert sorted(found) == sorted(texts)


async def test_neighbours_are_one_source_with_the_text_between_them(resources, owner_connection):
    scope = await make_scope(owner_connection)
    told = ["The spare key hangs in the hall.", "The hall is behind the blue door."]
    await make_file(resources, owner_connection, scope, name="a.txt", passages=told)
    found = await found_for(resources, scope, "Where does the spare key hang, behind which door?")
    (source,) = found.sources
    assert source.text == "\n".join(told)
    assert [(p.start, p.end, p.page_first) for p in source.parts] == [(0, 32, 1), (33, 66, 2)]
    assert source.part_at(40).page_first == 2
