"""Why a search does not show something one may see: the first stage that lost it, and what to do about it.

The stages in the order of the pipeline: extracted, admitted by the filters, matched by the words, embedded, above the cut,
not collapsed into another hit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from core.errors import NotFound
from core.scope import Scope
from search.answer import Kind, SearchRequest
from search.dates import Clock
from search.embed import QueryVector
from search.explain import written
from search.filters import Constraints, resolve
from search.fuse import Listed, fuse
from search.legs import embed
from search.lexical import all_terms, conditions
from search.likeness import likened
from search.query import AnyOf, Clause, Not, Phrase, Prefix, Query, Word
from search.question import Question, understand
from search.rank import blend_of, rank_search, score
from search.retrieve import read_clock, read_query
from search.searcher import Search, Searcher, Watch
from sql import fetch, fetch_one, fetch_opt, read

MOST_PASSAGES: Final = 2_000  # of one file that are looked at
DEEP: Final = 2_000  # candidates of each leg among which the place of what is not listed is told
PATIENCE: Final = 10  # times the deadline of a leg that gives so many

PASSED_OVER: Final = "Its words stand in very many passages, of which not all were looked at."

Stage = Literal[
    "found", "collapsed", "pending", "failed", "no_text", "filtered", "no_matching_term", "not_embedded", "below_cut",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`rank` is 1-based and that of the best passage of the target, where it has one; `into` is the hit that stands for it."""

    item_id: UUID
    type: Kind
    title: str
    stage: Stage
    reason: str
    remedy: str
    rank: int | None = None
    into: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    kind: str
    item_id: UUID
    title: str
    file_state: str
    file_reason: str
    file_remedy: str


@dataclass(frozen=True, slots=True)
class _Passage:
    id: UUID
    has_vector: bool


@dataclass(frozen=True, slots=True)
class _Twin:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    passages: int


@dataclass(frozen=True, slots=True)
class _Lost:
    stage: Stage
    reason: str
    remedy: str = ""
    rank: int | None = None
    into: UUID | None = None


_find_target = read("why_not.sql", "find_target", _Target)
_list_passages = read("why_not.sql", "list_target_passages", _Passage)
_list_twins = read("why_not.sql", "list_twins", _Twin)
_count_admitted = read("why_not.sql", "count_admitted", _Count)


async def why_not(
    searcher: Searcher, scope: Scope, request: SearchRequest, *, target: UUID
) -> WhyNot:
    """Return what became of `target`, the id of a message, a passage, or a file or conversation.

    Raises NotFound for what the caller may not see, as for what is not there.
    """
    async with searcher.read_pool.read_tx(scope) as conn:
        found = await fetch_opt(conn, _find_target, **scope.ids, target=target)
    if found is None:
        raise NotFound("No such message, file, conversation or passage.")
    lost = await _first_loss(_Inquiry(searcher, scope, request, found), target)
    return WhyNot(
        item_id=found.item_id,
        type="file" if found.kind == "file" else "message",
        title=found.title,
        stage=lost.stage,
        reason=lost.reason,
        remedy=lost.remedy,
        rank=lost.rank,
        into=lost.into,
    )


@dataclass(frozen=True, slots=True)
class _Inquiry:
    searcher: Searcher
    scope: Scope
    request: SearchRequest
    found: _Target


async def _first_loss(asked: _Inquiry, target: UUID) -> _Lost:
    searcher, scope, request = asked.searcher, asked.scope, asked.request
    clock = read_clock(request.tz)
    query = await likened(searcher.read_pool, scope, read_query(request))
    within = await resolve(
        searcher.read_pool, scope, query.narrowed_by(), kind=request.type, clock=clock
    )
    search = Search(searcher, scope, replace(request, group_by="none"), query, within)
    question = await understand(search)
    passages = await _passages(asked, target, question)
    if not passages:
        return _not_indexed(asked.found)
    ids = [passage.id for passage in passages]
    return (
        await _filtered(asked, query, ids, within=within, clock=clock)
        or await _excluded(asked, question, ids, within=within)
        or await _incomplete(asked, question, ids)
        or await _outranked(asked, search, question, passages)
    )


async def _passages(asked: _Inquiry, target: UUID, question: Question) -> list[_Passage]:
    async with asked.searcher.read_pool.read_tx(asked.scope) as conn:
        return await fetch(
            conn, _list_passages, **asked.scope.ids, target=target,
            generation=question.basis.generation_id, at_most=MOST_PASSAGES,
        )  # fmt: skip


def _not_indexed(found: _Target) -> _Lost:
    match found.file_state:
        case "queued" | "processing":
            return _Lost(
                "pending",
                "It is still being read.",
                "Search again when it is ready, or pass min_seq.",
            )
        case "failed" | "cancelled":
            remedy = found.file_remedy or "Try it again, or upload another version."
            return _Lost("failed", found.file_reason or "Its text could not be read.", remedy)
        case _:
            remedy = found.file_remedy or "Only its title can be found."
            return _Lost("no_text", found.file_reason or "It holds no text.", remedy)


async def _admits(
    asked: _Inquiry, ids: Sequence[UUID], *, within: Constraints, condition: str | None = None
) -> bool:
    async with asked.searcher.read_pool.read_tx(asked.scope) as conn:
        left = await fetch_one(
            conn, _count_admitted, **asked.scope.ids, **within.values(), ids=list(ids), condition=condition
        )  # fmt: skip
    return left.passages > 0


async def _filtered(
    asked: _Inquiry, query: Query, ids: Sequence[UUID], *, within: Constraints, clock: Clock
) -> _Lost | None:
    """Name the filters that leave none of the passages, each tried alone."""
    if await _admits(asked, ids, within=within):
        return None
    names: list[str] = []
    pool, kind = asked.searcher.read_pool, asked.request.type
    alone = await resolve(pool, asked.scope, (), kind=kind, clock=clock)
    if not await _admits(asked, ids, within=alone):
        names.append(f"type={kind}")
    for f in query.narrowed_by():
        alone = await resolve(pool, asked.scope, [f], kind=None, clock=clock)
        if not await _admits(asked, ids, within=alone):
            names.append(written(f))
    told = " and ".join(names) if names else "the filters together"
    verb = "leave" if len(names) != 1 else "leaves"
    return _Lost("filtered", f"{told} {verb} it out.", f"Search without {told}.")


async def _excluded(
    asked: _Inquiry, question: Question, ids: Sequence[UUID], *, within: Constraints
) -> _Lost | None:
    """Name the phrases, groups, prefixes and negations that it does not meet, each tried alone."""
    if question.condition is None or await _admits(
        asked, ids, within=within, condition=question.condition
    ):
        return None
    unmet: list[str] = []
    for clause in question.query.clauses:
        alone = conditions(replace(question.query, clauses=(clause,)), question.langs)
        if alone is not None and not await _admits(asked, ids, within=within, condition=alone):
            unmet.append(_told(clause))
    told = " and ".join(unmet) if unmet else "every condition in one passage"
    return _Lost("no_matching_term", f"It does not meet {told}.", "Search without it.")


async def _incomplete(asked: _Inquiry, question: Question, ids: Sequence[UUID]) -> _Lost | None:
    """Say that a list by date shows only what holds every word."""
    if asked.request.sort == "relevance" or not question.weighed:
        return None
    every = all_terms(question.weighed, None)
    if await _admits(asked, ids, within=Constraints(), condition=every):
        return None
    reason = "A list by date shows what holds every word in one passage, and it does not."
    return _Lost("no_matching_term", reason, "Sort by relevance, or search with fewer words.")


async def _outranked(
    asked: _Inquiry, search: Search, question: Question, passages: Sequence[_Passage]
) -> _Lost:
    """Look for it in the list, and where it would stand if it is not there."""
    ids = {passage.id for passage in passages}
    listed = await _ranked(search, asked.request)
    if (place := _place(listed, ids)) is not None:
        return _found(place, asked.request)
    if asked.request.group_by == "none":
        return await _missed(asked, search, question, passages, listed)
    ungrouped = await _ranked(search, search.request)
    if (place := _place(ungrouped, ids)) is None:
        return await _missed(asked, search, question, passages, ungrouped)
    siblings = {passage.id for passage in await _passages(asked, asked.found.item_id, question)}
    first = next((hit.id for hit in listed if hit.id in siblings), None)
    return _Lost(
        "collapsed", f"group_by={asked.request.group_by} shows better passages of it.",
        "Raise group_limit, or search without group_by.", rank=place, into=first,
    )  # fmt: skip


async def _ranked(
    search: Search, request: SearchRequest, *, depth: int | None = None
) -> list[Listed]:
    """Return the list of a request, or as long a one as `depth` makes it, however long that takes."""
    searcher = search.searcher if depth is None else search.searcher.with_patience(PATIENCE)
    asked = replace(search, searcher=searcher, request=request, depth=depth, watch=Watch())
    return (await rank_search(asked)).listed


def _found(place: int, request: SearchRequest) -> _Lost:
    page = (place - 1) // request.limit + 1
    remedy = "" if page == 1 else f"It is on page {page}; more words bring it forward."
    return _Lost("found", f"It is hit {place}.", remedy, rank=place)


async def _missed(
    asked: _Inquiry,
    search: Search,
    question: Question,
    passages: Sequence[_Passage],
    listed: Sequence[Listed],
) -> _Lost:
    """Tell a duplicate, a passage without the words or the vector, and one below the cut apart."""
    vector = await embed(search, query=question.query, model=question.basis.model)
    ids = [passage.id for passage in passages]
    scored = await score(search, question, dict.fromkeys(ids), vector=vector)
    weights = blend_of(search, question, vector, scored)
    best = fuse(scored, weights, near=set(ids))
    if not best:
        return _unmatched(passages, vector)
    matched = [hit.id for _, hit in best]
    if is_by_date := asked.request.sort != "relevance" or search.query.is_browse():
        told = ""
    elif (twin := await _twin(asked, matched, listed)) is not None:
        reason = "Another hit has the same text and stands for it."
        return _Lost("collapsed", reason, "Open that hit.", into=twin)
    else:
        told = f"Its score is {best[0][1].score:.2f}: "
    deep = await _ranked(search, search.request, depth=DEEP)
    score_of_best = None if is_by_date else best[0][1].score
    place = _stands(deep, set(matched), score_of_best)
    if place is None:
        remedy = "Leave out words that it does not hold, or add rarer ones that it does."
        return _Lost("below_cut", PASSED_OVER, remedy)
    return _below(told, max(place, len(listed) + 1))


def _stands(deep: Sequence[Listed], ids: set[UUID], score: float | None) -> int | None:
    """Return the place in a long list: its own, that of a hit with its text, or that behind it all.

    None where its score is better than what is last there: it was not looked at.
    """
    for place, hit in enumerate(deep, start=1):
        if not ids.isdisjoint((hit.id, *hit.same)):
            return place
    if score is not None and all(score > hit.score for hit in deep[-1:]):
        return None
    return len(deep) + 1


def _below(told: str, place: int) -> _Lost:
    before = place - 1
    more = " or more" if before >= DEEP else ""
    reason = f"{told}{before} passages{more} stand before it."
    remedy = "Add words that only it holds, a phrase or a filter."
    return _Lost("below_cut", reason, remedy, rank=place)


async def _twin(asked: _Inquiry, ids: Sequence[UUID], listed: Sequence[Listed]) -> UUID | None:
    """Return the best hit with the text of one of these passages."""
    async with asked.searcher.read_pool.read_tx(asked.scope) as conn:
        twins = await fetch(
            conn, _list_twins, **asked.scope.ids, ids=list(ids), listed=[hit.id for hit in listed]
        )
    same = {twin.id for twin in twins}
    return next((hit.id for hit in listed if hit.id in same), None)


def _unmatched(passages: Sequence[_Passage], vector: QueryVector | None) -> _Lost:
    if vector is not None and not any(passage.has_vector for passage in passages):
        return _Lost(
            "not_embedded", "It holds none of the words, and its meaning is not in the index yet.",
            "Search again in a moment, or with words that it holds.",
        )  # fmt: skip
    meaning = "" if vector is None else ", and its meaning is too far from the query's"
    return _Lost(
        "no_matching_term",
        f"It holds none of the words{meaning}.",
        "Search with words that it holds.",
    )


def _told(clause: Clause) -> str:
    """Return a clause as it is typed."""
    match clause:
        case Word():
            return clause.text
        case Phrase():
            return f'"{clause.text}"'
        case Prefix():
            return f"{clause.text}*"
        case Not():
            return f"-{_told(clause.clause)}"
        case AnyOf():
            options = [" ".join(map(_told, option)) for option in clause.options]
            return f"({' OR '.join(options)})"


def _place(listed: Sequence[Listed], ids: set[UUID]) -> int | None:
    return next((place for place, hit in enumerate(listed, start=1) if hit.id in ids), None)
