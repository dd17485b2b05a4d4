"""GET and POST /search: parameters in, search.retrieve(), the ranked list out. The same names in a query string and in JSON.

The work of a request is in search/retrieve.py; this file takes a token of the caller's limit. What is asked is
api/search/fields.py, what is answered api/search/answers.py.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import Api, ApiDep, ScopesDep
from api.errors import request_id_of
from api.limits import SEARCH
from api.metrics import SEARCHES_DEGRADED
from api.search.answers import Found, found_json
from api.search.fields import SearchBody, SearchParameters, read_facets
from api.search.filter import filter_trees, read_filters
from core.scope import Scope
from search.answer import SearchRequest
from search.everywhere import retrieve_everywhere
from search.retrieve import retrieve

router = APIRouter(prefix="/search", tags=["Search"])


@router.get("", summary="Search messages and files", response_model=Found)
async def search(
    request: Request,
    parameters: Annotated[SearchParameters, Query()],
    scopes: ScopesDep,
    api: ApiDep,
) -> Response:
    filters, facets = read_filters(parameters.filter), read_facets(parameters.facets)
    return await _answer(request, api, scopes, asked=parameters.request(filters, facets))


@router.post(
    "", summary="Search messages and files, with the parameters as JSON", response_model=Found
)
async def search_by_body(
    request: Request, body: SearchBody, scopes: ScopesDep, api: ApiDep
) -> Response:
    filters = filter_trees(body.filter)
    return await _answer(request, api, scopes, asked=body.request(filters, body.facets))


async def _answer(
    request: Request, api: Api, scopes: list[Scope], *, asked: SearchRequest
) -> Response:
    await api.limits.take(SEARCH, scopes[0].account_id.hex)
    if len(scopes) == 1:
        answer = await retrieve(api.searcher, scopes[0], asked)
    else:
        answer = await retrieve_everywhere(api.searcher, scopes, asked)
    for part in answer.degraded:
        SEARCHES_DEGRADED.labels(part).inc()
    return Response(found_json(answer, request_id_of(request)), media_type="application/json")
