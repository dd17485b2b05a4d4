"""How a reply came about, and the same retrieval on today's index: what is shown follows the rights of who looks, now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from api.deps import ApiDep, PathId, ScopeDep
from api.replies.run_answers import UsageAnswer
from api.replies.traced import (
    CandidateAnswer,
    ImageAnswer,
    KeptCoverage,
    KeptTrace,
    candidates_of,
    find_places,
    images_of,
    read_trace,
)
from api.wire import Answer
from core.errors import Conflict, NotFound
from core.scope import Scope
from llm.followup import Way
from llm.options import Citing, ReplyOptions, Sources
from llm.retrieval import Candidate, Wanted, find_sources
from llm.run_log import RunState
from search.answer import Mode
from sql import fetch_opt, read
from sql.pool import ReadConn

router = APIRouter(prefix="/messages/{message_id}/trace", tags=["Runs"])


class AskedQueryAnswer(Answer):
    """`asked` is the question, `text` what was searched for, `by` who made the one of the other; empty once it is deleted."""

    asked: str
    text: str
    by: Way


class OptionsAnswer(Answer):
    filters: Sequence[str]
    k: int
    mode: Mode
    sources: Sources
    files: Sequence[UUID]
    context_tokens: int
    max_tokens: int
    citations: Citing
    abstain: bool


class RoomAnswer(Answer):
    """Tokens of sources, and of the answer."""

    context_tokens: int
    max_tokens: int


class CoverageAnswer(Answer):
    pending: int
    no_text: int
    failed: int
    recall: Literal["exact", "approximate"]


class TryAnswer(Answer):
    """With `citations: required`, an answer that was checked: sentences kept, and claims left out for lack of support."""

    state: RunState
    kept: int
    left_out: int
    usage: UsageAnswer | None
    is_shown: bool


class TraceTiming(Answer):
    """Milliseconds: wording the query, searching, until the first words, until the end."""

    rewrite: float
    search: float
    first_token: int | None
    total: int | None


class TraceAnswer(Answer):
    """`model` was asked for, `answered_by` wrote; `turns` earlier messages were shown; the prompt is told by its digest.

    `coverage` is told to who asked. `options` are as they were followed; `cut_from` is what was asked for where the model's context has less room.
    `tries` are the answers, of which the better one is shown, where citations were required.
    """

    run_id: UUID
    message_id: UUID
    model: str
    answered_by: str
    state: RunState
    query: AskedQueryAnswer
    options: OptionsAnswer
    cut_from: RoomAnswer | None
    candidates: Sequence[CandidateAnswer]
    images: Sequence[ImageAnswer]
    turns: int
    prompt_sha256: str
    coverage: CoverageAnswer | None
    degraded: Sequence[str]
    index_seq: int
    tries: Sequence[TryAnswer]
    usage: UsageAnswer | None
    cost_usd: float
    timing_ms: TraceTiming
    created_at: datetime


class MovedAnswer(Answer):
    """A passage's place among those given to the model then and now, from 1; None where it was or is not among them."""

    passage_id: UUID
    kind: Literal["file", "message"]
    title: str
    then: int | None
    now: int | None


class ReplayAnswer(Answer):
    """The same query today: what the model would be given now, beside what it was given."""

    query: str
    then_index_seq: int
    now_index_seq: int
    passages: Sequence[MovedAnswer]
    same: bool
    degraded: Sequence[str]
    search_ms: float


@dataclass(frozen=True, slots=True)
class _Traced:
    run_id: UUID
    conversation_id: UUID
    model: str
    answered_by: str
    state: RunState
    trace: str
    usage: str
    cost_micros: int
    first_token_ms: int | None
    total_ms: int | None
    is_asked: bool
    is_own: bool
    created_at: datetime


_find_trace = read("run.sql", "find_trace", _Traced)


@router.get("", summary="How a reply came about: query, candidates, what was given, model, cost")
async def get_trace(message_id: PathId, scope: ScopeDep, api: ApiDep) -> TraceAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        row, kept = await _find(conn, scope, message_id)
        places = await find_places(conn, scope, kept)
    query = (
        kept.query.model_dump() if row.is_asked else {"asked": "", "text": "", "by": kept.query.by}
    )
    return TraceAnswer(
        run_id=row.run_id,
        message_id=message_id,
        model=row.model,
        answered_by=row.answered_by,
        state=row.state,
        query=AskedQueryAnswer.model_validate(query),
        options=OptionsAnswer(**kept.options.model_dump()),
        cut_from=RoomAnswer(**kept.cut_from.model_dump()) if kept.cut_from else None,
        candidates=candidates_of(kept, places),
        images=images_of(kept, places),
        turns=kept.turns,
        prompt_sha256=kept.prompt_sha256,
        coverage=_coverage(kept.coverage) if row.is_own else None,
        degraded=kept.degraded,
        index_seq=kept.index_seq,
        tries=[TryAnswer.model_validate(each.model_dump()) for each in kept.tries],
        usage=UsageAnswer.model_validate_json(row.usage) if row.usage else None,
        cost_usd=row.cost_micros / 1e6,
        timing_ms=TraceTiming(
            rewrite=kept.rewrite_ms,
            search=kept.search_ms,
            first_token=row.first_token_ms,
            total=row.total_ms,
        ),
        created_at=row.created_at,
    )


@router.post("/replay", summary="Retrieve again on today's index, and what has changed since")
async def replay_trace(message_id: PathId, scope: ScopeDep, api: ApiDep) -> ReplayAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        row, kept = await _find(conn, scope, message_id)
        then = candidates_of(kept, await find_places(conn, scope, kept))
    if not row.is_asked:
        raise Conflict("The question was deleted.")
    found = await find_sources(api.searcher, scope, _wanted(row, kept))
    packed = tuple(tuple(p.passage_id for p in source.parts) for source in found.sources)
    now = [c for c in found.candidates if c.fate == "packed"]
    passages = _compared([c for c in then if c.ref], now, packed)
    return ReplayAnswer(
        query=kept.query.text,
        then_index_seq=kept.index_seq,
        now_index_seq=found.index_seq,
        passages=passages,
        same=all(each.then == each.now for each in passages),
        degraded=found.degraded,
        search_ms=found.search_ms,
    )


async def _find(conn: ReadConn, scope: Scope, message_id: UUID) -> tuple[_Traced, KeptTrace]:
    row = await fetch_opt(conn, _find_trace, **scope.ids, message_id=message_id)
    kept = read_trace(row.trace) if row else None
    if row is None or kept is None:
        raise NotFound("No such trace.")
    return row, kept


def _wanted(row: _Traced, kept: KeptTrace) -> Wanted:
    return Wanted(
        question=kept.query.asked,
        query=kept.query.text,
        conversation_id=row.conversation_id,
        options=ReplyOptions(**kept.options.model_dump()),
        given=frozenset(kept.given),
        attachments=kept.attachments,
    )


def _compared(
    then: Sequence[CandidateAnswer], now: Sequence[Candidate], packed: Sequence[Sequence[UUID]]
) -> list[MovedAnswer]:
    """Return every passage given then or now; a text that was read again has new passages, known by their place."""
    refs = {passage_id: n for n, joined in enumerate(packed, start=1) for passage_id in joined}
    current = {_place(c): (c, refs.get(c.passage_id)) for c in now}
    moved = list[MovedAnswer]()
    for c in then:
        _, ref = current.pop(_place(c), (None, None))
        moved.append(MovedAnswer(passage_id=c.passage_id, kind=c.kind, title=c.title, then=c.ref, now=ref))  # fmt: skip
    moved += [
        MovedAnswer(passage_id=c.passage_id, kind=c.kind, title=c.title, then=None, now=ref)
        for c, ref in current.values()
    ]
    return moved


def _place(c: CandidateAnswer | Candidate) -> tuple[UUID | None, int, int]:
    held = c.message_id or (c.file_id if isinstance(c, CandidateAnswer) else c.item_id)
    return held, c.start, c.end


def _coverage(kept: KeptCoverage | None) -> CoverageAnswer | None:
    return None if kept is None else CoverageAnswer(**kept.model_dump())
