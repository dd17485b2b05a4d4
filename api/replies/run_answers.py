"""Runs, their events and their citations as a reader may see them now.

What of a source is shown depends on who reads, and when: a citation whose source was deleted, or is not his to see, keeps
its place in the answer and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict
from uuid import UUID

import orjson

from api.live.sse import Frame
from api.replies.traced import CandidateAnswer, nearest
from api.wire import Answer
from core.errors import NotFound
from core.events import Event
from core.scope import Scope
from llm.run_log import RunState
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

Thumb = Literal["up", "down", "none"]
Verdict = Literal["verbatim", "normalised", "paraphrase", "unverified"]
CitationStatus = Literal["current", "moved", "superseded", "deleted", "no_access", "unverified"]
_HIDDEN: frozenset[CitationStatus] = frozenset({"deleted", "no_access"})


@dataclass(frozen=True, slots=True)
class Run:
    id: UUID
    conversation_id: UUID
    prompt_message_id: UUID
    message_id: UUID | None
    model: str
    state: RunState
    content: str
    usage: str
    grounding: str
    error_code: str
    error: str
    retryable: bool
    answered_by: str
    cost_micros: int
    trace: str
    last_seq: int
    created_at: datetime
    finished_at: datetime | None
    can_stop: bool
    thumb: Thumb
    thumb_reason: str


@dataclass(frozen=True, slots=True)
class Citation:
    id: UUID
    run_id: UUID
    ref: int
    kind: Literal["file", "message"]
    item_id: UUID
    version: int | None
    message_id: UUID | None
    passage_id: UUID
    title: str
    headings: list[str]
    page_first: int | None
    page_last: int | None
    source_start: int
    source_end: int
    answer_start: int
    answer_end: int
    quote: str
    verdict: Verdict
    score: float
    status: CitationStatus


@dataclass(frozen=True, slots=True)
class _Told:
    is_own: bool
    readable: list[UUID]


class SourceSpan(Answer):
    start: int
    end: int
    unit: Literal["codepoint"] = "codepoint"


class AnswerSpan(Answer):
    start: int
    end: int


class CitationAnswer(Answer):
    """`open` is the address of the cited words; `pages` are the first and the last."""

    id: UUID
    ref: int
    kind: Literal["file", "message"]
    file_id: UUID | None
    conversation_id: UUID | None
    version: int | None
    message_id: UUID | None
    passage_id: UUID
    title: str
    headings: list[str]
    pages: tuple[int, int] | None
    source_span: SourceSpan
    answer_span: AnswerSpan
    quote: str
    verdict: Verdict
    score: float
    open: str | None
    status: CitationStatus


class UsageAnswer(Answer):
    input_tokens: int
    output_tokens: int


class GroundingAnswer(Answer):
    """Claims with a citation, how many of them the sources bear out, and what was removed because they do not.

    `share` of all claims of the answer have a citation; the others stand at `unsupported`, in code points of the answer.
    """

    claims: int
    supported: int
    removed: int
    share: float | None = None
    unsupported: Sequence[AnswerSpan] = ()


class RunErrorAnswer(Answer):
    code: str
    message: str


class RunDetailAnswer(Answer):
    """`content` is the text so far; `message_id` is set when the run has ended with text.

    `model` was asked for, `answered_by` wrote. Where the sources did not answer, `nearest` are what came closest.
    `thumb` is what the caller said of the reply, `thumb_reason` why.
    """

    id: UUID
    conversation_id: UUID
    prompt_message_id: UUID
    message_id: UUID | None
    model: str
    state: RunState
    content: str
    answered_by: str
    citations: Sequence[CitationAnswer]
    nearest: Sequence[CandidateAnswer]
    usage: UsageAnswer | None
    cost_usd: float
    grounding: GroundingAnswer | None
    error: RunErrorAnswer | None
    retryable: bool
    last_seq: int
    created_at: datetime
    finished_at: datetime | None
    thumb: Thumb
    thumb_reason: str


FIND_RUN = read("run.sql", "find_run", Run)
LIST_CITATIONS = read("run.sql", "list_citations", Citation)
FIND_TOLD = read("run.sql", "find_told", _Told)


async def find_run(conn: ReadConn, scope: Scope, run_id: UUID) -> Run:
    """Return a run of a conversation that the caller may read, else NotFound."""
    found = await fetch_opt(conn, FIND_RUN, **scope.ids, run_id=run_id)
    if found is None:
        raise NotFound("No such run.")
    return found


async def run_detail(conn: ReadConn, scope: Scope, run_id: UUID) -> RunDetailAnswer:
    """Return a run with its citations."""
    run = await find_run(conn, scope, run_id)
    citations = await citations_of(conn, scope, run_ids=[run_id])
    return RunDetailAnswer(
        id=run.id,
        conversation_id=run.conversation_id,
        prompt_message_id=run.prompt_message_id,
        message_id=run.message_id,
        model=run.model,
        state=run.state,
        content=run.content,
        answered_by=run.answered_by,
        citations=citations.get(run_id, []),
        nearest=await nearest(conn, scope, run.trace),
        cost_usd=run.cost_micros / 1e6,
        usage=UsageAnswer.model_validate_json(run.usage) if run.usage else None,
        grounding=GroundingAnswer.model_validate_json(run.grounding) if run.grounding else None,
        error=RunErrorAnswer(code=run.error_code, message=run.error) if run.error_code else None,
        retryable=run.retryable,
        last_seq=run.last_seq,
        created_at=run.created_at,
        finished_at=run.finished_at,
        thumb=run.thumb,
        thumb_reason=run.thumb_reason,
    )


async def citations_of(
    conn: ReadConn, scope: Scope, *, run_ids: Iterable[UUID]
) -> dict[UUID, list[CitationAnswer]]:
    """Return the citations of each run, in the order of the answer."""
    found: dict[UUID, list[CitationAnswer]] = {}
    for row in await fetch(conn, LIST_CITATIONS, **scope.ids, run_ids=list(run_ids)):
        found.setdefault(row.run_id, []).append(_citation(row))
    return found


async def event_frame(conn: ReadConn, scope: Scope, *, run_id: UUID, event: Event) -> Frame:
    """Return an event that names sources as this reader may see it."""
    if event.kind == "retrieval.done":
        data = await _retrieved(conn, scope, run_id=run_id, data=event.data)
        return Frame(event.kind, data, event.seq)
    cited: _Cited = orjson.loads(event.data)
    for citation in (await citations_of(conn, scope, run_ids=[run_id])).get(run_id, []):
        if str(citation.id) == cited["id"] and citation.status not in _HIDDEN:
            return Frame("citation", citation.model_dump_json(), event.seq)
    return Frame("citation.removed", event.data, event.seq)


class _Cited(TypedDict):
    id: str
    ref: int


class _Passage(TypedDict):
    item_id: str


class _Coverage(TypedDict):
    pending: int


class _Retrieved(TypedDict):
    passages: list[_Passage]
    coverage: _Coverage | None


async def _retrieved(conn: ReadConn, scope: Scope, *, run_id: UUID, data: str) -> str:
    """Return what was found as this reader may see it; what of the asker's own files was not searched is told to him alone."""
    retrieved: _Retrieved = orjson.loads(data)
    item_ids = [UUID(passage["item_id"]) for passage in retrieved["passages"]]
    told = await fetch_opt(conn, FIND_TOLD, **scope.ids, run_id=run_id, item_ids=item_ids)
    readable = {str(item_id) for item_id in told.readable} if told else set[str]()
    seen: _Retrieved = {
        **retrieved,
        "passages": [each for each in retrieved["passages"] if each["item_id"] in readable],
        "coverage": retrieved["coverage"] if told and told.is_own else None,
    }
    return orjson.dumps(seen).decode()


def _citation(row: Citation) -> CitationAnswer:
    hidden = row.status in _HIDDEN
    is_known = (
        row.status != "unverified"
    )  # else the source is a claim of the file that was imported
    is_file = row.kind == "file"
    pages = None if row.page_first is None else (row.page_first, row.page_last or row.page_first)
    return CitationAnswer(
        id=row.id,
        ref=row.ref,
        kind=row.kind,
        file_id=row.item_id if is_file and is_known else None,
        conversation_id=None if is_file or not is_known else row.item_id,
        version=row.version,
        message_id=row.message_id,
        passage_id=row.passage_id,
        title="" if hidden else row.title,
        headings=[] if hidden else row.headings,
        pages=None if hidden else pages,
        source_span=SourceSpan(start=row.source_start, end=row.source_end),
        answer_span=AnswerSpan(start=row.answer_start, end=row.answer_end),
        quote="" if hidden else row.quote,
        verdict=row.verdict,
        score=row.score,
        open=_address(row) if is_known and not hidden else None,
        status=row.status,
    )


def _address(row: Citation) -> str:
    if row.kind == "file":
        address = f"/api/v1/files/{row.item_id}/text?start={row.source_start}&end={row.source_end}"
        return f"{address}&version={row.version}" if row.status == "superseded" else address
    return f"/api/v1/conversations/{row.item_id}?around={row.message_id}"
