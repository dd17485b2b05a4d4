"""Every operator on real rows, as the legs ask for it: which passages it leaves, and which its negation leaves."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInput
from search.dates import Clock
from search.filter_tree import Either, Every, Except, check_tree
from search.filters import resolve
from search.narrowing import Constraints, Option
from search.operators import Filter
from search.query import parse
from sql import REGISTRY
from tests.make import make_colleague, make_scope
from tests.search.archive import grant, make_archive

CLOCK = Clock(datetime(2026, 3, 31, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
BOARD = {"board1", "board2", "board3"}
MESSAGES = BOARD | {"diary1", "open1"}
REPORT = {f"report.pdf:{page}" for page in (1, 2, 3)}
FILES = REPORT | {"100%.txt:1", "tool.py:1"}
ALL = MESSAGES | FILES
# Each with what it leaves; its negation leaves the rest.
LEFT = {
    "type:message": MESSAGES, "TYPE:File": FILES,
    "from:bob": {"board2", "open1"}, "from:me": ALL - {"board2", "open1"}, "from:nobody": set(),
    "to:bob": BOARD | {"open1"}, "to:me": MESSAGES, "to:nobody": set(),
    "in:board": BOARD, 'in:"open to"': {"open1"}, "in:nowhere": set(),
    "name:report": REPORT, "name:100%": {"100%.txt:1"}, "name:board": set(),
    "ext:.PDF": REPORT, "ext:docx": set(),
    "lang:DE": {"open1"},
    "has:link": {"board1", "report.pdf:3"}, "has:code": {"board2", "tool.py:1"}, "has:file": {"board3"}, "has:image": {"board3"},
    "is:mine": ALL - {"board2", "open1"}, "is:shared": BOARD | {"open1"}, "is:edited": {"board2"}, "is:pinned": set(),
    "page:1": {"report.pdf:1", "100%.txt:1", "tool.py:1"}, "page:2-9": {"report.pdf:2", "report.pdf:3"},
    "size:>1mb": REPORT, "size:<=500b": {"100%.txt:1"}, "size:>=0.5kb": FILES, "size:<1": set(),
    "tag:TAX": REPORT | {"100%.txt:1"}, "tag:2026": REPORT, "tag:none": set(),
    "on:2026-02": {"board2", "diary1"}, 'during:"last month"': {"board2", "diary1"}, "after:2026-04": FILES,
    "before:2026-02": {"board1"}, "last:30d": {"board3", "open1"} | FILES,
}  # fmt: skip


@pytest.fixture
async def archive(resources, owner_connection):
    return await make_archive(resources, owner_connection)


async def left(resources, archive, filters, *, scope=None, kind=None):
    """The names of the passages that the filters leave, asked for as every leg asks."""
    scope = scope or archive.ada
    found = parse(filters).filters if isinstance(filters, str) else filters
    within = await resolve(resources.app, scope, found, kind=kind, clock=CLOCK)
    query = REGISTRY["search.sql:find_dated"]
    values = {
        **scope.ids, **within.values(), "candidates": None, "openings": False, "oldest": False, "depth": 100,
    }  # fmt: skip
    async with resources.search.autocommit() as conn:
        rows = await conn.raw.fetch(query.text, *(values[p] for p in query.parameters))
    return {archive.passages[row["id"]] for row in rows}


async def test_each_operator_leaves_what_fits_and_its_negation_the_rest(resources, archive):
    for text, fitting in LEFT.items():
        assert await left(resources, archive, text) == fitting, text
        assert await left(resources, archive, f"-{text}") == ALL - fitting, f"-{text}"


@pytest.mark.parametrize(
    ("q", "fitting"),
    [
        ("from:bob from:ada", ALL), ("ext:pdf ext:py", REPORT | {"tool.py:1"}), ("page:1 page:3 ext:pdf", {"report.pdf:1", "report.pdf:3"}),
        ("type:file type:message", ALL), ("-type:file -type:message", set()), ("lang:en -lang:de", ALL - {"open1"}),
        ("tag:tax tag:2026", REPORT), ("has:link has:code", set()), ("size:>400 size:<600", {"100%.txt:1"}),
        ("on:2026-02 -on:2026-02-10", {"diary1"}), ("-on:2026-02 type:message", {"board1", "board3", "open1"}),
        ("-from:bob -has:link -ext:pdf", {"board3", "diary1", "100%.txt:1", "tool.py:1"}), ("to:bob from:me", {"board1", "board3"}),
    ],
)  # fmt: skip
async def test_values_that_exclude_each_other_are_alternatives_and_all_else_holds_together(
    resources, archive, q, fitting
):
    assert await left(resources, archive, q) == fitting


async def test_an_operator_wins_over_the_kind_given_beside_it(resources, archive):
    assert await left(resources, archive, "", kind="file") == FILES
    assert await left(resources, archive, "from:bob", kind="file") == set()
    assert await left(resources, archive, "type:message in:diary", kind="file") == {"diary1"}


async def test_near_is_what_stands_around_or_within(resources, archive, owner_connection):
    ids = archive.ids
    by_name = {name: id_ for id_, name in archive.passages.items()}
    for thing, fitting in (
        (ids["board2"], BOARD), (by_name["diary1"], {"diary1"}), (by_name["report.pdf:1"], REPORT),
        (ids["report.pdf"], REPORT), (ids["open"], {"open1"}),
    ):  # fmt: skip
        assert await left(resources, archive, f"near:{thing}") == fitting
        assert await left(resources, archive, f"-near:{thing}") == ALL - fitting
    assert await left(resources, archive, f"near:{ids['board2']} near:{ids['diary1']}") == set()
    await owner_connection.execute("UPDATE message SET seq = seq + 20 WHERE id = $1", ids["board3"])
    assert await left(resources, archive, f"near:{ids['board2']}") == BOARD - {"board3"}


async def test_like_leaves_all_but_the_thing_itself(resources, archive):
    assert await left(resources, archive, f"like:{archive.ids['board2']}") == ALL - {"board2"}
    assert await left(resources, archive, f"like:{archive.ids['report.pdf']}") == ALL - REPORT


async def test_only_what_one_may_read_is_ever_left_or_named(resources, archive, owner_connection):
    bob, eve = archive.bob, await make_scope(owner_connection, "eve")
    guest = await make_colleague(owner_connection, archive.ada, "gil", "guest")
    seen = BOARD | {"open1"}
    for text, fitting in LEFT.items():
        if not text.endswith((":me", ":mine")):
            assert await left(resources, archive, text, scope=bob) == fitting & seen, text
    assert await left(resources, archive, "from:me", scope=bob) == {"board2", "open1"}
    assert await left(resources, archive, "to:me", scope=bob) == seen
    assert await left(resources, archive, "to:gil") == set()
    await grant(owner_connection, archive.ada, archive.ids["diary"], principal=guest.account_id)
    assert await left(resources, archive, "to:gil") == {"diary1"}
    assert await left(resources, archive, "in:board", scope=eve) == set()
    for op in ("near", "like"):
        for name, scope in (("diary1", bob), ("report.pdf", bob), ("board1", eve)):
            with pytest.raises(InvalidInput, match=f"{op}: names nothing that you can read"):
                await left(resources, archive, f"{op}:{archive.ids[name]}", scope=scope)
    with pytest.raises(InvalidInput, match="near: names nothing that you can read"):
        await left(resources, archive, f"near:{archive.ada.account_id}")


async def test_a_tree_leaves_what_it_says(resources, archive):
    """Trees of the operators above, drawn by chance, against the same tree of the sets that they leave."""
    chance = random.Random(4)
    leaves = [(parse(text).filters[0], fitting) for text, fitting in LEFT.items()]

    def draw(depth):
        how = chance.choice(["leaf", "not", "and", "or"]) if depth else "leaf"
        if how == "leaf":
            f, fitting = chance.choice(leaves)
            negated = chance.random() < 0.3
            return replace(f, negated=negated), ALL - fitting if negated else fitting
        if how == "not":
            tree, fitting = draw(depth - 1)
            return Except(tree), ALL - fitting
        parts = [draw(depth - 1) for _ in range(chance.choice([1, 2, 3]))]
        trees, sets = tuple(tree for tree, _ in parts), [fitting for _, fitting in parts]
        if how == "and":
            return Every(trees), ALL.intersection(*sets)
        return Either(trees), set().union(*sets)

    asked = 0
    for _ in range(150):
        tree, fitting = draw(3)
        if is_too_wide(tree):
            continue
        asked += 1
        found = await left(resources, archive, (Filter("type", "message"), tree))
        assert found == fitting & MESSAGES, tree
    assert asked > 100


def is_too_wide(tree):
    try:
        check_tree(tree)
    except InvalidInput:
        return True
    return False


async def test_without_filters_nothing_is_asked_and_nothing_narrowed(resources, archive):
    found = await resolve(resources.app, archive.ada, (), kind=None, clock=CLOCK)
    assert found == Constraints()


async def test_only_the_conditions_asked_for_are_left_of_a_narrowing(resources, archive):
    query, scope = REGISTRY["search.sql:find_dated"], archive.ada
    values = {**scope.ids, "candidates": None, "openings": False, "oldest": False, "depth": 1}

    async def plan(within):
        given = {**values, **within.values()}
        async with resources.search.autocommit() as conn:
            rows = await conn.raw.fetch(
                f"EXPLAIN {query.text}", *(given[p] for p in query.parameters)
            )
        return "\n".join(row[0] for row in rows)

    items = frozenset((archive.ids["board"],))
    german = Option(not_langs=frozenset(("de",)))
    without, narrow = await plan(Constraints()), await plan(Constraints((replace(german, items=items),)))  # fmt: skip
    either = await plan(Constraints((Option(items=items), german)))
    assert "item_id = ANY" not in without
    assert "item_id = ANY ('{" in narrow
    assert "(lang <> ALL ('{de}'::text[]))" in narrow
    assert "(item_id = ANY (" in either.replace(" OR ", "@"), either
    assert ") OR (lang <> ALL ('{de}'::text[])))" in either
    assert "'(" not in without + narrow + either  # a row that is asked about at each passage
    assert not [word for word in ("admits", "fits", "traits") if word in without + narrow + either]
