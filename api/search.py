"""GET and POST /search: parameters in, search.retrieve(), the ranked list out. The same names in a query string and in JSON.

The work of a request is in search/retrieve.py; this file checks bounds, takes a token of the caller's limit, and writes JSON.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Api, ApiDep, ScopeDep
from api.errors import request_id_of
from api.limits import SEARCH
from api.metrics import SEARCHES_DEGRADED
from api.wire import Answer, Body, Text
from core.errors import InvalidInput
from core.scope import Scope
from search.answer import (
    Grouping,
    HighlightKind,
    Kind,
    Markup,
    Match,
    Mode,
    Recall,
    SearchAnswer,
    SearchRequest,
    Sort,
)
from search.query import MAX_CHARACTERS, OPERATORS, Filter, Operator, filter_problem
from search.retrieve import retrieve

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/search", tags=["Search"])

MAX_FILTERS = 32
Zone = Annotated[Text, Field(max_length=64, description="IANA name of the zone of the dates")]


class FilterBody(Body):
    """The structured twin of an operator: `{"op": "from", "value": "ada"}` is `from:ada`."""

    op: Operator
    value: Annotated[Text, Field(min_length=1, max_length=MAX_CHARACTERS)]
    negated: bool = False


class SearchFields(BaseModel):
    """What both doors take, beside the filters."""

    model_config = ConfigDict(frozen=True)

    q: Annotated[Text, Field(max_length=MAX_CHARACTERS, examples=["pension plan"])]
    type: Kind | None = None
    mode: Mode = "hybrid"
    semantic_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    sort: Sort = "relevance"
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    cursor: Annotated[str, Field(max_length=1024)] | None = None
    group_by: Grouping = "none"
    group_limit: Annotated[int, Field(ge=1, le=10, description="Hits of each group")] = 1
    highlight: Markup = "offsets"
    crop: Annotated[int, Field(ge=1, le=200, description="Words of a snippet")] = 30
    context: Annotated[
        int, Field(ge=0, le=5, description="Messages before and after a message hit")
    ] = 0
    min_seq: Annotated[int, Field(ge=0, le=2**62)] | None = None
    recall: Annotated[str, Field(pattern="^(auto|exact)$")] = "auto"
    lang: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = None
    tz: Zone = "UTC"

    def request(self, filters: tuple[Filter, ...]) -> SearchRequest:
        return SearchRequest(
            q=self.q,
            type=self.type,
            filters=filters,
            mode=self.mode,
            semantic_ratio=self.semantic_ratio,
            sort=self.sort,
            limit=self.limit,
            cursor=self.cursor,
            group_by=self.group_by,
            group_limit=self.group_limit,
            highlight=self.highlight,
            crop=self.crop,
            context=self.context,
            min_seq=self.min_seq,
            recall="exact" if self.recall == "exact" else "auto",
            lang=self.lang,
            tz=self.tz,
        )


class SearchParameters(SearchFields):
    filter: Annotated[tuple[Text, ...], Field(max_length=MAX_FILTERS)] = ()


class SearchBody(SearchFields):
    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: Annotated[tuple[FilterBody, ...], Field(max_length=MAX_FILTERS)] = ()


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


class HitAnswer(Answer):
    id: UUID
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
    links: LinksAnswer


class FilterAnswer(Answer):
    op: Operator
    value: str
    negated: bool


class QueryAnswer(Answer):
    text: str
    filters: list[FilterAnswer]
    warnings: list[str]
    lang: str


class PageAnswer(Answer):
    next_cursor: str | None
    has_more: bool
    estimated_total: int


class CoverageAnswer(Answer):
    pending: int
    no_text: int
    failed: int
    recall: Recall


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
    page: PageAnswer
    coverage: CoverageAnswer
    degraded: list[str]
    timing_ms: TimingAnswer
    index_seq: int
    request_id: str = ""


@router.get("", summary="Search messages and files", response_model=Found)
async def search(
    request: Request,
    parameters: Annotated[SearchParameters, Query()],
    scope: ScopeDep,
    api: ApiDep,
) -> Response:
    filters = tuple(_read_filter(text) for text in parameters.filter)
    return await _answer(request, api, scope, asked=parameters.request(filters))


@router.post(
    "", summary="Search messages and files, with the parameters as JSON", response_model=Found
)
async def search_by_body(
    request: Request, body: SearchBody, scope: ScopeDep, api: ApiDep
) -> Response:
    filters = tuple(_checked(Filter(f.op, f.value.strip(), f.negated)) for f in body.filter)
    return await _answer(request, api, scope, asked=body.request(filters))


async def _answer(request: Request, api: Api, scope: Scope, *, asked: SearchRequest) -> Response:
    await api.limits.take(SEARCH, scope.account_id.hex)
    answer = await retrieve(api.searcher, scope, asked)
    for part in answer.degraded:
        SEARCHES_DEGRADED.labels(part).inc()
    return Response(found_json(answer, request_id_of(request)), media_type="application/json")


def found_json(answer: SearchAnswer, request_id: str) -> str:
    """Return the answer as the contract writes it; a hit's whole text stays here."""
    found = Found.model_validate(answer)
    return found.model_copy(update={"request_id": request_id}).model_dump_json()


def _read_filter(text: str) -> Filter:
    """Return the filter that `from:ada` or `-from:ada` names."""
    op, _, value = text.removeprefix("-").partition(":")
    for known in OPERATORS:
        if op.lower() == known:
            return _checked(Filter(known, value.strip().strip('"'), text.startswith("-")))
    raise InvalidInput.of(
        "filter", f"is written operator:value, with one of {', '.join(OPERATORS)}"
    )


def _checked(asked: Filter) -> Filter:
    problem = filter_problem(asked.op, asked.value)
    if problem is not None:
        raise InvalidInput.of("filter", problem)
    return asked
