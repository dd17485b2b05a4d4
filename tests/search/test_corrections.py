"""What is put right, what stays as typed, and whose words are used for it."""

import re

import pytest

from search.answer import Correction, SearchRequest
from search.corrections import corrected, suspects
from search.lexical import query_terms
from search.query import parse, plain
from search.retrieve import retrieve
from search.spelling import LEAST
from search.statistics import refresh
from sql import REGISTRY
from tests.make import make_colleague, make_scope
from tests.search.make import embed_all, make_conversation, make_item, make_message, make_searcher


async def make_words(resources, owner, scope, *contents):
    """Write messages in a conversation of their own, and count the workspace's words."""
    talk = await make_conversation(owner, scope)
    for content in contents:
        await make_message(resources, owner, scope, conversation_id=talk, content=content)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)


@pytest.fixture
async def ada(resources, owner_connection):
    ada = await make_scope(owner_connection)
    await make_words(
        resources,
        owner_connection,
        ada,
        "Please receive the parcel",
        "The recipe of a parcel soup",
        "Das große Gebäude",
        "большой журнал",
    )
    return ada


async def answer(resources, scope, q, **given):
    request = SearchRequest(q=q, mode="lexical", **given)
    return await retrieve(make_searcher(resources), scope, request)


async def put_right(resources, scope, q, **given):
    query = (await answer(resources, scope, q, **given)).query
    return query.corrected_text, [(c.word, c.correction) for c in query.corrections]


@pytest.mark.parametrize(
    ("q", "text", "corrections"),
    [
        ("recieve", "receive", [("recieve", "receive")]),
        ("Recieve my parcle?", "Receive my parcel?", [("Recieve", "Receive"), ("parcle", "parcel")]),
        ("журнаал", "журнал", [("журнаал", "журнал")]),
        ("Gebaude grosßes", "Gebaude grosse", [("grosßes", "grosse")]),
        ("type:message (recieve OR soup)", "type:message (receive OR soup)", [("recieve", "receive")]),
        ("recieve recieve", "receive receive", [("recieve", "receive")]),
        ("parcels", None, []),
        ("recieve soup -recieve", "receive soup -recieve", [("recieve", "receive")]),
    ],
)  # fmt: skip
async def test_a_word_that_nothing_holds_becomes_the_nearest_that_something_does(
    resources, ada, q, text, corrections
):
    assert await put_right(resources, ada, q) == (text, corrections)


@pytest.mark.parametrize(
    "q",
    ['"recieve"', "recie*", "-recieve soup", "name:recieve", "recieve_it", "recieve4", "RECIEVE", "recieve.py", "a@recieve.org"],
)  # fmt: skip
async def test_quotes_operators_and_names_keep_a_word_as_typed(resources, ada, q):
    assert await put_right(resources, ada, q) == (None, [])


async def test_the_corrected_query_finds_and_highlights_on_every_page(
    resources, owner_connection, ada
):
    await make_words(resources, owner_connection, ada, *(f"receive {n}" for n in range(3)))
    first = await answer(resources, ada, "recieve", limit=2)
    second = await answer(resources, ada, "recieve", limit=2, cursor=first.page.next_cursor)
    for page in (first, second):
        assert page.query.text == "recieve"
        assert page.query.corrections == (Correction("recieve", "receive"),)
        assert page.query.corrected_text == "receive"
        for hit in page.hits:
            (mark,) = hit.snippet.highlights
            marked = hit.snippet.text[mark.start : mark.start + mark.length]
            assert marked.lower() == "receive"
    assert len(first.hits) + len(second.hits) == 4


@pytest.mark.parametrize("given", [{"sort": "newest"}, {"syntax": "plain"}])
async def test_lists_by_date_and_replies_are_corrected_too(resources, ada, given):
    found = await answer(resources, ada, "recieve parcel", **given)
    assert found.query.corrected_text == "receive parcel"
    assert found.hits[0].text == "Please receive the parcel"


async def test_a_word_of_anothers_text_is_never_proposed(resources, owner_connection, ada):
    bob = await make_colleague(owner_connection, ada)
    await make_words(resources, owner_connection, bob, "confidential")
    assert await put_right(resources, ada, "confidentail") == (None, [])
    assert await put_right(resources, bob, "confidentail") == (
        "confidential",
        [("confidentail", "confidential")],
    )


async def test_a_nearer_word_of_anothers_text_does_not_hide_ones_own(
    resources, owner_connection, ada
):
    bob = await make_colleague(owner_connection, ada)
    await make_words(resources, owner_connection, bob, "parcell parcel parcelle")
    assert await put_right(resources, ada, "parcxel") == ("parcel", [("parcxel", "parcel")])


async def test_a_word_is_found_beside_passages_that_hold_only_what_is_derived_of_it(
    resources, owner_connection, ada
):
    await make_words(resources, owner_connection, ada, "working late", "it works", "good work")
    assert await put_right(resources, ada, "wrok") == ("work", [("wrok", "work")])


async def test_a_word_that_is_new_since_the_last_count_is_no_misspelling(
    resources, owner_connection, ada
):
    talk = await make_conversation(owner_connection, ada)
    await make_message(
        resources, owner_connection, ada, conversation_id=talk, content="the receives"
    )
    await make_message(resources, owner_connection, ada, conversation_id=talk, content="a parcol")
    assert await put_right(resources, ada, "parcol") == (None, [])


async def test_a_word_of_a_readable_title_is_no_misspelling(resources, owner_connection, ada):
    bob = await make_colleague(owner_connection, ada)
    await make_item(owner_connection, ada, "file", "Parzel 4.pdf")
    await make_item(owner_connection, bob, "file", "Recibe.pdf")
    assert await put_right(resources, ada, "parzel") == (None, [])
    assert await put_right(resources, ada, "recibe") == ("recipe", [("recibe", "recipe")])


@pytest.mark.parametrize(
    ("q", "corrections"),
    [
        ("Wafer", []),
        ("Wáfér", []),
        ("waiter", []),
        ("wather wafer", [("wather", "water")]),
        ("wáfér watter OR (wafer watre)", [("watter", "water"), ("watre", "water")]),
    ],
)
async def test_a_real_word_stays_though_nothing_holds_it_and_its_slips_do_not(
    resources, owner_connection, q, corrections
):
    scope = await make_scope(owner_connection)
    await make_words(resources, owner_connection, scope, "a glass of water")
    searcher = make_searcher(resources, real_words=frozenset({"wafer", "waiter"}))
    found = await retrieve(searcher, scope, SearchRequest(q=q, mode="lexical"))
    assert [(c.word, c.correction) for c in found.query.corrections] == corrections
    without = await put_right(resources, scope, "wafer")
    assert without == ("water", [("wafer", "water")])


async def test_a_slip_of_a_real_word_is_put_right_where_a_text_holds_the_word(
    resources, owner_connection, ada
):
    searcher = make_searcher(resources, real_words=frozenset({"receive", "parcel"}))
    found = await retrieve(searcher, ada, SearchRequest(q="recieve parcel", mode="lexical"))
    assert found.query.corrected_text == "receive parcel"


async def test_without_an_answer_in_time_the_words_stay_as_typed(resources, owner_connection, ada):
    await embed_all(resources, owner_connection, ada)
    searcher = make_searcher(resources, lexical_timeout_s=0.0)
    found = await retrieve(searcher, ada, SearchRequest(q="recieve"))
    assert (found.query.corrections, found.query.corrected_text) == ((), None)
    assert found.degraded == ("lexical",)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (parse('Recieve, "recieve" recieve* in:recieve'), 'Receive, "recieve" recieve* in:recieve'),
        (plain("recieve (recieve)."), "receive (receive)."),
        (parse("“recieve” recieve"), "“recieve” receive"),
    ],
)
def test_the_corrected_text_is_read_as_the_corrected_query(query, text):
    corrections = [Correction("recieve", "receive"), Correction("Recieve", "Receive")]
    put = corrected(query, corrections)
    assert put.text == text
    reread = plain(text) if query == plain(query.text) else parse(text)
    assert put.clauses == reread.clauses


@pytest.mark.parametrize(
    ("q", "lang", "looked_at"),
    [
        ("What did President Bidan propose", "en", ["propose"]),
        ("Propse", "en", ["Propse"]),
        ("President Bidan", "en", ["President", "Bidan"]),
        ("wer zahlt die Rentte", "de", ["zahlt", "Rentte"]),
    ],
)
def test_a_name_amid_words_is_left_alone_where_other_nouns_are_written_small(q, lang, looked_at):
    query = parse(q)
    terms = query_terms(plain("what propose propse president bidan zahlt rentte"), ("",))
    found = suspects(query, terms, real_words=frozenset(), lang=lang)
    assert [suspect.typed for suspect in found] == looked_at


def test_nothing_to_correct_is_the_query_itself():
    query = parse("recieve")
    assert corrected(query, ()) is query


def test_a_long_question_has_its_first_words_looked_at():
    query = plain("abcde fghij klmno pqrst uvwxy")
    found = suspects(query, query_terms(query, ("en",)), real_words=frozenset(), lang="en")
    assert [suspect.typed for suspect in found] == ["abcde", "fghij", "klmno", "pqrst"]


async def test_the_vocabulary_is_asked_by_its_trigrams(resources, owner_connection, ada):
    await owner_connection.execute(
        "INSERT INTO lexeme_stat (workspace_id, lexeme, ndoc) "
        "SELECT $1, translate(md5(n::text), '0123456789', 'ghijklmnop'), 1 FROM generate_series(1, 20000) n",
        ada.workspace_id,
    )  # fmt: skip
    await owner_connection.execute("ANALYZE lexeme_stat")
    query = REGISTRY["corrections.sql:find_neighbours"]
    values = {**ada.ids, "words": ["recieve"], "tsqueries": ["'reciev'"], "patterns": ["%recieve%"], "reach": 2, "most": 9, "asking": [], "held": False}  # fmt: skip
    async with resources.search.autocommit() as conn:
        rows = await conn.raw.fetch(
            f"EXPLAIN {query.text}", *(values[name] for name in query.parameters)
        )
    plan = "\n".join(row[0] for row in rows)
    assert "Bitmap Index Scan on lexeme_stat_workspace_id_lexeme_idx" in plan, plan


def test_the_index_and_the_spelling_agree_on_what_can_be_a_correction():
    (pattern,) = re.findall(r"\{(\d+),(\d+)\}", REGISTRY["corrections.sql:find_neighbours"].text)
    assert int(pattern[0]) == LEAST


@pytest.fixture
async def misspelt_once(resources, owner_connection, ada):
    """Ada's workspace, where many have received something and one wrote that he will recieve it."""
    talk = await make_conversation(owner_connection, ada)
    await owner_connection.execute(
        "INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at, text_hash, lexeme_count, tsv)"
        " SELECT $1, gen_random_uuid(), $2, $2, gen_random_uuid(), 0, 0, 1, now(), decode(md5(n::text), 'hex'), 1, 'receiv:1 receive:1'::tsvector"
        " FROM generate_series(1, 110) n", ada.workspace_id, talk,
    )  # fmt: skip
    await make_words(resources, owner_connection, ada, "I recieve it tomorrow")
    return ada


async def told(resources, scope, q, **given):
    query = (await answer(resources, scope, q, **given)).query
    return query.corrected_text, [(c.word, c.correction, c.applied) for c in query.corrections]


@pytest.mark.parametrize("sort", ["relevance", "newest"])
async def test_a_rare_word_that_may_be_a_slip_is_asked_about_where_it_finds_little(
    resources, misspelt_once, sort
):
    """One text with the slip switched its correction off for everybody."""
    found = await answer(resources, misspelt_once, "Recieve", sort=sort)
    assert [hit.text for hit in found.hits] == ["I recieve it tomorrow"]
    assert found.query.corrections == (Correction("Recieve", "Receive", applied=False),)
    assert found.query.corrected_text is None
    assert found.hits[0].snippet.highlights != ()


async def test_a_suggestion_stands_beside_what_was_put_right(resources, misspelt_once):
    assert await told(resources, misspelt_once, "recieve parcle", limit=100) == (
        "recieve parcel",
        [("parcle", "parcel", True), ("recieve", "receive", False)],
    )


async def test_nothing_is_asked_about_where_enough_is_found_or_no_word_is_so_much_more_frequent(
    resources, owner_connection, misspelt_once
):
    assert await told(resources, misspelt_once, "recieve", limit=1) == (None, [])
    assert await told(resources, misspelt_once, '"recieve"') == (None, [])
    assert await told(resources, misspelt_once, "tomorrow recipe") == (None, [])
    await make_words(resources, owner_connection, misspelt_once, "recieve", "recieve again")
    assert await told(resources, misspelt_once, "recieve") == (None, [])


async def test_what_only_others_may_read_is_not_suggested(
    resources, owner_connection, misspelt_once
):
    bob = await make_colleague(owner_connection, misspelt_once)
    await make_words(resources, owner_connection, bob, "to recieve it")
    assert await told(resources, misspelt_once, "recieve") == (
        None,
        [("recieve", "receive", False)],
    )
    assert await told(resources, bob, "recieve") == (None, [])
