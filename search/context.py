"""What was said around the message hits of a page: one statement for all of them, none when nobody asks.

Neighbours are by seq, the order in which the conversation is read; deleted ones do not count.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.answer import Context, Hit, Neighbour
from sql import fetch, read
from sql.pool import ReadConn

CHARACTERS: Final = 500  # of a neighbour; the rest is behind the hit's link


@dataclass(frozen=True, slots=True)
class _Row:
    hit_id: UUID
    is_before: bool
    message_id: UUID
    author: str
    created_at: datetime
    content: str
    is_cut: bool


_find_context = read("context.sql", "find_context", _Row)


async def with_context(
    conn: ReadConn, scope: Scope, hits: Sequence[Hit], *, around: int
) -> list[Hit]:
    """Return the hits, those of messages with up to `around` messages before and after them."""
    ids = sorted({hit.message_id for hit in hits if hit.message_id is not None})
    if not around or not ids:
        return list(hits)
    rows = await fetch(
        conn, _find_context, **scope.ids, ids=ids, around=around, characters=CHARACTERS
    )
    found = defaultdict[UUID, list[_Row]](list)
    for row in rows:
        found[row.hit_id].append(row)
    return [
        replace(hit, context=_context(found[hit.message_id])) if hit.message_id else hit
        for hit in hits
    ]


def _context(rows: Sequence[_Row]) -> Context:
    return Context(
        before=tuple(_neighbour(row) for row in rows if row.is_before),
        after=tuple(_neighbour(row) for row in rows if not row.is_before),
    )


def _neighbour(row: _Row) -> Neighbour:
    content = _up_to_a_word(row.content) if row.is_cut else row.content
    return Neighbour(row.message_id, row.author, row.created_at, content, row.is_cut)


def _up_to_a_word(text: str) -> str:
    """Leave out the word that the cut went through, unless that is half of the text."""
    words = text.rsplit(maxsplit=1)
    return words[0] if len(words) == 2 and len(words[0]) > CHARACTERS // 2 else text
