"""Reorder the head of a list by a cross-encoder, which reads query and passage together. Optional: no model comes with us.

It drops nothing, and what holds the query as it was typed never sinks below its place: cross-encoders know meanings, not
part numbers. One plain word pins nothing: most hits hold it, and nothing would be left to reorder. Late or absent, the list
stays as it was fused and `degraded` says so.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog

from core.errors import Unavailable
from core.scope import Scope
from search.fuse import Listed
from search.hydrate import read_rows
from search.query import Phrase, Query, Word
from search.searcher import Searcher, Watch
from sql.pool import ReadConn

log: structlog.stdlib.BoundLogger = structlog.get_logger()

TOP: Final = 30  # of the list; 20 pairs took the MiniLM-L6 architecture 169 ms and 50 took 406
# A token that means itself: a number, a file name, an address, C++, camelCase.
_IDENTIFIER: Final = re.compile(r"\d|\w[^\w\s]+\w|[+#]$|[a-z][A-Z]")


async def rerank(
    searcher: Searcher, scope: Scope, listed: list[Listed], *, query: Query, watch: Watch
) -> None:
    """Put the first TOP of the list, in place, into the order of the model; what keeps it from that is told in `watch`."""
    if searcher.reranker is None:
        watch.degraded.append("reranker_not_configured")
        return
    head = listed[:TOP]
    try:
        async with asyncio.timeout(searcher.rerank_timeout_s):
            async with searcher.read_pool.read_tx(scope) as conn:
                texts = await _read(conn, scope, [entry.id for entry in head])
            scores = await searcher.reranker.score(query.meaning(), list(texts.values()))
    except (Unavailable, TimeoutError) as error:
        log.warning("list not reranked", error=str(error) or "timed out")
        watch.degraded.append("rerank")
        return
    exact = {id_ for id_, text in texts.items() if is_exact(query, text)}
    listed[:TOP] = reorder(head, dict(zip(texts, scores, strict=True)), exact=exact)


def reorder(
    listed: Sequence[Listed], scores: Mapping[UUID, float], *, exact: Collection[UUID]
) -> list[Listed]:
    """Return the list by score, best first, equal scores as they were; an exact hit is at its old place or above.

    A hit without a score (gone since) goes to the end.
    """
    place = {entry.id: n for n, entry in enumerate(listed)}
    waiting = sorted(listed, key=lambda e: (e.id not in scores, -scores.get(e.id, 0), place[e.id]))
    ordered: list[Listed] = []
    while waiting:
        due = next((e for e in waiting if e.id in exact and place[e.id] == len(ordered)), None)
        ordered.append(due or waiting[0])
        waiting.remove(ordered[-1])
    return ordered


def is_exact(query: Query, text: str) -> bool:
    """Say whether the text holds what the query means literally: its phrases and identifiers, else all of its words in a row."""
    words = [clause.text for clause in query.clauses if isinstance(clause, Word)]
    literal = [clause.text for clause in query.clauses if isinstance(clause, Phrase)]
    literal += [word for word in words if _IDENTIFIER.search(word)]
    if not literal:
        literal = [" ".join(words)] if len(words) > 1 else []
    held = " ".join(text.split()).casefold()
    return bool(literal) and all(_holds(held, one.casefold()) for one in literal)


def _holds(text: str, literal: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(literal)}(?!\w)", text) is not None


async def _read(conn: ReadConn, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return title and text of what the caller may see, in the order of the ids."""
    rows = await read_rows(conn, scope, ids)
    return {id_: f"{rows[id_].title}\n{rows[id_].text}" for id_ in ids if id_ in rows}
