"""Turn the ids of one page into hits: what the caller may still see, with its words around the matches.

Read by the application role under row-level security, so that every row passes both walls again; what was deleted or
closed since the list was made is left out.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.answer import Coverage, Hit, Links, Location, Markup, Recall, Snippet
from search.fuse import Listed
from search.links import file_links, message_links
from search.narrowing import Constraints
from search.snippet import View, snippet
from sql import fetch, fetch_one, read
from sql.pool import ReadConn

MOST_WAITING: Final = 100  # messages without vectors that are looked at: 30 us each


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    is_message: bool
    item_id: UUID
    message_id: UUID | None
    title: str
    headings: list[str]
    author: str
    created_at: datetime
    lang: str
    page_first: int | None
    page_last: int | None
    span_start: int
    span_end: int
    version: int | None
    text: str


@dataclass(frozen=True, slots=True)
class _Counts:
    pending: int
    no_text: int
    failed: int


_hydrate = read("search.sql", "hydrate", Row)
_coverage = read("search.sql", "count_coverage", _Counts)


async def hydrate(
    conn: ReadConn, scope: Scope, listed: Sequence[Listed], *, view: View, first: int = 0
) -> list[Hit]:
    """Return the hits of `listed` that the caller may see now, in that order; `first` is the place of the first.

    Where a hit is gone, the best of those with its text that are left stands for it: one statement more.
    """
    if not listed:
        return []
    same = [id_ for entry in listed for id_ in entry.same]
    known = await read_rows(conn, scope, [entry.id for entry in listed], unquoted=same)
    left = [_left(entry, known) for entry in listed]
    if heirs := {entry.id for entry in left if entry is not None and entry.id in same}:
        others = {id_: row for id_, row in known.items() if id_ not in heirs}
        known = others | await read_rows(conn, scope, sorted(heirs))
    return [
        _hit(known, entry, view, workspace_id=scope.workspace_id, place=place)
        for place, entry in enumerate(left, start=first)
        if entry is not None and entry.id in known
    ]


async def read_rows(
    conn: ReadConn, scope: Scope, ids: Sequence[UUID], *, unquoted: Sequence[UUID] = ()
) -> dict[UUID, Row]:
    """Return the passages that the caller may see now; those of `unquoted` without their text."""
    rows = await fetch(conn, _hydrate, **scope.ids, ids=list(ids), unquoted=list(unquoted))
    return {row.id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list was made from; messages count that wait for their vectors unless it is made of words alone."""

    within: Constraints
    by_words_alone: bool
    asking: Sequence[UUID]


async def count_coverage(
    conn: ReadConn, scope: Scope, sought: Sought, *, recall: Recall
) -> Coverage:
    """Return how much search cannot answer from, of what the caller may see and the filters leave."""
    counts = await fetch_one(
        conn,
        _coverage,
        **scope.ids,
        **sought.within.values(),
        facts=sought.within.file_facts(),
        by_words_alone=sought.by_words_alone,
        asking=list(sought.asking),
        most=MOST_WAITING,
    )
    return Coverage(counts.pending, counts.no_text, counts.failed, recall)


def _left(entry: Listed, known: Mapping[UUID, Row]) -> Listed | None:
    """Return what is left of an entry and those with its text; None where all are gone."""
    ids = [id_ for id_ in (entry.id, *entry.same) if id_ in known]
    return replace(entry, id=ids[0], same=tuple(ids[1:])) if ids else None


def _hit(
    known: Mapping[UUID, Row], entry: Listed, view: View, *, workspace_id: UUID, place: int
) -> Hit:
    row, same = known[entry.id], [known[id_] for id_ in entry.same if id_ in known]
    pages = None
    if row.page_first is not None and row.page_last is not None:
        pages = (row.page_first, row.page_last)
    cut = snippet(row.text, view, lang=row.lang, offset=row.span_start)
    return Hit(
        id=row.id,
        workspace_id=workspace_id,
        type="message" if row.is_message else "file",
        item_id=row.item_id,
        file_id=None if row.is_message else row.item_id,
        version=row.version,
        conversation_id=row.item_id if row.is_message else None,
        message_id=row.message_id,
        title=row.title,
        headings=tuple(row.headings),
        author=row.author,
        created_at=row.created_at,
        location=Location(pages, row.span_start, row.span_end),
        text=row.text,
        snippet=cut,
        score=entry.score,
        match=entry.match,
        also_in=tuple(sorted({other.item_id for other in same} - {row.item_id})),
        also_here=tuple(o.message_id or o.id for o in same if o.item_id == row.item_id),
        links=_links(row, _span(cut, view.markup)),
        place=place,
    )


def _links(row: Row, shown: range) -> Links:
    if row.message_id is None:
        return file_links(row.item_id, shown=shown)
    return message_links(row.item_id, row.message_id, shown=shown)


def _span(cut: Snippet, markup: Markup) -> range:
    """Return where the words of a snippet stand in the stored text."""
    plain = cut.text
    if markup == "html":  # every < that is not of a <mark> was escaped
        plain = html.unescape(re.sub("</?mark>", "", cut.text))
    return range(cut.offset, cut.offset + len(plain))
