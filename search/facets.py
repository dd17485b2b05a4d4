"""Facets: how many messages and files of an answer fall under each value, ready to be used as an operator.

What is counted is the ranked list and whatever else passes the filters and holds every word: so no hit is left out, and beside
them stands what sort=newest would list. Counting all that is near in meaning would count the whole workspace (in Meilisearch
hybrid facets ignore the query for that reason, its issues 4494 and 6590; Elasticsearch counts matches and the k nearest, as
here). Every facet counts under all filters, its own too: several values of one operator are asked for with several filters.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from uuid import UUID

import structlog

from core.errors import Unavailable
from core.scope import Scope
from search.answer import Facet, FacetName, FacetValue, SearchRequest
from search.dates import Clock
from search.filters import Constraints, resolve
from search.fuse import Listed
from search.lexical import all_terms, conditions, query_terms, weigh
from search.query import Query
from search.searcher import Searcher, Watch
from search.typed import quotable
from sql import fetch, read

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LOOK: Final = 10_000  # rows; then a sample is counted. As many as Elasticsearch counts hits exactly
BLOCKS: Final = 500  # of 8 kB: some 5,000 rows of which the sample takes what matches
MOST: Final = 50  # values of a facet; of months the last four years
FIRST_YEAR: Final = 1970  # what is older has no month
FOLDER: Final = "folder"  # the other half of the facet `in`: conversations by id, files by folder


@dataclass(frozen=True, slots=True)
class Counted:
    """What facets are counted over: a query as it was searched, in these languages, and the list that came of it."""

    query: Query
    clock: Clock
    langs: tuple[str, ...]
    listed: Sequence[Listed]


@dataclass(frozen=True, slots=True)
class _Row:
    facet: str
    value: str  # of a person or conversation the id, of a month its place; empty where a facet has no values
    count: int
    is_exact: bool
    is_ambiguous: bool


@dataclass(frozen=True, slots=True)
class _Label:
    facet: str
    key: str
    label: str
    value: str


_count_facets = read("facets.sql", "count_facets", _Row)
_read_labels = read("facets.sql", "read_labels", _Label)


async def count_facets(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, counted: Counted, watch: Watch
) -> Mapping[FacetName, Facet]:
    """Return the facets that the request asks for; none, and `degraded` says so, when they were late."""
    if not request.facets:
        return {}
    try:
        async with asyncio.timeout(searcher.facets_timeout_s):
            rows = await _rows(searcher, scope, request, counted=counted)
            labels = await _labels(searcher, scope, rows)
    except (Unavailable, TimeoutError) as error:
        log.warning("facets not counted", error=str(error) or "timed out")
        watch.degraded.append("facets")
        return {}
    return {name: _facet(name, rows, labels) for name in request.facets}


async def _rows(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, counted: Counted
) -> list[_Row]:
    query, clock = counted.query, counted.clock
    within: Constraints = await resolve(
        searcher.read_pool, scope, query.narrowed_by(), kind=request.type, clock=clock
    )
    async with searcher.search_pool.autocommit() as conn:
        return await fetch(
            conn, _count_facets, **scope.ids, **within.values(),
            listed=[entry.id for entry in counted.listed], listed_only=request.mode == "semantic",
            words=_words(query, counted.langs), openings=query.is_browse() and not within.is_of_passages,
            facets=_asked(request.facets), months=month_starts(clock.zone, clock.now.year),
            look=LOOK, blocks=BLOCKS, most=MOST,
        )  # fmt: skip


def _words(query: Query, langs: Sequence[str]) -> str | None:
    """Return the tsquery of what holds every word, as a list by date has it."""
    weighed = weigh(query_terms(query, langs), {}, passage_count=0)
    return all_terms(weighed, conditions(query, langs))


def _asked(names: Iterable[FacetName]) -> list[str]:
    asked: list[str] = list(dict.fromkeys(names))
    return [*asked, FOLDER] if "in" in asked else asked


async def _labels(
    searcher: Searcher, scope: Scope, rows: Sequence[_Row]
) -> dict[tuple[str, str], _Label]:
    """Return what people see of the values that are ids, read as the application: one it may not read is none."""
    people, conversations, folders = (_keys(rows, facet) for facet in ("from", "in", FOLDER))
    if not (people or conversations or folders):
        return {}
    async with searcher.read_pool.read_tx(scope) as conn:
        found = await fetch(
            conn, _read_labels, **scope.ids,
            people=[UUID(key) for key in people], conversations=[UUID(key) for key in conversations],
            folders=folders,
        )  # fmt: skip
    return {(label.facet, label.key): label for label in found}


def _keys(rows: Sequence[_Row], facet: str) -> list[str]:
    return [row.value for row in rows if row.facet == facet and row.value]


def _facet(
    name: FacetName, rows: Sequence[_Row], labels: Mapping[tuple[str, str], _Label]
) -> Facet:
    own = [row for row in rows if row.facet in ((name, FOLDER) if name == "in" else (name,))]
    values = [value for row in own if row.value and (value := _value(row, labels))]
    if name == "in":
        values.sort(key=lambda value: (-value.count, value.label, value.value))
    return Facet(tuple(values[:MOST]), all(row.is_exact for row in own))


def _value(row: _Row, labels: Mapping[tuple[str, str], _Label]) -> FacetValue | None:
    """Return the value as an operator takes it, or None for what has no name that the caller may read."""
    if row.facet == "month":
        month = _month(int(row.value))
        return FacetValue(month, month, row.count) if month else None
    if row.facet not in {"from", "in", FOLDER}:
        return FacetValue(row.value, row.value, row.count)
    label = labels.get((row.facet, row.value))
    if label is None:
        return None
    unclear = row.facet == "in" and (row.is_ambiguous or quotable(label.value) != label.value)
    value = row.value if unclear or not label.value else label.value
    return FacetValue(value, label.label, row.count)


def _month(place: int) -> str | None:
    """Return the month at that place of month_starts(), 1-based; None before the first."""
    years, months = divmod(place - 1, 12)
    return f"{FIRST_YEAR + years}-{months + 1:02}" if place else None


@lru_cache(maxsize=64)
def month_starts(zone: tzinfo, last_year: int) -> tuple[datetime, ...]:
    """Return when each month begins in `zone`, as UTC: PostgreSQL need not know the zone's name."""
    return tuple(
        datetime(year, month, 1, tzinfo=zone).astimezone(UTC)
        for year in range(FIRST_YEAR, last_year + 1)
        for month in range(1, 13)
    )
