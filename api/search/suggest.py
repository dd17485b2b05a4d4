"""GET /search/suggest: completions as a person types. The work is in search/suggest.py; a request counts like a search."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ApiDep, ScopeDep
from api.limits import SEARCH
from api.wire import Answer, Text
from search.query import MAX_CHARACTERS
from search.suggest import ItemKind, SuggestionKind, suggest

router = APIRouter(prefix="/search", tags=["Search"])


class SuggestionAnswer(Answer):
    """`insert` takes the place of the last token of `q`, which begins at `start`."""

    kind: SuggestionKind
    text: str
    insert: str
    item_id: UUID | None
    type: ItemKind | None


class Suggested(Answer):
    """`start` counts code points."""

    start: int
    suggestions: list[SuggestionAnswer]


@router.get("/suggest", summary="Complete what is being typed")
async def suggest_completions(
    q: Annotated[Text, Query(max_length=MAX_CHARACTERS, examples=["from:ad"])],
    scope: ScopeDep,
    api: ApiDep,
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
) -> Suggested:
    await api.limits.take(SEARCH, scope.account_id.hex)
    return Suggested.model_validate(await suggest(api.searcher, scope, q, limit=limit))
