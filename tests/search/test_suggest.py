import re

import pytest

from search.query import parse
from search.recent import record
from search.statistics import refresh
from search.suggest import LATEST, Suggestion, suggest
from sql import REGISTRY
from tests.make import make_colleague, make_scope
from tests.search.make import (
    make_conversation,
    make_crowd,
    make_file,
    make_item,
    make_message,
    make_searcher,
)


@pytest.fixture
async def ada(owner_connection):
    return await make_scope(owner_connection, "Ada Lovelace")


async def suggested(resources, scope, q, limit=10):
    return list((await suggest(make_searcher(resources), scope, q, limit=limit)).suggestions)


async def texts(resources, scope, q, kind, limit=10):
    return [s.text for s in await suggested(resources, scope, q, limit) if s.kind == kind]


async def count(resources, scope):
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)


async def test_titles_that_begin_so_come_first_and_narrow_to_their_item(
    resources, owner_connection, ada
):
    talk = await make_conversation(owner_connection, ada, "Dashboard ideas")
    file = await make_item(owner_connection, ada, "file", "The board.pdf")
    first = await make_conversation(owner_connection, ada, "Board meeting")
    await make_conversation(owner_connection, ada, "Lunch")
    assert await suggested(resources, ada, "next BOAR") == [
        Suggestion("title", "Board meeting", 'in:"Board meeting"', first, "conversation"),
        Suggestion("title", "The board.pdf", 'name:"The board.pdf"', file, "file"),
        Suggestion("title", "Dashboard ideas", 'in:"Dashboard ideas"', talk, "conversation"),
    ]


@pytest.mark.parametrize("q", ["uber", "ÜBER", "strasse", "%_\\", "5%", "журнал", "計"])
async def test_case_accents_and_punctuation_fold(resources, owner_connection, ada, q):
    for title in ("Übersicht Straße", "up 5% a\\b_c", "Большой ЖУРНАЛ", "東京 計画"):
        await make_conversation(owner_connection, ada, title)
    assert len(await texts(resources, ada, q, "title")) == (0 if q == "%_\\" else 1)


@pytest.mark.parametrize(
    "title", ['The "old" board', "board\tmeeting", "board " * 40, '"', "Board"]
)
async def test_what_is_inserted_is_read_back_as_a_filter_that_fits_the_title(
    resources, owner_connection, ada, title
):
    await make_conversation(owner_connection, ada, title)
    for found in await suggested(resources, ada, "boar"):
        (narrowed,) = parse(found.insert).filters
        assert narrowed.op == "in"
        assert narrowed.value in title


async def test_people_of_the_workspace_are_found_by_each_of_their_names(
    resources, owner_connection, ada
):
    await make_colleague(owner_connection, ada, "Bob")
    await make_scope(owner_connection, "Lovelock the stranger")
    assert await suggested(resources, ada, "-love") == [
        Suggestion("person", "Ada Lovelace", '-from:"Ada Lovelace"')
    ]
    assert await texts(resources, ada, "from:", "value") == ["me", "Ada Lovelace", "Bob"]
    found = await suggested(resources, ada, 'x from:"ada l')
    assert found == [Suggestion("value", "Ada Lovelace", 'from:"Ada Lovelace"')]


async def test_of_two_with_one_name_the_address_tells(resources, owner_connection, ada):
    for _ in range(2):
        await make_colleague(owner_connection, ada, "Bob")
    found = await suggested(resources, ada, "from:bo")
    assert [
        re.fullmatch(r"from:(bob|Bob)-.+@example.org", s.insert) is not None for s in found
    ] == [True, True]


async def test_operators_and_their_fixed_values_complete(resources, ada):
    assert await suggested(resources, ada, "x fr") == [Suggestion("operator", "from:", "from:")]
    assert await suggested(resources, ada, "type:m") == [
        Suggestion("value", "message", "type:message")
    ]
    assert await texts(resources, ada, "lang:d", "value") == ["da", "de"]
    assert await texts(resources, ada, "has:", "value") == ["file", "link", "image", "code"]
    assert await texts(resources, ada, "-is:s", "value") == ["shared"]
    assert await texts(resources, ada, "to:lo", "value") == ["Ada Lovelace"]
    assert await suggested(resources, ada, "before:20") == []
    assert await suggested(resources, ada, "") == []


async def asked_before(resources, scope, *queries):
    for q in queries:
        async with resources.app.write_tx(scope) as conn:
            await record(conn, scope, q)


async def test_own_last_queries_come_first_and_go_on_from_what_is_typed(
    resources, owner_connection, ada
):
    bob = await make_colleague(owner_connection, ada, "Bob")
    await asked_before(resources, ada, "Board minutes", "lunch on:today", "board of 2025")
    await asked_before(resources, bob, "board is mine")
    await make_conversation(owner_connection, ada, "Board meeting")
    assert await suggested(resources, ada, "") == [
        Suggestion("recent", q, q) for q in ("board of 2025", "lunch on:today", "Board minutes")
    ]
    found = await suggested(resources, ada, "BOAR")
    assert [(s.kind, s.text) for s in found] == [
        ("recent", "board of 2025"),
        ("recent", "Board minutes"),
        ("title", "Board meeting"),
    ]
    assert (await suggested(resources, ada, "lunch on:t"))[0] == Suggestion(
        "recent", "lunch on:today", "on:today"
    )
    assert await texts(resources, ada, "Lunch on", "recent") == []  # what stands before stays
    assert await texts(resources, ada, "board of 2025", "recent") == []


async def test_tags_are_those_of_what_one_may_read(resources, owner_connection, ada):
    bob = await make_colleague(owner_connection, ada, "bob")
    for scope, tags in ((ada, ["tax law", "2026"]), (ada, ["tax law", "tax"]), (bob, ["taxi"])):
        item = await make_item(owner_connection, scope, "file", "a.txt")
        await owner_connection.execute("UPDATE item SET tags = $1 WHERE id = $2", tags, item)
    assert await suggested(resources, ada, "tag:TA") == [
        Suggestion("value", "tax law", 'tag:"tax law"'), Suggestion("value", "tax", "tag:tax"),
    ]  # fmt: skip


async def test_extensions_folders_and_places_are_those_of_visible_files(
    resources, owner_connection, ada
):
    bob = await make_colleague(owner_connection, ada, "bob")
    for scope, title in ((ada, "a.pdf"), (ada, "b.pdf"), (ada, "c.txt"), (bob, "d.psd")):
        item = await make_item(owner_connection, scope, "file", title)
        await owner_connection.execute(
            "UPDATE file SET folder = $2 WHERE id = $1", item, f"{scope.role} letters"
        )
    talk = await make_conversation(owner_connection, ada, "Letters to the board")
    assert await texts(resources, ada, "ext:", "value") == ["pdf", "txt"]
    assert await texts(resources, ada, "ext:P", "value") == ["pdf"]
    assert await texts(resources, ada, "name:c", "value") == ["c.txt"]
    assert await suggested(resources, ada, "in:lett") == [
        Suggestion("value", "owner letters", 'in:"owner letters"'),
        Suggestion(
            "value", "Letters to the board", 'in:"Letters to the board"', talk, "conversation"
        ),
    ]


async def test_a_word_that_only_an_invisible_document_holds_is_never_suggested(
    resources, owner_connection, ada
):
    bob = await make_colleague(owner_connection, ada, "bob")
    await make_file(
        resources,
        owner_connection,
        bob,
        name="secret-plan.txt",
        passages=["project pensionado secretariat"],
    )
    await make_file(resources, owner_connection, ada, name="a.txt", passages=["the pension plan"])
    for _ in range(2):  # before the vocabulary is counted, and after
        assert await texts(resources, ada, "pens", "word") == ["pension"]
        assert await texts(resources, ada, "secr", "word") == []
        assert await suggested(resources, ada, "secret-pl") == []
        assert await texts(resources, bob, "pens", "word") == ["pensionado"]
        await count(resources, ada)


async def test_a_word_is_gone_with_its_deleted_document_and_with_its_grant(
    resources, owner_connection, ada
):
    file = await make_file(resources, owner_connection, ada, name="a.txt", passages=["pension"])
    await count(resources, ada)
    await owner_connection.execute("UPDATE item SET deleted_at = now() WHERE id = $1", file)
    assert await suggested(resources, ada, "pens") == []
    await owner_connection.execute("UPDATE item SET deleted_at = NULL WHERE id = $1", file)
    assert await texts(resources, ada, "pens", "word") == ["pension"]
    await owner_connection.execute("DELETE FROM access_grant WHERE item_id = $1", file)
    assert await suggested(resources, ada, "pens") == []


async def write_an_old_file_among_others(resources, owner_connection, ada):
    """Twenty words of Bob's, each twice, and one of Ada's in a file that did not change lately."""
    bob = await make_colleague(owner_connection, ada, "bob")
    for n in range(2):
        text = " ".join(f"penna{chr(97 + at)}x" for at in range(20))
        await make_file(resources, owner_connection, bob, name=f"{n}.txt", passages=[f"{text} {n}"])
    await make_file(resources, owner_connection, ada, name="a.txt", passages=["a pennyfarthing"])
    for n in range(LATEST):
        await make_item(owner_connection, ada, "file", f"{n}.txt")
    await owner_connection.execute(
        "UPDATE item SET updated_at = now() - make_interval(days => (title = 'a.txt')::int)"
    )
    await count(resources, ada)


async def test_a_word_of_an_older_file_is_found_among_many_of_others(
    resources, owner_connection, ada
):
    """Bug: the workspace's twelve most frequent words were tried, and those that changed last: no other was ever offered."""
    await write_an_old_file_among_others(resources, owner_connection, ada)
    assert await texts(resources, ada, "penn", "word") == ["pennyfarthing"]


async def test_when_too_many_hold_a_word_others_than_the_most_frequent_are_tried(
    resources, owner_connection, ada, monkeypatch
):
    await write_an_old_file_among_others(resources, owner_connection, ada)
    monkeypatch.setattr("search.suggest.FEW", 3)
    assert await texts(resources, ada, "penn", "word") == ["pennyfarthing"]


async def test_words_are_completed_as_written_not_as_stems(resources, owner_connection, ada):
    await make_file(
        resources, owner_connection, ada, name="x.txt",
        passages=["The committee was scheduled for happiness and scheduling in Zürich, see scheduler.conf"],
    )  # fmt: skip
    await count(resources, ada)
    assert await texts(resources, ada, "sched", "word") == [
        "scheduled",
        "scheduler",
        "scheduling",
        "scheduler.conf",
    ]
    assert await texts(resources, ada, "committe", "word") == ["committee"]
    assert await texts(resources, ada, "ZÜR", "word") == ["zurich"]
    found = await suggested(resources, ada, '-"was sche')
    assert found[0] == Suggestion("word", "scheduled", '-"was scheduled"')


async def test_a_completed_word_is_read_back_as_a_word(resources, owner_connection, ada):
    await make_file(
        resources, owner_connection, ada, name="x.txt",
        passages=["see type:file and ERR-4711 or foo_bar.baz at ada@example.org"],
    )  # fmt: skip
    for q, word in (
        ("typ", "type:file"),
        ("err", "err-4711"),
        ("foo_", "foo_bar.baz"),
        ("ada@", "ada@example.org"),
    ):
        found = next(s for s in await suggested(resources, ada, q) if s.text == word)
        assert parse(found.insert).filters == ()
        assert parse(found.insert).words() == (word,)


async def test_a_word_of_a_new_message_is_known_before_it_is_counted(
    resources, owner_connection, ada
):
    talk = await make_conversation(owner_connection, ada)
    await make_message(
        resources, owner_connection, ada, conversation_id=talk, content="zeppelins fly"
    )
    assert await texts(resources, ada, "zepp", "word") == ["zeppelins"]


async def test_each_kind_has_its_share_of_a_short_list(resources, owner_connection, ada):
    for n in range(9):
        await make_conversation(owner_connection, ada, f"Frame {n}")
    await make_colleague(owner_connection, ada, "Fred")
    await make_file(resources, owner_connection, ada, name="x.txt", passages=["free fruit"])
    kinds = [s.kind for s in await suggested(resources, ada, "fr", limit=7)]
    assert kinds == ["operator", "title", "title", "title", "person", "word", "word"]


HOSTILE = [
    "%", "_", "\\", "%%__\\\\", "a%", "a\\", "'", "''", "a'", "a':*", "':*", "!!!", "((((", "\x01\x02", "a\x7f", "a\u200b", "\ufeff",
    "\u0301", "a" * 512, "é" * 512, "\U0001f600", "-", "--", '"', '-"', "from:\\", "in:%", 'in:"', "ext:'", "name:_", "lang:%",
    "type:", "a" * 200 + ":*", "\\x\\'", "計" * 500, "ﷺ" * 500, "a\u2028b", "x:y:z", "&|!<->", "\ud7ff", "ß" * 300,
]  # fmt: skip


@pytest.mark.parametrize("q", HOSTILE, ids=ascii)
async def test_whatever_is_typed_gets_a_list(resources, owner_connection, ada, q):
    await make_file(resources, owner_connection, ada, name="a%_\\'.txt", passages=["a'b a\\b a%b"])
    assert all(s.insert for s in await suggested(resources, ada, q))


async def plan_of(resources, name, values, *, off):
    """EXPLAIN as the search role, with the given planner methods off: the row counts of a test are small."""
    query = REGISTRY[f"suggest.sql:{name}"]
    async with resources.search.autocommit() as conn, conn.raw.transaction():
        for method in off:
            await conn.raw.execute(f"SET LOCAL enable_{method} = off")
        rows = await conn.raw.fetch(f"EXPLAIN {query.text}", *(values[p] for p in query.parameters))
    return "\n".join(row[0] for row in rows)


async def test_titles_and_words_are_found_by_their_indexes_under_row_level_security(
    resources, owner_connection
):
    scope, _ = await make_crowd(owner_connection, passages=3_000)
    await owner_connection.execute(
        "WITH made AS (INSERT INTO item (workspace_id, id, kind, owner_id, title) "
        "SELECT $1, gen_random_uuid(), 'file', $2, md5(n::text) FROM generate_series(1, 20000) n RETURNING id) "
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) SELECT $1, id, $2, 'owner' FROM made",
        scope.workspace_id, scope.account_id,
    )  # fmt: skip
    await count(resources, scope)
    await owner_connection.execute("ANALYZE item, access_grant, lexeme_stat")
    words = {
        **scope.ids, "begins": "'w1':*", "pattern": "w1%", "items": 20, "passages": 40, "tried": 200, "most": 16,
        "known": 24, "few": 150,
    }  # fmt: skip
    plan = await plan_of(resources, "suggest_words", words, off=("seqscan",))
    assert re.search(r"Index (Only )?Scan using lexeme_stat_pkey.*\n.*lexeme >= 'w1'", plan), plan
    assert len(re.findall(r"Bitmap Index Scan on passage_\d_workspace_id_tsv_idx", plan)) == 2, plan
    titles = {
        **scope.ids, "word_start": "% abcd%", "anywhere": "%abcd%", "kind": None, "most": 60,
    }  # fmt: skip
    plan = await plan_of(resources, "suggest_items", titles, off=())
    assert "Bitmap Index Scan on item_workspace_id_folded_idx" in plan, plan
