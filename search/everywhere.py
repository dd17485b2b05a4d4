"""One list over every workspace of the caller: each is searched under its own Scope, and the pages are merged best first.

Scores are raw BM25 and cosine, so they compare, but each workspace weighs words by its own statistics: a word that is rare in
one counts more there. A text that stands in two workspaces is two hits. The cursor holds one signed cursor per workspace.
"""

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from time import perf_counter
from typing import Final
from uuid import UUID

import structlog

from core.errors import InvalidInput, Unavailable
from core.scope import Scope
from search.answer import (
    Correction,
    Coverage,
    Facet,
    FacetName,
    FacetValue,
    Hit,
    Links,
    Page,
    QueryEcho,
    SearchAnswer,
    SearchRequest,
    Sort,
    Timing,
)
from search.filter_tree import Every, leaves
from search.operators import OF_THINGS
from search.pages import Cursor, new_token, read_cursor, sign
from search.retrieve import Searcher, parse_request, retrieve

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST: Final = 25  # workspaces of one search; their cursors fit into an address
AT_ONCE: Final = 2  # each search takes two connections of the four that the search pool has
_END: Final = 0xFFFF  # an offset behind every list
_PIECE: Final = re.compile(r"([\w-]{22})([\w-]{40})")  # a workspace's id and its own cursor


@dataclass(frozen=True, slots=True)
class _Asked:
    """A workspace's page, and where in its list it began."""

    scope: Scope
    start: Cursor
    answer: SearchAnswer


async def retrieve_everywhere(
    searcher: Searcher, scopes: Sequence[Scope], request: SearchRequest
) -> SearchAnswer:
    """Return a page of what the caller may see in any of these workspaces, in the order of `request.sort`.

    Raises as retrieve() does; a workspace that does not answer is told in `degraded` while another does, and so is
    `rerank`, which would read the head of each list.
    """
    started = perf_counter()
    request, undone = replace(request, rerank=False), ("rerank",) if request.rerank else ()
    if request.min_seq is not None:
        raise InvalidInput.of("min_seq", "counts in one workspace; name it")
    for f in leaves(Every(parse_request(request).narrowed_by())):
        if f.op in OF_THINGS:
            raise InvalidInput.of(f.op, "names something of one workspace; search in that one")
    starts = _starts(searcher, scopes[:MOST], request)
    turns = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(
        *(_ask(searcher, scope, request, start=start, turns=turns) for scope, start in starts)
    )
    asked = [one for one in found if one is not None]
    if not asked:
        raise Unavailable("Search did not answer in time.", retry_after_s=1)
    merged = _merged(asked, request)
    undone += ("workspaces",) if len(asked) < len(starts) else ()
    rest = dict(starts) | _rest(searcher, request, asked, merged=merged)
    return SearchAnswer(
        query=_echo(asked, left_out=len(scopes) - len(starts)),
        hits=tuple(_placed(hit, scope) for scope, hit in merged),
        facets=_facets([one.answer.facets for one in asked]),
        page=Page(
            _sign(searcher, request, rest),
            any(cursor.offset != _END for cursor in rest.values()),
            sum(one.answer.page.estimated_total for one in asked),
        ),
        coverage=_coverage([one.answer.coverage for one in asked]),
        degraded=(*dict.fromkeys(p for one in asked for p in one.answer.degraded), *undone),
        timing_ms=_timing([one.answer.timing_ms for one in asked], started=started),
        index_seq=0,  # each workspace counts its own
    )


def _starts(
    searcher: Searcher, scopes: Sequence[Scope], request: SearchRequest
) -> list[tuple[Scope, Cursor]]:
    """Return where each workspace's list goes on; one that the cursor does not know (joined since) is left out."""
    if request.cursor is None:
        return [(scope, Cursor(new_token(), 0)) for scope in scopes]
    own: dict[UUID, str] = {}
    for piece in map(_PIECE.fullmatch, request.cursor.split(".")):
        if piece is not None:
            own[UUID(bytes=urlsafe_b64decode(piece[1] + "=="))] = piece[2]
    known = [scope for scope in scopes if scope.workspace_id in own]
    if not known:
        raise InvalidInput.of(
            "cursor", "is not one that this search gave out; start again without it"
        )
    key = searcher.cursor_key
    return [(s, read_cursor(own[s.workspace_id], s, request, key=key)) for s in known]


async def _ask(
    searcher: Searcher,
    scope: Scope,
    request: SearchRequest,
    *,
    start: Cursor,
    turns: asyncio.Semaphore,
) -> _Asked | None:
    """Search one workspace when it is its turn; None when it does not answer."""
    here = None if request.cursor is None else sign(start, scope, request, key=searcher.cursor_key)
    async with turns:
        try:
            answer = await retrieve(searcher, scope, replace(request, cursor=here))
        except Unavailable as error:
            log.warning(
                "workspace not searched", workspace_id=str(scope.workspace_id), error=str(error)
            )
            return None
    return _Asked(scope, start, answer)


def _merged(asked: Sequence[_Asked], request: SearchRequest) -> list[tuple[Scope, Hit]]:
    """Merge the pages; each keeps its own order, equal keys go by id."""
    pages = [[(one.scope, hit) for hit in one.answer.hits] for one in asked]
    return list(merge(*pages, key=lambda pair: _key(pair[1], request.sort)))[: request.limit]


def _key(hit: Hit, sort: Sort) -> tuple[float, UUID]:
    if sort == "relevance":
        return (-hit.score, hit.id)
    at = hit.created_at.timestamp()
    return (at if sort == "oldest" else -at, hit.id)


def _rest(
    searcher: Searcher,
    request: SearchRequest,
    asked: Sequence[_Asked],
    *,
    merged: Sequence[tuple[Scope, Hit]],
) -> dict[Scope, Cursor]:
    """Return where each list goes on behind the hits that the merged page shows of it, and what was withdrawn before those."""
    shown = Counter(scope for scope, _ in merged)
    behind = {scope: hit.place + 1 for scope, hit in merged}
    rest: dict[Scope, Cursor] = {}
    for one in asked:
        following = one.answer.page.next_cursor
        after = following and read_cursor(following, one.scope, request, key=searcher.cursor_key)
        token = after.token if after else one.start.token
        if shown[one.scope] < len(one.answer.hits):
            rest[one.scope] = Cursor(token, behind.get(one.scope, one.start.offset))
        else:
            rest[one.scope] = after or Cursor(token, _END)
    return rest


def _sign(searcher: Searcher, request: SearchRequest, rest: Mapping[Scope, Cursor]) -> str | None:
    """Return the cursor of all lists; None when each has ended."""
    if all(cursor.offset == _END for cursor in rest.values()):
        return None
    return ".".join(
        urlsafe_b64encode(scope.workspace_id.bytes).decode().rstrip("=")
        + sign(cursor, scope, request, key=searcher.cursor_key)
        for scope, cursor in rest.items()
    )


def _placed(hit: Hit, scope: Scope) -> Hit:
    """Return the hit with links that name its workspace, since the caller acts in another."""
    here = f"workspace={scope.workspace_id}"
    mark = "&" if "?" in hit.links.self else "?"
    links = Links(self=f"{hit.links.self}{mark}{here}", open=f"{hit.links.open}&{here}")
    return replace(hit, links=links)


def _echo(asked: Sequence[_Asked], *, left_out: int) -> QueryEcho:
    """Return the query as the first workspace read it, with the warnings and corrections of all."""
    echoes = [one.answer.query for one in asked]
    warnings = [text for echo in echoes for text in echo.warnings]
    if left_out > 0:
        warnings.append(f"{left_out} of your workspaces were not searched: name one to search it.")
    corrections: dict[str, Correction] = {}
    for echo in echoes:
        for correction in echo.corrections:
            if correction.applied or correction.word not in corrections:
                corrections[correction.word] = correction
    return replace(
        echoes[0],
        warnings=tuple(dict.fromkeys(warnings)),
        corrections=tuple(corrections.values()),
        corrected_text=next((e.corrected_text for e in echoes if e.corrected_text), None),
    )


def _facets(counted: Iterable[Mapping[FacetName, Facet]]) -> dict[FacetName, Facet]:
    """Add up what each workspace counted, most frequent values first, of months the latest."""
    summed: dict[FacetName, Facet] = {}
    for facets in counted:
        for name, facet in facets.items():
            summed[name] = _sum(name, summed[name], facet) if name in summed else facet
    return summed


def _sum(name: FacetName, one: Facet, other: Facet) -> Facet:
    counts = Counter[str]()
    labels: dict[str, str] = {}
    for value in (*one.values, *other.values):
        counts[value.value] += value.count
        labels.setdefault(value.value, value.label)
    values = [FacetValue(value, labels[value], count) for value, count in counts.items()]
    if name == "month":
        ordered = sorted(values, key=lambda v: v.value, reverse=True)
    else:
        ordered = sorted(values, key=lambda v: (-v.count, v.value))
    return Facet(tuple(ordered), one.is_exact and other.is_exact)


def _coverage(parts: Sequence[Coverage]) -> Coverage:
    return Coverage(
        pending=sum(part.pending for part in parts),
        no_text=sum(part.no_text for part in parts),
        failed=sum(part.failed for part in parts),
        recall="exact" if all(part.recall == "exact" for part in parts) else "approximate",
    )


def _timing(parts: Sequence[Timing], *, started: float) -> Timing:
    """Return the wall time, and of each stage the slowest."""
    return Timing(
        total=round((perf_counter() - started) * 1000, 2),
        embed=max(part.embed for part in parts),
        lexical=max(part.lexical for part in parts),
        semantic=max(part.semantic for part in parts),
        fuse=max(part.fuse for part in parts),
        hydrate=max(part.hydrate for part in parts),
    )
