from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from search import facets
from search.answer import SearchRequest
from search.facets import month_starts
from search.filters import Constraints
from search.retrieve import retrieve
from sql import REGISTRY
from tests.make import make_colleague, make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher

JANUARY = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # February in Berlin
MARCH = datetime(2026, 3, 5, tzinfo=UTC)
ALL = ("type", "from", "in", "month", "ext", "lang", "tag")
GERMAN = "Die Tomaten stehen im Garten und brauchen jeden Tag viel Wasser, sagt der Nachbar."
ENGLISH = "The tomaten stand in the garden and they need a lot of water each day."


@pytest.fixture
async def garden(resources, owner_connection):
    """Ada's workspace: two talks, two files of two passages each; bob wrote one of the messages."""
    ada = await make_scope(owner_connection)
    bob = await make_colleague(owner_connection, ada)
    kitchen = await make_conversation(owner_connection, ada, "Kitchen")
    plans = await make_conversation(owner_connection, ada, "Kitchen plans")
    for talk, author, at, content in (
        (kitchen, ada, JANUARY, "tomaten today"),
        (kitchen, bob, MARCH, "tomaten again"),
        (plans, ada, MARCH, "more tomaten and basil"),
        (plans, ada, MARCH, "basil alone"),
    ):
        await make_message(
            resources, owner_connection, ada, conversation_id=talk, content=content, at=at
        )
        await owner_connection.execute(
            "UPDATE passage SET author_id = $1 WHERE message_id = (SELECT id FROM message WHERE content = $2)",
            author.account_id, content,
        )  # fmt: skip
    for name in ("garden.pdf", "notes.md"):
        file_id = await make_file(
            resources, owner_connection, ada, name=name, passages=[GERMAN, ENGLISH]
        )
        await owner_connection.execute("UPDATE file SET folder = 'reports' WHERE id = $1", file_id)
    await owner_connection.execute("UPDATE item SET created_at = $1", MARCH)
    await owner_connection.execute(
        "UPDATE item SET tags = CASE kind WHEN 'file' THEN ARRAY['2026', 'harvest'] ELSE ARRAY['2026'] END"
    )
    await owner_connection.execute(
        "UPDATE passage SET created_at = $1 WHERE message_id IS NULL", MARCH
    )
    return ada, bob, kitchen


async def counted(resources, scope, q="tomaten", names=ALL, **given):
    request = replace(SearchRequest(q=q, facets=names, mode="lexical"), **given)
    answer = await retrieve(make_searcher(resources), scope, request)
    assert answer.degraded == ()
    return answer.facets


def pairs(facet):
    return [(value.label, value.count) for value in facet.values]


async def test_messages_and_files_are_counted_not_passages(resources, garden):
    found = await counted(resources, garden[0])
    assert {name: pairs(facet) for name, facet in found.items()} == {
        "type": [("message", 3), ("file", 2)],
        "from": [("ada", 4), ("bob", 1)],
        "in": [("Kitchen", 2), ("reports", 2), ("Kitchen plans", 1)],
        "month": [("2026-03", 4), ("2026-01", 1)],
        "ext": [("md", 1), ("pdf", 1)],
        "lang": [("en", 3), ("de", 2)],
        "tag": [("2026", 5), ("harvest", 2)],
    }
    assert all(facet.is_exact for facet in found.values())


async def test_a_value_used_as_an_operator_leaves_what_was_counted(resources, garden):
    ada, *_ = garden
    found = await counted(resources, ada, tz="Europe/Berlin")
    assert pairs(found["month"]) == [("2026-03", 4), ("2026-02", 1)]
    for name, facet in found.items():
        operator = "on" if name == "month" else name
        for value in facet.values:
            again = await counted(
                resources, ada, f'tomaten {operator}:"{value.value}"', tz="Europe/Berlin"
            )
            assert sum(v.count for v in again["type"].values) == value.count, (name, value)


async def test_a_title_that_others_hold_too_is_named_by_its_id(resources, garden):
    ada, _, kitchen = garden
    found = await counted(resources, ada, names=("in",))
    assert [(value.label, value.value) for value in found["in"].values] == [
        ("Kitchen", str(kitchen)),
        ("reports", "reports"),
        ("Kitchen plans", "Kitchen plans"),
    ]


async def test_only_what_the_caller_may_read_is_counted(resources, owner_connection, garden):
    ada, bob, kitchen = garden
    assert all(not facet.values for facet in (await counted(resources, bob)).values())
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        ada.workspace_id, kitchen, bob.account_id,
    )  # fmt: skip
    found = await counted(resources, bob)
    assert pairs(found["type"]) == [("message", 2)]
    # Kitchen plans holds the title, but bob cannot see that.
    assert [(value.label, value.value) for value in found["in"].values] == [("Kitchen", "Kitchen")]


@pytest.mark.parametrize(
    ("q", "given", "expected"),
    [
        (
            "tomaten basil",
            {},
            [("message", 4), ("file", 1)],
        ),  # the list, in which equal texts are one
        ("tomaten basil", {"sort": "newest"}, [("message", 1)]),
        ("tomaten -basil", {}, [("file", 2), ("message", 2)]),
        ("from:bob", {}, [("message", 1)]),
        ("", {"type": "file"}, [("file", 2)]),
        ("tomaten nothing:here", {"sort": "newest"}, []),
        ('"more tomaten"', {}, [("message", 1)]),
    ],
)
async def test_what_is_counted_follows_the_query(resources, garden, q, given, expected):
    found = await counted(resources, garden[0], q, ("type",), **given)
    assert pairs(found["type"]) == expected


async def test_what_is_near_in_meaning_counts_as_far_as_it_is_listed(
    resources, owner_connection, garden
):
    ada, *_ = garden
    await embed_all(resources, owner_connection, ada)
    request = SearchRequest(q="basil alone", facets=("type",), mode="semantic", limit=100)
    answer = await retrieve(make_searcher(resources), ada, request)
    hits = {hit.message_id or hit.item_id for hit in answer.hits}
    assert sum(value.count for value in answer.facets["type"].values) == len(hits)


async def test_a_later_page_counts_the_same(resources, garden):
    searcher = make_searcher(resources)
    asked = SearchRequest(q="tomaten", mode="lexical", limit=1, facets=("type", "lang"))
    first = await retrieve(searcher, garden[0], asked)
    second = await retrieve(searcher, garden[0], replace(asked, cursor=first.page.next_cursor))
    assert second.facets == first.facets


async def test_facets_are_counted_only_when_asked_for(resources, garden):
    assert await counted(resources, garden[0], names=()) == {}


async def test_facets_that_are_late_are_left_out_and_named(resources, garden):
    searcher = make_searcher(resources, facets_timeout_s=0.0)
    request = SearchRequest(q="tomaten", mode="lexical", facets=("type",))
    answer = await retrieve(searcher, garden[0], request)
    assert (answer.facets, answer.degraded, len(answer.hits) > 0) == ({}, ("facets",), True)


async def count_directly(resources, scope, **given):
    query = REGISTRY["facets.sql:count_facets"]
    values = {
        **scope.ids, **Constraints().values(), "listed": [], "listed_only": False, "words": "'tomaten'", "openings": False,
        "facets": ["type"], "months": list(month_starts(UTC, 2026)), "look": facets.LOOK, "blocks": facets.BLOCKS, "most": 50,
        **given,
    }  # fmt: skip
    async with resources.search.autocommit() as conn, conn.raw.transaction():
        await conn.raw.execute("SET LOCAL statement_timeout = 0")  # a busy machine is no failure
        rows = await conn.raw.fetch(query.text, *(values[p] for p in query.parameters))
    return {row["value"]: (row["count"], row["is_exact"]) for row in rows}


async def test_beyond_the_rows_that_are_looked_at_a_sample_is_counted(
    resources, owner_connection, garden
):
    """A sample of every block counts all, each message and file by its first passage; of one block, a share is scaled."""
    ada, *_ = garden
    assert await count_directly(resources, ada, look=1, blocks=10_000) == {
        "message": (3, False),
        "file": (2, False),
    }
    await owner_connection.execute(
        "INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at, text_hash, lexeme_count, tsv) "
        "SELECT workspace_id, gen_random_uuid(), item_id, build_id, gen_random_uuid(), 0, 0, 1, created_at, decode(md5(n::text), 'hex'), 1, tsv "
        "FROM (SELECT * FROM passage WHERE message_id IS NOT NULL AND tsv @@ 'tomaten' LIMIT 1) p, generate_series(1, 5000) n"
    )
    size = await owner_connection.fetchval(
        "SELECT max(pg_relation_size(inhrelid)) / 8192 FROM pg_inherits WHERE inhparent = 'passage'::regclass"
    )
    found = await count_directly(resources, ada, look=100, blocks=size // 3)
    assert not found["message"][1]
    assert 2_500 < found["message"][0] < 7_500
    assert await count_directly(resources, ada, look=6_000) == {
        "message": (5_003, True),
        "file": (2, True),
    }


async def test_at_most_so_many_rows_are_looked_at(resources, garden):
    query = REGISTRY["facets.sql:count_facets"]
    values = {
        **garden[0].ids, **Constraints().values(), "listed": [], "listed_only": False, "words": None, "openings": False,
        "facets": ["type"], "months": [], "look": 3, "blocks": 1, "most": 50,
    }  # fmt: skip
    async with resources.search.autocommit() as conn:
        rows = await conn.raw.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query.text}",
            *(values[p] for p in query.parameters),
        )
    plan = [row[0] for row in rows]
    at = next(n for n, line in enumerate(plan) if "CTE looked" in line)
    assert "Limit (actual rows=4" in plan[at + 1]


def test_months_begin_where_the_asker_is():
    starts = month_starts(ZoneInfo("Europe/Berlin"), 2026)
    assert starts[0] == datetime(1969, 12, 31, 23, tzinfo=UTC)
    assert starts[-6] == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert len(starts) == 57 * 12
