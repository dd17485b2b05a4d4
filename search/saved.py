"""Which of some new passages a saved search finds: those that hold every word and pass every operator, as a list by date does.

Words first, for all searches of a workspace in one statement; then, for the few that fit, permission and filters in the
name of the owner. Meaning alone finds nothing here: the nearest of a few new passages may be far away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

import structlog

from core.errors import InvalidInput
from core.scope import Role, Scope
from search.answer import Kind
from search.filters import resolve
from search.lexical import all_terms, conditions, query_terms, weigh
from search.query import parse
from search.question import query_languages
from search.retrieve import read_clock
from sql import fetch, read
from sql.pool import BadSyntax, Pool, ReadConn

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PAGE: Final = 200  # searches at a time
_COMPILED = 20_000  # tsqueries kept: half a kilobyte each


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that wants to be told, and in whose name; `calls` says whether a webhook is told too."""

    id: UUID
    account_id: UUID
    role: Role
    q: str
    type: Kind | None
    lang: str | None
    tz: str
    calls: bool

    def scope(self, workspace_id: UUID) -> Scope:
        """Return the owner as he is in the workspace now."""
        return Scope(self.account_id, workspace_id, self.role)


@dataclass(frozen=True, slots=True)
class WordMatch:
    """The passages that hold what a search asks for, whoever may see them."""

    search_id: UUID
    passage_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks of a passage: a tsquery, or None where it is nothing but filters."""

    search_id: UUID
    tsquery: str | None


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_list_alerting_searches = read("saved_search.sql", "list_alerting_searches", SavedSearch)
_match_words = read("saved_search.sql", "match_words", WordMatch)
_find_admitted = read("saved_search.sql", "find_admitted", _Id)


async def list_alerting(conn: ReadConn, workspace_id: UUID, *, after: UUID) -> list[SavedSearch]:
    """Return a page of the searches of a workspace that want to be told, after that id, by id."""
    return await fetch(
        conn, _list_alerting_searches, workspace_id=workspace_id, after=after, most=PAGE
    )


def wanted_by(searches: Sequence[SavedSearch], langs: Sequence[str]) -> list[Wanted]:
    """Return what each search asks for in a workspace of these languages; one that looks for nothing (any more) is left out."""
    known = tuple(langs)
    return [
        Wanted(search.id, words_of(search.q, search.lang, known))
        for search in searches
        if search.type is not None or parse(search.q).refused is None
    ]


async def match_words(
    pool: Pool, workspace_id: UUID, wanted: Sequence[Wanted], *, passage_ids: Sequence[UUID]
) -> list[WordMatch]:
    """Return the searches whose words stand in some of the passages.

    One whose words PostgreSQL cannot read is found by halves, and only that one hears nothing.
    """
    try:
        async with pool.tenant_tx(workspace_id) as conn:
            return await fetch(
                conn, _match_words, workspace_id=workspace_id, passage_ids=list(passage_ids),
                search_ids=[one.search_id for one in wanted],
                tsqueries=[one.tsquery for one in wanted],
            )  # fmt: skip
    except BadSyntax as error:
        if len(wanted) == 1:
            told = {"saved_search_id": str(wanted[0].search_id), "error": str(error)}
            log.warning("words of a saved search not understood", **told)
            return []
    half = len(wanted) // 2
    halves = (wanted[:half], wanted[half:])
    return [
        match
        for some in halves
        for match in await match_words(pool, workspace_id, some, passage_ids=passage_ids)
    ]


async def find_admitted(
    pool: Pool, workspace_id: UUID, search: SavedSearch, *, passage_ids: Sequence[UUID]
) -> list[UUID]:
    """Return those of the passages that the owner may see now and the search's operators leave."""
    scope, filters = search.scope(workspace_id), parse(search.q).filters
    clock = read_clock(search.tz)
    try:
        within = await resolve(pool, scope, filters, kind=search.type, clock=clock)
    except InvalidInput:  # what near: names is gone, or closed to the owner
        return []
    async with pool.read_tx(scope) as conn:
        rows = await fetch(
            conn, _find_admitted, **scope.ids, **within.values(), passage_ids=list(passage_ids)
        )
    return [row.id for row in rows]


@lru_cache(maxsize=_COMPILED)
def words_of(q: str, lang: str | None, known: tuple[str, ...]) -> str | None:
    """Return the tsquery of what holds every word of `q`; None where it is nothing but filters."""
    query = parse(q)
    langs = query_languages(query, lang, known)
    weighed = weigh(query_terms(query, langs), {}, passage_count=0)
    return all_terms(weighed, conditions(query, langs))
