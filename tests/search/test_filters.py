from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from search.dates import Clock
from search.filters import Constraints, like_pattern, resolve
from search.query import parse
from sql import REGISTRY
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_item


@pytest.fixture
async def place(resources, owner_connection):
    scope = await make_scope(owner_connection, "ada")
    ids = {
        "talk": await make_conversation(owner_connection, scope, "Board meeting"),
        "pdf": await make_item(owner_connection, scope, "file", "Report 100%.pdf"),
        "txt": await make_item(owner_connection, scope, "file", "notes.txt"),
    }
    return scope, ids


CLOCK = Clock(datetime(2026, 3, 31, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


async def narrowed(resources, scope, q, kind=None):
    return await resolve(resources.app, scope, parse(q).filters, kind=kind, clock=CLOCK)


async def test_without_filters_nothing_is_asked(resources, place):
    assert await narrowed(resources, place[0], "word", kind="file") == Constraints(kind="file")


@pytest.mark.parametrize(
    ("q", "left"),
    [
        ("in:board", {"talk"}), ("name:report", {"pdf"}), ("name:100%", {"pdf"}), ("ext:.PDF", {"pdf"}),
        ("ext:pdf ext:txt", {"pdf", "txt"}), ("-ext:pdf", {"talk", "txt"}), ("-name:notes", {"talk", "pdf"}),
        ("-in:board", {"pdf", "txt"}), ("name:nothing", set()), ("name:notes ext:pdf", set()),
    ],
)  # fmt: skip
async def test_titles_and_extensions_become_ids(resources, place, q, left):
    scope, ids = place
    found = await narrowed(resources, scope, q)
    assert found.items is not None
    assert set(found.items) == {ids[name] for name in left}


async def test_items_of_others_are_never_named(resources, owner_connection, place):
    stranger = await make_scope(owner_connection, "eve")
    assert (await narrowed(resources, stranger, "in:board")).items == []


async def test_people_are_found_by_name_and_me_is_the_caller(resources, owner_connection, place):
    scope, _ = place
    bob = await make_colleague(owner_connection, scope, "bob")
    assert (await narrowed(resources, scope, "from:bob")).authors == [bob.account_id]
    assert (await narrowed(resources, scope, "from:me")).authors == [scope.account_id]
    assert (await narrowed(resources, scope, "-from:bob")).not_authors == [bob.account_id]
    assert (await narrowed(resources, scope, "from:nobody")).authors == []


async def test_dates_kinds_and_languages_need_no_lookup(resources, place):
    found = await narrowed(
        resources, place[0], "after:2026 -before:2026-03 before:2027 -type:file -lang:DE lang:en"
    )
    assert found == Constraints(
        kind="message", after=datetime(2026, 2, 28, 23, tzinfo=UTC), before=datetime(2026, 12, 31, 23, tzinfo=UTC),
        langs=["en"], not_langs=["de"],
    )  # fmt: skip


def test_a_pattern_means_its_own_characters():
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"


async def test_only_the_conditions_asked_for_are_left_of_a_narrowing(resources, place):
    scope, ids = place
    query = REGISTRY["search.sql:find_dated"]
    values = {**scope.ids, "candidates": None, "openings": False, "oldest": False, "depth": 1}

    async def plan(within):
        given = {**values, **within.values()}
        async with resources.search.autocommit() as conn:
            rows = await conn.raw.fetch(
                f"EXPLAIN {query.text}", *(given[p] for p in query.parameters)
            )
        return "\n".join(row[0] for row in rows)

    without, narrow = await plan(Constraints()), await plan(Constraints([ids["pdf"]], not_langs=["de"]))  # fmt: skip
    assert "item_id = ANY" not in without
    assert "lang" not in without
    assert "item_id = ANY ('{" in narrow
    assert "lang <> ALL ('{de}'::text[])" in narrow
    assert "admits" not in without + narrow
