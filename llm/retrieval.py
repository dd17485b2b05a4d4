"""The sources of a reply: what retrieve() finds for the asker, less what is no source for this question.

Left out are the question itself (it is searchable from its commit on), the turns that the model is given anyway, words
that a model wrote, and passages that only repeat the question.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import orjson

from core.errors import InvalidInput
from core.scope import Scope
from llm.chat import Source
from llm.options import ReplyOptions
from search.answer import Coverage, Hit, SearchRequest
from search.query import MAX_CHARACTERS, parse
from search.retrieve import Searcher, retrieve
from sql import fetch, read

SPARE = 10  # hits asked for beyond k, in place of those left out


@dataclass(frozen=True, slots=True)
class Found:
    """Sources best first, numbered from 1, and what search could not look at."""

    sources: tuple[Source, ...] = ()
    coverage: Coverage | None = None
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


LIST_MODEL_MESSAGES = read("run.sql", "list_model_messages", _Id)


async def find_sources(
    searcher: Searcher,
    scope: Scope,
    *,
    question: str,
    options: ReplyOptions,
    turns: Collection[UUID],
) -> Found:
    """Return the sources for a question; one that cannot be searched for, like "?!", has none."""
    request = SearchRequest(
        q=(options.q or question)[:MAX_CHARACTERS],
        syntax="plain",
        filters=parse(" ".join(options.filters)).filters,
        mode=options.mode,
        asking=tuple(turns),
        limit=min(options.k + len(turns) + SPARE, 100),
    )
    try:
        answer = await retrieve(searcher, scope, request)
    except InvalidInput:
        return Found()
    hits = [
        hit for hit in answer.hits if hit.message_id not in turns and not _repeats(question, hit)
    ]
    written = await _written_by_models(searcher, scope, hits)
    kept = [hit for hit in hits if hit.message_id not in written][: options.k]
    sources = tuple(_source(ref, hit) for ref, hit in enumerate(kept, start=1))
    return Found(sources, answer.coverage, answer.degraded)


def told(found: Found, sources: Sequence[Source]) -> str:
    """Return the data of `retrieval.done`: which passages the model is given, without their text."""
    passages = [
        {
            "ref": s.ref,
            "passage_id": s.passage_id,
            "kind": s.kind,
            "item_id": s.item_id,
            "message_id": s.message_id,
            "version": s.version,
            "title": s.title,
            "headings": s.headings,
            "pages": None if s.page_first is None else [s.page_first, s.page_last or s.page_first],
            "start": s.start,
            "end": s.end,
            "score": s.score,
        }
        for s in sources
    ]
    coverage = None if found.coverage is None else asdict(found.coverage)
    told_of = {"passages": passages, "coverage": coverage, "degraded": found.degraded}
    return orjson.dumps(told_of, default=str).decode()  # ids from the driver are a subclass of UUID


async def _written_by_models(
    searcher: Searcher, scope: Scope, hits: Sequence[Hit]
) -> Collection[UUID]:
    message_ids = [hit.message_id for hit in hits if hit.message_id is not None]
    if not message_ids:
        return ()
    async with searcher.read_pool.read_tx(scope) as conn:
        rows = await fetch(
            conn, LIST_MODEL_MESSAGES, workspace_id=scope.workspace_id, ids=message_ids
        )
    return {row.id for row in rows}


def _repeats(question: str, hit: Hit) -> bool:
    return _folded(hit.text) == _folded(question)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _source(ref: int, hit: Hit) -> Source:
    pages = hit.location.pages or (None, None)
    return Source(
        ref=ref,
        passage_id=hit.id,
        kind=hit.type,
        item_id=hit.item_id,
        message_id=hit.message_id,
        version=hit.version,
        title=hit.title,
        headings=hit.headings,
        page_first=pages[0],
        page_last=pages[1],
        start=hit.location.start,
        end=hit.location.end,
        text=hit.text,
        score=hit.score,
    )
