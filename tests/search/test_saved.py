import unicodedata
from uuid import UUID

import pytest

from search.lexical import query_terms
from search.query import parse
from search.saved import (
    PAGE,
    Wanted,
    find_admitted,
    list_alerting,
    match_words,
    wanted_by,
    words_of,
)
from tests.make import make_colleague, make_scope
from tests.saving import save_search
from tests.search.make import make_conversation, make_file, make_message

NONE = UUID(int=0)
SYMBOLS = [
    character
    for character in map(chr, range(0x11_0000))
    if unicodedata.category(character) in {"So", "Sk", "Sc", "Sm", "Po", "Lm", "Mn", "No"}
]


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def talk(owner_connection, scope):
    return await make_conversation(owner_connection, scope)


@pytest.fixture
async def passages(resources, owner_connection, scope, talk):
    """Two messages and a file, by their words."""
    made = {"conversation_id": talk}
    for content in ("The harbour opens.", "Die Häfen öffnen sich, wenn der Tag nicht mehr da ist."):
        await make_message(resources, owner_connection, scope, **made, content=content)
    await make_file(
        resources, owner_connection, scope, name="a.md", passages=["The harbour is closed."]
    )
    rows = await owner_connection.fetch("SELECT id, tsv::text FROM passage")
    return {word: row["id"] for row in rows for word in ("opens", "häfen", "closed")
            if word.translate({228: "a"}) in row["tsv"]}  # fmt: skip


async def alerting(resources, scope):
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        return await list_alerting(conn, scope.workspace_id, after=NONE)


async def matched(resources, scope, passages, langs=("en",)):
    """The words that stand for the passages that each question found, whoever may see them."""
    searches = await alerting(resources, scope)
    found = await match_words(
        resources.worker, scope.workspace_id, wanted_by(searches, langs),
        passage_ids=list(passages.values()),
    )  # fmt: skip
    asked = {search.id: search.q for search in searches}
    words = {id_: word for word, id_ in passages.items()}
    return {asked[m.search_id]: sorted(words[id_] for id_ in m.passage_ids) for m in found}


@pytest.mark.parametrize(
    ("q", "tsquery"),
    [
        ("harbours", "('harbour' | 'harbours')"),
        ("harbour dawn", "'harbour' & 'dawn'"),
        ('"harbour opens"', "('harbour' | 'harbor')"),
        ("ext:md", None),
    ],
)
def test_words_are_all_required_and_filters_are_no_words(q, tsquery):
    found = words_of(q, None, ("en",))
    assert (found is None) == (tsquery is None)
    if '"' not in q:
        assert found == tsquery


async def test_every_word_has_to_stand_in_one_passage(resources, owner_connection, scope, passages):
    for q in ("harbours", "harbour opens", '"opens harbour"', "harb* -opens", "öffnet", "ext:md"):
        await save_search(owner_connection, scope, q)
    assert await matched(resources, scope, passages) == {
        "harbours": ["closed", "opens"],
        "harbour opens": ["opens"],
        "harb* -opens": ["closed"],
        "ext:md": ["closed", "häfen", "opens"],
    }
    found = await matched(resources, scope, passages, langs=("de",))
    assert found["öffnet"] == ["häfen"], "stemmed in the workspace's language"


async def test_a_search_that_postgresql_cannot_read_silences_itself_only(
    resources, scope, passages
):
    """One tsquery of all was refused, and with it every search of the workspace, for ever."""
    ids = [UUID(int=n) for n in range(5)]
    words = ["'harbour'", "'opens'", "!()", "'nothing'", None]
    found = await match_words(
        resources.worker, scope.workspace_id,
        [Wanted(id_, tsquery) for id_, tsquery in zip(ids, words, strict=True)],
        passage_ids=[passages["opens"]],
    )  # fmt: skip
    assert {match.search_id: match.passage_ids for match in found} == {
        ids[n]: [passages["opens"]] for n in (0, 1, 4)
    }


async def test_every_symbol_is_asked_for_in_a_way_that_postgresql_reads(owner_connection):
    """`foo -(© ®)`, whose group held nothing that is indexed, was no tsquery."""
    forms = ("foo -({0} {0})", "foo -({0} OR {0})", "-{0} foo", 'foo "{0}"', "({0} OR foo)", "{0}")
    read = [words_of(form.format(symbol), None, ("en",)) for symbol in SYMBOLS for form in forms]
    assert all(read[at] for at in range(len(read)) if at % len(forms) != len(forms) - 1)
    await owner_connection.fetchval(
        "SELECT count(t.q::tsquery) FROM unnest($1::text[]) t (q)", read
    )


def test_what_is_looked_for_has_a_word_in_the_index():
    """A symbol that counted as a word and was none matched everything in a list by date."""
    for character in (*SYMBOLS, *map(chr, range(32, 0xD800, 31))):
        asked = parse(character)
        assert bool(asked.words()) == bool(query_terms(asked, ("en",))), hex(ord(character))


async def test_a_saved_search_without_a_word_finds_nothing(
    resources, owner_connection, scope, passages
):
    """`©` was taken for a word that the index does not know, and every new passage was told of."""
    for q in ("©", "-opens"):
        await save_search(owner_connection, scope, q)
    await save_search(owner_connection, scope, "®", type="file")
    assert await matched(resources, scope, passages) == {"®": ["closed", "häfen", "opens"]}


async def test_the_owner_s_rights_and_filters_decide_what_is_left(
    resources, owner_connection, scope, passages
):
    bob = await make_colleague(owner_connection, scope)
    everything = list(passages.values())
    for owner, q in (
        (scope, "ext:md"),
        (scope, "type:message"),
        (scope, "before:2001"),
        (bob, "x"),
    ):
        await save_search(owner_connection, owner, q)
    found = {
        search.q: await find_admitted(
            resources.app, scope.workspace_id, search, passage_ids=everything
        )
        for search in await alerting(resources, scope)
    }
    assert found == {
        "ext:md": [passages["closed"]],
        "type:message": sorted([passages["opens"], passages["häfen"]]),
        "before:2001": [],
        "x": [],
    }


async def test_searches_come_in_pages(resources, owner_connection, scope):
    ids = sorted([await save_search(owner_connection, scope, f"q{n}") for n in range(3)])
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        rest = await list_alerting(conn, scope.workspace_id, after=ids[0])
    assert [search.id for search in rest] == ids[1:]
    assert rest[0].scope(scope.workspace_id) == scope
    assert PAGE >= 3
