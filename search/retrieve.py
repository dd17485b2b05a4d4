"""Query and Scope in, hits out: the one function behind the search route, replies and the command line.

read the query -> rank (search/rank.py) -> freeze the list -> hydrate one page of it
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter

from core.errors import InvalidInput
from core.scope import Scope
from search.answer import Coverage, Hit, Page, QueryEcho, SearchAnswer, SearchRequest, Timing
from search.context import with_context
from search.corrections import corrected
from search.dates import Clock, read_zone
from search.explain import with_explanations, written
from search.facets import Counted, count_facets
from search.filters import resolve
from search.hydrate import Sought, count_coverage, hydrate
from search.likeness import likened
from search.pages import Cursor, keep, new_token, read_cursor, recall, sign
from search.query import Query, parse, plain, refusal
from search.rank import Ranking, rank
from search.rerank import rerank
from search.searcher import Searcher, Watch
from search.snippet import View, wanted

__all__ = ["Searcher", "retrieve"]


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of the list that a page asks for, and what its hits show."""

    window: range
    view: View
    context: int
    filters: tuple[str, ...]  # that every hit fits, as typed
    explain: bool
    covers: Sought | Coverage  # a list that was kept tells what it does not cover


@dataclass(frozen=True, slots=True)
class _Shown:
    """One page, and where in the list the next one begins."""

    hits: tuple[Hit, ...]
    next_offset: int
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Asked:
    """The query as it was read, and when and where it was asked."""

    query: Query
    clock: Clock


async def retrieve(searcher: Searcher, scope: Scope, request: SearchRequest) -> SearchAnswer:
    """Return a page of what `scope` may see, best first, equal scores by passage id.

    Raises InvalidInput for a query with nothing to look for and for a foreign cursor, Unavailable when the database
    is away; whatever is less than that only degrades the answer.
    """
    started = perf_counter()
    clock = read_clock(request.tz)
    query = await likened(searcher.read_pool, scope, read_query(request))
    cursor = _cursor(searcher, scope, request)
    asked = _Asked(query, clock)
    ranking, covers = await _ranking(searcher, scope, request, asked=asked, cursor=cursor)
    searched = corrected(query, ranking.frozen.corrections)
    counted = Counted(searched, clock, ranking.frozen.langs, ranking.listed)
    facets = await count_facets(searcher, scope, request, counted=counted, watch=ranking.watch)
    ranked = perf_counter()
    view = View(wanted(searched, ranking.frozen.langs), request.crop, request.highlight)
    window = range(cursor.offset, cursor.offset + request.limit)
    told = _filters(query, request)
    part = _Part(window, view, request.context, told, request.explain, covers)
    shown = await _show(searcher, scope, ranking, part=part)
    if isinstance(covers, Sought) and len(ranking.listed) > request.limit:
        frozen = replace(ranking.frozen, coverage=shown.coverage)
        await keep(searcher.redis, cursor.token, frozen, key=searcher.cursor_key)
    return SearchAnswer(
        query=_echo(query, searched, ranking),
        hits=shown.hits,
        facets=facets,
        page=_page(
            searcher,
            scope,
            request,
            ranking=ranking,
            following=Cursor(cursor.token, shown.next_offset),
        ),
        coverage=shown.coverage,
        degraded=tuple(ranking.watch.degraded),
        timing_ms=_timing(ranking.watch, started=started, ranked=ranked),
        index_seq=ranking.frozen.index_seq,
    )


def read_query(request: SearchRequest) -> Query:
    """Return the query with the filters given beside it; one that looks for nothing is InvalidInput."""
    query = parse_request(request)
    if query.refused is not None and (request.type is None or request.syntax == "plain"):
        raise InvalidInput.of("q", query.refused)
    return query


def parse_request(request: SearchRequest) -> Query:
    """Return the reading of a request: its text, with the filters beside it."""
    query = parse(request.q) if request.syntax == "operators" else plain(request.q)
    query = replace(query, filters=(*query.filters, *request.filters), tree=request.tree)
    return replace(query, refused=refusal(query))


def read_clock(tz: str) -> Clock:
    """Return now, in the zone of that name; an unknown one is InvalidInput."""
    zone = read_zone(tz)
    if zone is None:
        raise InvalidInput.of("tz", f"is an IANA name such as Europe/Berlin, not {tz}")
    return Clock(datetime.now(UTC), zone)


def _filters(query: Query, request: SearchRequest) -> tuple[str, ...]:
    kind = () if request.type is None else (f"type={request.type}",)
    return (*map(written, query.narrowed_by()), *kind)


def _echo(query: Query, searched: Query, ranking: Ranking) -> QueryEcho:
    return QueryEcho(
        text=query.text,
        filters=query.filters,
        warnings=query.warnings,
        lang=ranking.frozen.langs[0],
        corrections=ranking.frozen.corrections,
        corrected_text=searched.text
        if any(c.applied for c in ranking.frozen.corrections)
        else None,
    )


def _cursor(searcher: Searcher, scope: Scope, request: SearchRequest) -> Cursor:
    if request.cursor is None:
        return Cursor(new_token(), 0)
    return read_cursor(request.cursor, scope, request, key=searcher.cursor_key)


async def _ranking(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, asked: _Asked, cursor: Cursor
) -> tuple[Ranking, Sought | Coverage]:
    """Return the list that a cursor goes on in and what that does not cover, or a new one and what it was made from."""
    query, key = asked.query, searcher.cursor_key
    kept = await recall(searcher.redis, cursor.token, key=key) if request.cursor else None
    explained = kept is not None and (kept.reasons is not None or not request.explain)
    if kept is not None and kept.coverage is not None and explained:
        return Ranking(kept, Watch()), kept.coverage
    within = await resolve(
        searcher.read_pool, scope, query.narrowed_by(), kind=request.type, clock=asked.clock
    )
    ranking = await rank(searcher, scope, request, query=query, within=within)
    if request.rerank and request.sort == "relevance" and not query.is_browse():
        searched = corrected(query, ranking.frozen.corrections)
        await rerank(searcher, scope, ranking.listed, query=searched, watch=ranking.watch)
    by_words = request.sort != "relevance" or query.is_browse() or request.mode == "lexical"
    return ranking, Sought(within, by_words or request.semantic_ratio == 0, request.asking)


async def _show(searcher: Searcher, scope: Scope, ranking: Ranking, *, part: _Part) -> _Shown:
    """Hydrate from the window's start until it is full: rows that are gone since do not shorten a page."""
    window, offset, hits = part.window, part.window.start, list[Hit]()
    async with searcher.read_pool.read_tx(scope) as conn:
        while len(hits) < len(window) and offset < len(ranking.listed):
            listed = ranking.listed[offset : offset + len(window) - len(hits)]
            hits += await hydrate(conn, scope, listed, view=part.view, first=offset)
            offset += len(listed)
        hits = await with_context(conn, scope, hits, around=part.context)
        why = ranking.frozen.reasons if part.explain else None
        hits = await with_explanations(conn, scope, hits, why=why, filters=part.filters)
        covers = part.covers
        if isinstance(covers, Sought):
            covers = await count_coverage(conn, scope, covers, recall=ranking.frozen.recall)
    return _Shown(tuple(hits), offset, covers)


def _page(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, ranking: Ranking, following: Cursor
) -> Page:
    length = len(ranking.listed)
    total = max(length, ranking.frozen.matches)
    if following.offset >= length:
        return Page(None, False, total)
    return Page(sign(following, scope, request, key=searcher.cursor_key), True, total)


def _timing(watch: Watch, *, started: float, ranked: float) -> Timing:
    now = perf_counter()
    return Timing(
        total=round((now - started) * 1000, 2),
        embed=watch.embed,
        lexical=watch.lexical,
        semantic=watch.semantic,
        fuse=watch.fuse,
        hydrate=round((now - ranked) * 1000, 2),
    )
