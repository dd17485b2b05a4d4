"""What a search is asked and what it answers: the shapes that retrieve() takes and gives, for the API, replies and the CLI.

Offsets count code points. `Snippet.offset` and `Location` are positions in the stored text (a file's whole text, a
message's content); highlights are relative to the snippet's own text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from search.filter_tree import FilterTree
from search.operators import Filter

Kind = Literal["message", "file"]
Mode = Literal["hybrid", "lexical", "semantic"]
Sort = Literal["relevance", "newest", "oldest"]
Grouping = Literal["none", "file", "conversation"]
Markup = Literal["offsets", "html"]
Syntax = Literal["operators", "plain"]
Match = Literal["lexical", "semantic", "name"]
LegName = Literal["lexical", "semantic", "name", "neighbours", "recency"]
Recall = Literal["exact", "approximate"]
HighlightKind = Literal["word", "phrase"]
FacetName = Literal["type", "from", "in", "month", "ext", "lang", "tag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One question; `plain` syntax reads `q` as words only (replies search with what a person wrote)."""

    q: str
    type: Kind | None = None
    filters: tuple[Filter, ...] = ()  # added to the operators found in q
    tree: FilterTree | None = None  # has to hold beside them
    mode: Mode = "hybrid"
    semantic_ratio: float = 0.5  # 0-1; 0.5 is the measured rule of search/fuse.py
    recency: float = (
        0.0  # 0-10: points for what was made today, half of them for each 30 days before
    )
    sort: Sort = "relevance"
    limit: int = 10  # 1-100
    cursor: str | None = None
    group_by: Grouping = "none"
    group_limit: int = 1  # 1-10: hits that stay of each group
    highlight: Markup = "offsets"
    crop: int = 30  # words of a snippet
    context: int = 0  # 0-5: messages before and after a message hit
    min_seq: int | None = None  # wait until the index has seen this index_seq
    recall: Literal["auto", "exact"] = "auto"
    lang: str | None = None  # ISO 639-1; None detects it
    tz: str = "UTC"  # IANA name of the zone whose days the dates are
    facets: tuple[FacetName, ...] = ()
    rerank: bool = False  # the head of the list, by a cross-encoder
    explain: bool = False
    syntax: Syntax = "operators"
    # Messages that ask, and so show no word to be spelt right: replies name the question itself, which is indexed by then.
    asking: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Highlight:
    start: int
    length: int
    kind: HighlightKind


@dataclass(frozen=True, slots=True)
class Snippet:
    """The best window of a passage; with highlight=html `text` is escaped and carries <mark>, and highlights is empty."""

    text: str
    offset: int
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """Where the passage stands in its file's text or its message's content; pages are first and last, 1-based."""

    pages: tuple[int, int] | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message beside a message hit; its content may be cut at a bound."""

    message_id: UUID
    author: str
    created_at: datetime
    content: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The messages around a message hit, each side in the order of the conversation."""

    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """`self` is the message or file in the API, `open` the page that shows it at the words of the snippet."""

    self: str
    open: str


@dataclass(frozen=True, slots=True)
class ExplainedLeg:
    """What a leg gave: `rank` is its own place for the passage, from 1, or None; contribution = weight x normalised."""

    leg: LegName
    rank: int | None
    raw: float  # BM25, idf of the words in the title, cosine, what stands around it lends
    normalised: float  # of a cosine: deviations above the mean of the passage's language
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class ExplainedTerm:
    """A word of the query that the passage holds `frequency` times; the contributions add up to its BM25."""

    word: str
    lexemes: tuple[str, ...]
    idf: float
    frequency: int
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit stands where it does: the contributions of the legs add up to the score."""

    score: float
    legs: tuple[ExplainedLeg, ...]  # none in a list by date, which has no score
    terms: tuple[ExplainedTerm, ...]
    filters: tuple[
        str, ...
    ]  # that admitted it, as typed: the tree as one line, the parameter as type=file


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage. `item_id` is what is shared and opened: the file or the conversation."""

    id: UUID  # of the passage
    workspace_id: UUID
    type: Kind
    item_id: UUID
    file_id: UUID | None
    version: int | None
    conversation_id: UUID | None
    message_id: UUID | None
    title: str
    headings: tuple[str, ...]
    author: str
    created_at: datetime
    location: Location
    text: str  # of the whole passage; replies quote it, the API leaves it out
    snippet: Snippet
    score: float
    match: tuple[Match, ...]
    also_in: tuple[UUID, ...]  # other items that hold a duplicate of this passage
    also_here: tuple[
        UUID, ...
    ]  # its own item's other messages (of a file, passages) that are duplicates
    links: Links
    place: int  # in the list that pages go over, from 0: what was withdrawn counts
    context: Context | None = None  # of a message, where it was asked for
    explain: Explanation | None = None  # where it was asked for


@dataclass(frozen=True, slots=True)
class Correction:
    """A word of the query as typed, and the one that was searched instead; not `applied`, the one that may be meant."""

    word: str
    correction: str
    applied: bool = True


@dataclass(frozen=True, slots=True)
class QueryEcho:
    text: str
    filters: tuple[Filter, ...]
    warnings: tuple[str, ...]
    lang: str
    corrections: tuple[Correction, ...] = ()
    corrected_text: str | None = None  # what was searched, where that is not `text`


@dataclass(frozen=True, slots=True)
class Page:
    next_cursor: str | None
    has_more: bool
    estimated_total: (
        int  # passages that hold the words, or the length of the list where that is more
    )


@dataclass(frozen=True, slots=True)
class Coverage:
    """Files the caller may see that search cannot (fully) answer from yet, and how the semantic leg looked."""

    pending: int
    no_text: int
    failed: int
    recall: Recall


@dataclass(frozen=True, slots=True)
class FacetValue:
    """`value` is what the facet's operator takes (of a month, on:); `count` are messages and files."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values first, of months the latest; counts that are not exact were scaled from a sample."""

    values: tuple[FacetValue, ...]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds; a leg that did not run took 0."""

    total: float
    embed: float
    lexical: float
    semantic: float
    fuse: float
    hydrate: float


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    query: QueryEcho
    hits: tuple[Hit, ...]
    facets: Mapping[FacetName, Facet]
    page: Page
    coverage: Coverage
    degraded: tuple[str, ...]
    timing_ms: Timing
    index_seq: int
