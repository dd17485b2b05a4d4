"""The kept trace of a run as a reader may see it now: what he may not read, or what was deleted since, is not told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from api.wire import Answer
from core.scope import Scope
from llm.chat import Usage
from llm.followup import Way
from llm.image_header import MediaType
from llm.images import ImageFate
from llm.options import Citing, Sources
from llm.packing import Fate
from llm.retrieval import LeftOut
from llm.run_log import RunState
from search.answer import Match, Mode, Recall
from search.links import file_links, message_links
from sql import fetch, read
from sql.pool import ReadConn


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeptQuery(_Kept):
    asked: str
    text: str
    by: Way


class KeptOptions(_Kept):
    filters: tuple[str, ...]
    k: int
    mode: Mode
    max_tokens: int
    citations: Citing
    abstain: bool
    sources: Sources
    files: tuple[UUID, ...]
    context_tokens: int


class KeptCandidate(_Kept):
    passage_id: UUID
    kind: Literal["file", "message"]
    item_id: UUID
    message_id: UUID | None
    version: int | None
    start: int
    end: int
    score: float
    match: tuple[Match, ...]
    fate: Fate | LeftOut


class KeptCoverage(_Kept):
    pending: int
    no_text: int
    failed: int
    recall: Recall


class KeptImage(_Kept):
    file_id: UUID
    version: int
    media_type: MediaType
    size_bytes: int
    fate: ImageFate


class KeptTry(_Kept):
    state: RunState
    kept: int
    left_out: int
    usage: Usage | None
    is_shown: bool


class KeptRoom(_Kept):
    context_tokens: int
    max_tokens: int


class KeptTrace(_Kept):
    """The JSON of run.trace: llm.trace.Trace."""

    query: KeptQuery
    options: KeptOptions
    candidates: tuple[KeptCandidate, ...]
    packed: tuple[tuple[UUID, ...], ...]
    given: tuple[UUID, ...]
    attachments: tuple[UUID, ...]
    images: tuple[KeptImage, ...] = ()  # of runs before images were shown
    prompt_sha256: str
    turns: int
    index_seq: int
    coverage: KeptCoverage | None
    degraded: tuple[str, ...]
    rewrite_ms: float
    search_ms: float
    tries: tuple[KeptTry, ...] = ()
    cut_from: KeptRoom | None = None

    def ref_of(self, passage_id: UUID) -> int | None:
        """Return under which number the model was given a passage."""
        places = (n for n, joined in enumerate(self.packed, start=1) if passage_id in joined)
        return next(places, None)


class CandidateAnswer(Answer):
    """A passage that was found: `ref` is its number in the prompt, `fate` what became of it, `open` where it stands."""

    passage_id: UUID
    kind: Literal["file", "message"]
    file_id: UUID | None
    conversation_id: UUID | None
    message_id: UUID | None
    version: int | None
    title: str
    author: str
    created_at: datetime
    start: int
    end: int
    score: float
    match: Sequence[Match]
    fate: str
    ref: int | None
    open: str


class ImageAnswer(Answer):
    """An image attached to the question or before it, and what became of it: `shown`, or why not.

    `refused`: the model that answered took none, or its server did not.
    """

    file_id: UUID
    version: int
    title: str
    media_type: MediaType
    size_bytes: int
    fate: ImageFate


@dataclass(frozen=True, slots=True)
class _Place:
    item_id: UUID
    message_id: UUID | None
    title: str
    author: str
    created_at: datetime


Places = Mapping[tuple[UUID, UUID | None], _Place]

_list_places = read("run.sql", "list_places", _Place)


def read_trace(text: str) -> KeptTrace | None:
    """Return a kept trace; None for a run that has none, or one of an older form."""
    return (
        KeptTrace.model_validate_json(text)
        if text and "prompt_sha256" in orjson.loads(text)
        else None
    )


async def find_places(conn: ReadConn, scope: Scope, trace: KeptTrace) -> Places:
    """Return what the caller may see now of the sources and images of a trace."""
    named = [(c.item_id, c.message_id) for c in trace.candidates]
    named += [(image.file_id, None) for image in trace.images]
    ids = {"item_ids": [item for item, _ in named], "message_ids": [m for _, m in named]}
    rows = await fetch(conn, _list_places, **scope.ids, **ids)
    return {(row.item_id, row.message_id): row for row in rows}


def candidates_of(trace: KeptTrace, places: Places) -> list[CandidateAnswer]:
    """Return the candidates that the caller may see now, best first, named as their sources are named now."""
    return [
        _candidate(c, place, trace.ref_of(c.passage_id))
        for c in trace.candidates
        if (place := places.get((c.item_id, c.message_id)))
    ]


def images_of(trace: KeptTrace, places: Places) -> list[ImageAnswer]:
    """Return the attached images that the caller may see now, in the order in which they were shown."""
    return [
        ImageAnswer(title=place.title, **image.model_dump())
        for image in trace.images
        if (place := places.get((image.file_id, None)))
    ]


async def nearest(conn: ReadConn, scope: Scope, trace: str) -> list[CandidateAnswer]:
    """Return what an abstaining reply was given: the nearest there was."""
    kept = read_trace(trace)
    if kept is None:
        return []
    found = candidates_of(kept, await find_places(conn, scope, kept))
    return [candidate for candidate in found if candidate.ref is not None]


def _candidate(c: KeptCandidate, place: _Place, ref: int | None) -> CandidateAnswer:
    shown = range(c.start, c.end)
    is_file = c.message_id is None
    links = (
        file_links(c.item_id, shown=shown)
        if c.message_id is None
        else message_links(c.item_id, c.message_id, shown=shown)
    )
    return CandidateAnswer(
        passage_id=c.passage_id,
        kind=c.kind,
        file_id=c.item_id if is_file else None,
        conversation_id=None if is_file else c.item_id,
        message_id=c.message_id,
        version=c.version,
        title=place.title,
        author=place.author,
        created_at=place.created_at,
        start=c.start,
        end=c.end,
        score=c.score,
        match=c.match,
        fate=c.fate,
        ref=ref,
        open=links.open,
    )
