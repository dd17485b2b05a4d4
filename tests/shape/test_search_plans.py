"""Every shape of search, run twelve times on one connection, is planned anew for its own words and planned alike each time.

Protects against the generic plan that takes over after five runs of a prepared statement (dnotitia/akb#626: 0.8 -> 1,500 ms).
What the application's own pool reads for a page may be planned so: there the plan for any values has to read as little as the
plan for these. The statements and their values are those that the product sends.
"""

from collections.abc import AsyncGenerator

import pytest

import sql
from core.scope import Scope
from search.answer import SearchRequest
from search.retrieve import retrieve
from search.searcher import Searcher
from search.statistics import refresh
from search.suggest import suggest
from search.why_not import why_not
from sql import REGISTRY
from sql.pool import Pool, open_pool
from tests.search.make import make_crowd, make_file, make_message, make_searcher

RUNS = 12
SHAPES = (
    SearchRequest(q="w7 v5", facets=("type", "in", "month")),
    SearchRequest(q="w7 v5", mode="lexical", explain=True),
    SearchRequest(q="w7 v5", mode="semantic"),
    SearchRequest(q='"w7" after:2020 lang:en', recall="exact"),
    SearchRequest(q="w7 crowd", group_by="conversation"),
    SearchRequest(q="w7", sort="newest"),
    SearchRequest(q="type:message"),
    SearchRequest(q="w7 -v5"),
    SearchRequest(q='"w7 v5" harbour'),
    SearchRequest(q="from:me -from:bob after:2020 w7", type="message", context=2),
    SearchRequest(q="in:Conversation to:me -before:2020 w7", facets=("from", "ext", "tag")),
    SearchRequest(q="ext:md size:>1 has:link w7 OR harbour"),
    SearchRequest(q="harbuor", explain=True),
)
TYPED = ("w", "har", "from:a", "in:", "ext:m")
Recorded = list[tuple[str, tuple[object, ...]]]


@pytest.fixture
async def one(database_url) -> AsyncGenerator[Pool]:
    """The search pool, as the product opens it, with one connection: what it prepares is seen by the next statement."""
    pool = await open_pool(
        database_url,
        purpose="search",
        role="recollect_search",
        size=1,
        statement_timeout_ms=20_000,
        acquire_timeout_s=30,
    )
    yield pool
    await pool.close()


@pytest.fixture
async def crowd(resources, owner_connection) -> Scope:
    """A conversation of 1,500 passages, and some messages and files that are written out."""
    scope, _ = await make_crowd(owner_connection, passages=1_500)
    talk = await owner_connection.fetchval(
        "SELECT id FROM item WHERE workspace_id = $1", scope.workspace_id
    )
    for n in range(10):
        await make_message(
            resources,
            owner_connection,
            scope,
            conversation_id=talk,
            content=f"The harbour opens, w7 {n}.",
        )
        texts = [f"w7 harbour {n}", f"v5 {n}"]
        await make_file(resources, owner_connection, scope, name=f"harbour {n}.md", passages=texts)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
        # So many that the index of vectors is asked where that is left to search.
        await conn.raw.execute("UPDATE corpus_stat SET passage_count = 1000000")
    await owner_connection.execute("ANALYZE")
    return scope


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What is sent from now on: names of statements and their values."""
    sent: Recorded = []
    names = {query.text: name for name, query in REGISTRY.items()}
    arguments = sql._arguments

    def listening(query: sql.Read[object], values: dict[str, object]) -> list[object]:
        found = arguments(query, values)
        sent.append((names[query.text], tuple(found)))
        return found

    monkeypatch.setattr(sql, "_arguments", listening)
    return sent


async def ask_everything(searcher: Searcher, scope: Scope) -> None:
    for request in SHAPES:
        answer = await retrieve(searcher, scope, request)
        assert answer.degraded == (), request.q
    for typed in TYPED:
        await suggest(searcher, scope, typed, limit=10)
    best = (await retrieve(searcher, scope, SHAPES[0])).hits[0]
    for target in (best.id, best.item_id):
        await why_not(searcher, scope, SearchRequest(q="w7"), target=target)


async def counts(pool: Pool) -> dict[str, tuple[int, int]]:
    """Return how often each prepared statement of search was planned: (for any values, for its own values)."""
    names = {query.text: name for name, query in REGISTRY.items()}
    async with pool.autocommit() as conn:
        rows = await conn.raw.fetch(
            "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"
        )
    return {
        names[row["statement"]]: (row["generic_plans"], row["custom_plans"])
        for row in rows
        if row["statement"] in names
    }


async def test_no_shape_of_search_is_ever_planned_for_values_unknown(resources, crowd, one):
    searcher = make_searcher(resources, search_pool=one, redis=None)
    for _ in range(RUNS):
        await ask_everything(searcher, crowd)
    planned = await counts(one)
    assert {
        "search.sql:read_basis", "search.sql:find_words", "search.sql:find_near_exact", "search.sql:find_dated",
        "search.sql:score_candidates", "search.sql:count_visible", "facets.sql:count_facets", "corrections.sql:find_neighbours",
        "suggest.sql:suggest_items", "suggest.sql:suggest_words",
    } <= set(planned)  # fmt: skip
    assert {name: times for name, times in planned.items() if times[0] or times[1] < RUNS} == {}


async def test_the_same_question_is_planned_alike_each_time(resources, crowd, one, recorded):
    await ask_everything(make_searcher(resources, search_pool=one, redis=None), crowd)
    asked, of_search = {repr(each): each for each in recorded}, await counts(one)
    async with one.autocommit() as conn:
        for name, arguments in asked.values():
            if name not in of_search:
                continue
            plans = set[str]()
            for _ in range(RUNS):
                await conn.raw.fetch(REGISTRY[name].text, *arguments)
                rows = await conn.raw.fetch(
                    f"EXPLAIN (COSTS OFF) {REGISTRY[name].text}", *arguments
                )
                plans.add("\n".join(row[0] for row in rows))
            assert len(plans) == 1, (name, arguments)


async def test_what_a_page_is_read_by_reads_no_more_when_it_is_planned_for_any_values(
    resources, crowd, one, recorded
):
    """On the application's pool a generic plan takes over where it looks as cheap; it has to be."""
    await ask_everything(make_searcher(resources, search_pool=one, redis=None), crowd)
    of_search, sent = await counts(one), list(recorded)
    read = dict[str, list[tuple[int, int]]]()
    for name, arguments in sent:
        if name not in of_search:
            both = [
                await _tuples_read(resources.app, crowd, name, arguments, mode=mode)
                for mode in ("force_custom_plan", "force_generic_plan")
            ]
            read.setdefault(name, []).append((both[0], both[1]))
    assert {
        "search.sql:hydrate", "search.sql:count_coverage", "filters.sql:match_items", "filters.sql:match_people",
        "explain.sql:explain_terms", "context.sql:find_context", "suggest.sql:read_titles",
    } <= set(read)  # fmt: skip
    assert {
        name: pairs for name, pairs in read.items() for own, any_ in pairs if any_ > 2 * own + 100
    } == {}


async def _tuples_read(
    pool: Pool, scope: Scope, name: str, arguments: tuple[object, ...], *, mode: str
) -> int:
    """Return how many rows a statement reads from tables and indexes, planned so."""
    counted = (
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int FROM pg_stat_xact_user_tables"
    )
    async with pool.read_tx(scope) as conn:
        await conn.raw.execute(f"SET LOCAL plan_cache_mode = {mode}")
        before = await conn.raw.fetchval(counted)
        await conn.raw.fetch(REGISTRY[name].text, *arguments)
        return (await conn.raw.fetchval(counted) or 0) - (before or 0)
