"""GET and POST /search: parameters in, search.retrieve(), the ranked list out. The same names in a query string and in JSON.

The work of a request is in search/retrieve.py; this file takes a token of the caller's limit. What is asked is
api/search_fields.py, what is answered api/search_answers.py.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import Api, ApiDep, ScopeDep
from api.errors import request_id_of
from api.limits import SEARCH
from api.metrics import SEARCHES_DEGRADED
from api.search_answers import Found, found_json
from api.search_fields import SearchBody, SearchParameters, checked, read_facets, read_filter
from core.scope import Scope
from search.answer import SearchRequest
from search.query import Filter
from search.retrieve import retrieve

router = APIRouter(prefix="/search", tags=["Search"])


@router.get("", summary="Search messages and files", response_model=Found)
async def search(
    request: Request,
    parameters: Annotated[SearchParameters, Query()],
    scope: ScopeDep,
    api: ApiDep,
) -> Response:
    filters = tuple(read_filter(text) for text in parameters.filter)
    facets = read_facets(parameters.facets)
    return await _answer(request, api, scope, asked=parameters.request(filters, facets))


@router.post(
    "", summary="Search messages and files, with the parameters as JSON", response_model=Found
)
async def search_by_body(
    request: Request, body: SearchBody, scope: ScopeDep, api: ApiDep
) -> Response:
    filters = tuple(checked(Filter(f.op, f.value.strip(), f.negated)) for f in body.filter)
    return await _answer(request, api, scope, asked=body.request(filters, body.facets))


async def _answer(request: Request, api: Api, scope: Scope, *, asked: SearchRequest) -> Response:
    await api.limits.take(SEARCH, scope.account_id.hex)
    answer = await retrieve(api.searcher, scope, asked)
    for part in answer.degraded:
        SEARCHES_DEGRADED.labels(part).inc()
    return Response(found_json(answer, request_id_of(request)), media_type="application/json")
