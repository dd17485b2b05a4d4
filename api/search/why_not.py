"""GET /search/why-not: why a search does not show something one may see. The work is in search/why_not.py."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ApiDep, ScopeDep
from api.limits import SEARCH
from api.search.fields import SearchParameters, read_facets
from api.search.filter import read_filters
from api.wire import Answer
from search.answer import Kind
from search.why_not import Stage, why_not

router = APIRouter(prefix="/search", tags=["Search"])


class WhyNotParameters(SearchParameters):
    """The parameters of the search, and the id of a message, a file, a conversation or a passage."""

    target: UUID


class WhyNotAnswer(Answer):
    """`rank` is the place in the whole list, from 1, where it has one; `into` is the hit that stands for it."""

    item_id: UUID
    type: Kind
    title: str
    stage: Stage
    reason: str
    remedy: str
    rank: int | None
    into: UUID | None


@router.get("/why-not", summary="Say why a search does not show something")
async def say_why_not(
    parameters: Annotated[WhyNotParameters, Query()], scope: ScopeDep, api: ApiDep
) -> WhyNotAnswer:
    await api.limits.take(SEARCH, scope.account_id.hex)
    filters = read_filters(parameters.filter)
    request = parameters.request(filters, read_facets(parameters.facets))
    return WhyNotAnswer.model_validate(
        await why_not(api.searcher, scope, request, target=parameters.target)
    )
