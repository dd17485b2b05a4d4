"""What is kept of how a reply came about, so that it can be looked at and run again: the JSON of run.trace.

No text of a source is kept, only which passage it was: what a reader may see of it is asked when the trace is read.
The question's words and the query made of them are the only words here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

import orjson

from llm.catalogue import Price
from llm.chat import Source, Usage
from llm.followup import Way
from llm.image_header import MediaType
from llm.images import ImageFate
from llm.options import ReplyOptions
from llm.prompt import Prompt
from llm.retrieval import Candidate, Found, Wanted
from llm.spent import asked_tokens
from llm.supported import Try
from search.answer import Coverage


@dataclass(frozen=True, slots=True)
class TracedQuery:
    """`asked` is the question, `text` what was searched for, `by` who made the one of the other."""

    asked: str
    text: str
    by: Way


@dataclass(frozen=True, slots=True)
class Wording:
    """The query, and what making it took."""

    query: TracedQuery
    usage: Usage | None
    rewrite_ms: float


@dataclass(frozen=True, slots=True)
class Room:
    """Tokens of sources, and of the answer."""

    context_tokens: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class TracedImage:
    """An image that was attached, and what became of it."""

    file_id: UUID
    version: int
    media_type: MediaType
    size_bytes: int
    fate: ImageFate


@dataclass(frozen=True, slots=True)
class Trace:
    """`packed` are the sources that the model was given, in order, each with the passages joined in it.

    `given` are the messages that it was shown anyway, `tries` the answers of which the better one is shown. `given_tokens` are
    about what it read, the wording of the query included, and `price` is the model's then: for a run whose worker is lost.
    `cut_from` is what was asked for where the model's context has less room, which `options` tell.
    """

    query: TracedQuery
    options: ReplyOptions
    candidates: tuple[Candidate, ...]
    packed: tuple[tuple[UUID, ...], ...]
    given: tuple[UUID, ...]
    attachments: tuple[UUID, ...]
    images: tuple[TracedImage, ...]
    prompt_sha256: str
    turns: int
    given_tokens: int
    price: Price | None
    index_seq: int
    coverage: Coverage | None
    degraded: tuple[str, ...]
    rewrite_ms: float
    search_ms: float
    tries: tuple[Try, ...] = ()
    cut_from: Room | None = None


def traced(
    found: Found, prompt: Prompt, *, wording: Wording, wanted: Wanted, price: Price | None
) -> Trace:
    return Trace(
        query=wording.query,
        options=wanted.options,
        given=tuple(wanted.given),
        attachments=wanted.attachments,
        images=tuple(
            TracedImage(p.file_id, p.version, p.media_type, p.size_bytes, p.fate)
            for p in prompt.pictures
        ),
        candidates=found.candidates,
        packed=tuple(tuple(p.passage_id for p in s.parts) for s in prompt.sources),
        prompt_sha256=prompt.sha256,
        turns=len(prompt.messages) - 2,
        given_tokens=_given_tokens(prompt, wording.usage),
        price=price,
        index_seq=found.index_seq,
        coverage=found.coverage,
        degraded=found.degraded,
        rewrite_ms=wording.rewrite_ms,
        search_ms=found.search_ms,
    )


def _given_tokens(prompt: Prompt, wording: Usage | None) -> int:
    before = wording.input_tokens + wording.output_tokens if wording else 0
    return before + asked_tokens(prompt.messages) + sum(p.tokens for p in prompt.pictures)


def images_refused(trace: Trace) -> Trace:
    """Return the trace of an answer by a model that was not shown its images after all."""
    return replace(
        trace,
        images=tuple(
            replace(image, fate="refused") if image.fate == "shown" else image
            for image in trace.images
        ),
    )


def told(found: Found, sources: Sequence[Source], *, query: TracedQuery) -> str:
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
    return as_json(
        {
            "query": {"text": query.text, "by": query.by},
            "passages": passages,
            "coverage": coverage,
            "degraded": found.degraded,
        }
    )


def as_json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()  # ids from the driver are a subclass of UUID
