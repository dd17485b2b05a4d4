"""The answer of the search as the contract writes it; what the fields mean is in search/answer.py."""

from datetime import datetime
from uuid import UUID

from api.wire import Answer
from search.answer import FacetName, HighlightKind, Kind, LegName, Match, Recall, SearchAnswer
from search.operators import Operator


class HighlightAnswer(Answer):
    start: int
    length: int
    kind: HighlightKind


class SnippetAnswer(Answer):
    text: str
    offset: int
    highlights: list[HighlightAnswer]


class LocationAnswer(Answer):
    pages: tuple[int, int] | None
    start: int
    end: int


class NeighbourAnswer(Answer):
    message_id: UUID
    author: str
    created_at: datetime
    content: str
    is_cut: bool


class ContextAnswer(Answer):
    before: list[NeighbourAnswer]
    after: list[NeighbourAnswer]


class LinksAnswer(Answer):
    """`self` is the message or file in the API, `open` the page that shows it at the words of the snippet."""

    self: str
    open: str


class ExplainedLegAnswer(Answer):
    """`rank` is the leg's own place for the passage, from 1, or null; contribution = weight x normalised."""

    leg: LegName
    rank: int | None
    raw: float
    normalised: float
    weight: float
    contribution: float


class ExplainedTermAnswer(Answer):
    """The contributions of the terms add up to the raw score of the lexical leg."""

    word: str
    lexemes: list[str]
    idf: float
    frequency: int
    contribution: float


class ExplanationAnswer(Answer):
    """The contributions of the legs add up to the score; `filters` are those that admitted the hit."""

    score: float
    legs: list[ExplainedLegAnswer]
    terms: list[ExplainedTermAnswer]
    filters: list[str]


class HitAnswer(Answer):
    id: UUID
    workspace_id: UUID
    type: Kind
    item_id: UUID
    file_id: UUID | None
    version: int | None
    conversation_id: UUID | None
    message_id: UUID | None
    title: str
    headings: list[str]
    author: str
    created_at: datetime
    location: LocationAnswer
    snippet: SnippetAnswer
    context: ContextAnswer | None
    score: float
    match: list[Match]
    also_in: list[UUID]
    also_here: list[UUID]
    links: LinksAnswer
    explain: ExplanationAnswer | None


class FilterAnswer(Answer):
    op: Operator
    value: str
    negated: bool


class CorrectionAnswer(Answer):
    """What was searched instead of a word; not `applied`, what may be meant by a rare one of which little was found."""

    word: str
    correction: str
    applied: bool


class QueryAnswer(Answer):
    text: str
    filters: list[FilterAnswer]
    warnings: list[str]
    lang: str
    corrections: list[CorrectionAnswer]
    corrected_text: str | None


class PageAnswer(Answer):
    next_cursor: str | None
    has_more: bool
    estimated_total: int


class CoverageAnswer(Answer):
    pending: int
    no_text: int
    failed: int
    recall: Recall


class FacetValueAnswer(Answer):
    """`value` is what the facet's operator takes (of a month, `on:`); `count` are messages and files."""

    value: str
    label: str
    count: int


class FacetAnswer(Answer):
    """The most frequent values first, of months the latest; counts that are not exact were scaled from a sample."""

    values: list[FacetValueAnswer]
    is_exact: bool


class TimingAnswer(Answer):
    total: float
    embed: float
    lexical: float
    semantic: float
    fuse: float
    hydrate: float


class Found(Answer):
    """`index_seq` names the state of the index that answered; hand it on as `min_seq` to read your writes."""

    query: QueryAnswer
    hits: list[HitAnswer]
    facets: dict[FacetName, FacetAnswer]
    page: PageAnswer
    coverage: CoverageAnswer
    degraded: list[str]
    timing_ms: TimingAnswer
    index_seq: int
    request_id: str = ""


def found_json(answer: SearchAnswer, request_id: str) -> str:
    """Return the answer as the contract writes it; a hit's whole text stays here."""
    found = Found.model_validate(answer)
    return found.model_copy(update={"request_id": request_id}).model_dump_json()
