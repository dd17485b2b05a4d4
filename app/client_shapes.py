"""What the command line reads of the API's answers; fields that it does not use are left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel

Item = TypeVar("Item")
Pages = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: its name, the folder that it came from, how many bytes follow, and what it is opened with."""

    name: str
    folder: str
    size_bytes: int
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent of an upload that goes on; `password` opens the whole."""

    offset: int
    size_bytes: int
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """How much of a resumable upload is there; `file_id` once it is a file."""

    offset: int
    file_id: UUID | None


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event; `data` is JSON."""

    id: int | None
    kind: str
    data: str


class ListPage(BaseModel, Generic[Item]):
    items: Sequence[Item]


class ErrorBody(BaseModel):
    message: str


class Envelope(BaseModel):
    error: ErrorBody


class Login(BaseModel):
    token: str


class Me(BaseModel):
    id: UUID


class Reason(BaseModel):
    message: str
    remedy: str


class FoundFile(BaseModel):
    id: UUID
    name: str
    folder: str
    owner_id: UUID
    can_write: bool
    state: str
    reason: Reason | None


class PlacedFile(BaseModel):
    id: UUID
    name: str
    folder: str
    sha256: str
    can_write: bool


class PlacedFiles(BaseModel):
    items: Sequence[PlacedFile]
    next_cursor: str | None


class IndexGeneration(BaseModel):
    """`embedded` of `passages` have their vectors."""

    id: UUID
    model: str
    state: str
    embedded: int
    passages: int
    self_recall: float | None
    reason: str


class Highlight(BaseModel):
    start: int
    length: int


class Snippet(BaseModel):
    text: str
    highlights: Sequence[Highlight]


class Location(BaseModel):
    pages: Pages


class Hit(BaseModel):
    type: Literal["message", "file"]
    title: str
    author: str
    location: Location
    snippet: Snippet
    match: Sequence[str]


class Coverage(BaseModel):
    pending: int
    no_text: int
    failed: int


class AskedQuery(BaseModel):
    corrected_text: str | None


class Found(BaseModel):
    query: AskedQuery
    hits: Sequence[Hit]
    coverage: Coverage
    degraded: Sequence[str]


class Created(BaseModel):
    id: UUID


class ImportedConversation(BaseModel):
    """What has become of a file; `unverified` counts citations, `missing_files` attachments."""

    id: UUID
    title: str
    messages: int
    unverified: int
    missing_files: int


class Accepted(BaseModel):
    file: Created


class Posted(BaseModel):
    run: Created


class Delta(BaseModel):
    """The data of a run's event `delta`."""

    text: str


class Span(BaseModel):
    start: int
    end: int


class Citation(BaseModel):
    """`open` is None where the source is not to be seen any more."""

    ref: int
    title: str
    pages: Pages
    file_id: UUID | None
    conversation_id: UUID | None
    message_id: UUID | None
    source_span: Span
    open: str | None


class Run(BaseModel):
    state: str
    citations: Sequence[Citation]
    error: ErrorBody | None


class Job(BaseModel):
    id: UUID
    kind: str
    item_id: UUID
    state: str
    stage: str
    reason: str
    attempts: int


class Reprocess(BaseModel):
    """What to ask for: which files are to be read again, and from which step on."""

    only: str
    states: Sequence[str] | None
    extensions: Sequence[str] | None
    stale: bool
    after: UUID | None


class Reprocessed(BaseModel):
    queued: int
    after: UUID | None


class Requeued(BaseModel):
    requeued: int
    has_more: bool


class DeadJob(BaseModel):
    """A job as admins see it; whose file or message it is about is not told."""

    id: UUID
    kind: str
    subject_id: UUID
    reason: str
    attempts: int
    crashes: int


def pages_of(pages: Pages) -> str:
    """Return ", p. 3" or ", p. 3-4", or nothing where there are no pages."""
    if pages is None:
        return ""
    first, last = pages
    return f", p. {first}" if first == last else f", p. {first}-{last}"
