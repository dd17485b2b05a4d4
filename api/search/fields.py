"""What the two doors of the search take: parameters of a query string, and the same names in JSON."""

from typing import Annotated, Final, get_args

from pydantic import BaseModel, ConfigDict, Field

from api.search.filter import FilterList, flat, nested
from api.wire import Text
from core.errors import InvalidInput
from search.answer import FacetName, Grouping, Kind, Markup, Mode, SearchRequest, Sort
from search.filter_tree import FilterTree
from search.query import MAX_CHARACTERS, MAX_FILTERS

FACETS: Final[tuple[FacetName, ...]] = get_args(FacetName)
Zone = Annotated[Text, Field(max_length=64, description="IANA name of the zone of the dates")]


class SearchFields(BaseModel):
    """What both doors take, beside the filters."""

    model_config = ConfigDict(frozen=True)

    q: Annotated[Text, Field(max_length=MAX_CHARACTERS, examples=["pension plan"])]
    type: Kind | None = None
    mode: Mode = "hybrid"
    semantic_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    recency: Annotated[
        float, Field(ge=0, le=10, description="Points for what is new; they halve every 30 days")
    ] = 0.0
    sort: Sort = "relevance"
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    cursor: Annotated[str, Field(max_length=2048)] | None = None
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
    rerank: Annotated[
        bool,
        Field(
            description="Reorder the best hits by a cross-encoder, where there is one; scores stay"
        ),
    ] = False
    explain: bool = False

    def request(
        self, filters: tuple[FilterTree, ...], facets: tuple[FacetName, ...]
    ) -> SearchRequest:
        return SearchRequest(
            q=self.q,
            type=self.type,
            filters=flat(filters),
            tree=nested(filters),
            mode=self.mode,
            semantic_ratio=self.semantic_ratio,
            recency=self.recency,
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
            rerank=self.rerank,
            explain=self.explain,
            facets=facets,
        )


class SearchParameters(SearchFields):
    facets: Annotated[
        tuple[Text, ...], Field(max_length=8, description="Names, also with commas between them")
    ] = ()
    filter: Annotated[tuple[Text, ...], Field(max_length=MAX_FILTERS)] = ()


class SearchBody(SearchFields):
    model_config = ConfigDict(extra="forbid", frozen=True)

    facets: Annotated[tuple[FacetName, ...], Field(max_length=8)] = ()
    filter: FilterList = ()


def read_facets(texts: tuple[str, ...]) -> tuple[FacetName, ...]:
    """Return the facets that `type,from` and the like name."""
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if not set(names) <= set(FACETS):
        raise InvalidInput.of("facets", f"are any of {', '.join(FACETS)}")
    return tuple(known for known in FACETS if known in names)
