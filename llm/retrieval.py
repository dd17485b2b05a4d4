"""The sources of a reply: what retrieve() finds for the asker, less what is no source for this question, packed.

What a model wrote is not looked at: answers repeat a question's words, and would stand before what they were made of.
Left out of what is found are the question itself (it is searchable from its commit on), the turns that the model is given
anyway, and passages that only repeat the question. What became of every candidate is kept for the trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from core.errors import InvalidInput
from core.scope import Scope
from llm.chat import Part, Source
from llm.options import MOST_FILES, ReplyOptions
from llm.packing import Fate, Room, joined, neighbours, pack
from search.answer import Coverage, Hit, Match, SearchAnswer, SearchRequest
from search.filter_tree import Either, FilterTree
from search.operators import Filter
from search.query import MAX_CHARACTERS, parse
from search.retrieve import Searcher, retrieve
from sql import fetch, read

SPARE = 10  # hits asked for beyond k, in place of those left out
MOST_HITS = 100
NO_ANSWERS: Final = Filter("is", "answer", negated=True)

LeftOut = Literal["repeats the question", "is in the conversation shown"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What sources are wanted for: `question` as it was asked, `query` as it is searched for.

    `attachments` are the files of the branch, `given` are the messages that the model is shown anyway, the question among them.
    """

    question: str
    query: str
    conversation_id: UUID
    options: ReplyOptions
    given: frozenset[UUID] = frozenset()
    attachments: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hit, and what became of it."""

    passage_id: UUID
    kind: Literal["file", "message"]
    item_id: UUID
    message_id: UUID | None
    version: int | None
    title: str
    start: int
    end: int
    score: float
    match: tuple[Match, ...]
    fate: Fate | LeftOut


@dataclass(frozen=True, slots=True)
class Found:
    """Sources best first, numbered from 1, all candidates best first, and what search could not look at."""

    sources: tuple[Source, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    coverage: Coverage | None = None
    degraded: tuple[str, ...] = ()
    index_seq: int = 0
    search_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Gap:
    passage_id: UUID
    text: str


READ_GAPS = read("run.sql", "read_gaps", _Gap)


async def find_sources(searcher: Searcher, scope: Scope, wanted: Wanted) -> Found:
    """Return the sources for a question; one that cannot be searched for, like "?!", has none."""
    within = _confined(wanted)
    if within == ():
        return Found()
    try:
        answer = await retrieve(searcher, scope, _request(wanted, within))
    except InvalidInput:
        return Found()
    left_out = _left_out(wanted, answer.hits)
    usable = [
        _source(n, hit) for n, hit in enumerate(answer.hits, start=1) if hit.id not in left_out
    ]
    packed = pack(usable, Room(wanted.options.k, wanted.options.context_tokens))
    sources = await _joined(searcher, scope, packed.sources)
    return Found(
        sources=tuple(sources),
        candidates=_candidates(answer, {**packed.fates, **left_out}),
        coverage=answer.coverage,
        degraded=answer.degraded,
        index_seq=answer.index_seq,
        search_ms=answer.timing_ms.total,
    )


def _confined(wanted: Wanted) -> tuple[UUID, ...] | None:
    """Return the items that sources may be of: None for all that the asker may see, () when there is nothing to look in."""
    match wanted.options.sources:
        case "everything":
            return None
        case "conversation":
            return (wanted.conversation_id, *wanted.attachments)[: MOST_FILES + 1]
        case "files":
            return (wanted.options.files or wanted.attachments)[:MOST_FILES]


def _request(wanted: Wanted, within: tuple[UUID, ...] | None) -> SearchRequest:
    options = wanted.options
    tree: FilterTree | None = None
    if within is not None:
        tree = Either(tuple(Filter("in", str(item_id)) for item_id in within))
    return SearchRequest(
        q=(options.q or wanted.query)[:MAX_CHARACTERS],
        syntax="plain",
        filters=(*parse(" ".join(options.filters)).filters, NO_ANSWERS),
        tree=tree,
        mode=options.mode,
        asking=tuple(wanted.given),
        limit=min(options.k + len(wanted.given) + SPARE, MOST_HITS),
    )


def _left_out(wanted: Wanted, hits: Sequence[Hit]) -> dict[UUID, LeftOut]:
    found: dict[UUID, LeftOut] = {}
    for hit in hits:
        if hit.message_id in wanted.given:
            found[hit.id] = "is in the conversation shown"
        elif _folded(hit.text) in (_folded(wanted.question), _folded(wanted.query)):
            found[hit.id] = "repeats the question"
    return found


async def _joined(searcher: Searcher, scope: Scope, sources: Sequence[Source]) -> list[Source]:
    """Return the sources with neighbours made one; what stands between them is read as it is stored."""
    pairs = neighbours(sources)
    if not pairs:
        return list(sources)
    async with searcher.read_pool.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            READ_GAPS,
            **scope.ids,
            ids=[following.passage_id for _, following in pairs],
            starts=[one.end for one, _ in pairs],
        )
    gaps = {row.passage_id: row.text for row in rows}
    between = {
        (one.passage_id, following.passage_id): gaps[following.passage_id]
        for one, following in pairs
        if len(gaps.get(following.passage_id, "-" * 99)) == following.start - one.end
        and not gaps[following.passage_id].strip()
    }
    return joined(sources, between)


def _candidates(
    answer: SearchAnswer, fates: Mapping[UUID, Fate | LeftOut]
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            passage_id=hit.id,
            kind=hit.type,
            item_id=hit.item_id,
            message_id=hit.message_id,
            version=hit.version,
            title=hit.title,
            start=hit.location.start,
            end=hit.location.end,
            score=hit.score,
            match=hit.match,
            fate=fates.get(hit.id, "no room"),
        )
        for hit in answer.hits
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _source(ref: int, hit: Hit) -> Source:
    first, last = hit.location.pages or (None, None)
    start, end = hit.location.start, hit.location.end
    return Source(
        ref=ref,
        passage_id=hit.id,
        kind=hit.type,
        item_id=hit.item_id,
        message_id=hit.message_id,
        version=hit.version,
        title=hit.title,
        headings=hit.headings,
        page_first=first,
        page_last=last,
        start=start,
        end=end,
        text=hit.text,
        score=hit.score,
        parts=(Part(hit.id, start, end, first, last),),
    )
