"""A conversation as a JSON file: what the export writes and the import reads (docs/replies.md). Every field has its bound.

Ids are good within the file. Left out are who else could see the conversation, reactions, and how replies were found.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from api.wire import Body, Text

FORMAT: Final = "recollect.conversation"
MOST_IMPORTED: Final = 5_000  # messages: each is indexed while the importer waits
MAX_CONTENT_CHARACTERS: Final = 200_000  # twice what is posted at most: a reply may be longer
LONGEST_NAME: Final = 500
LONGEST_QUOTE: Final = 20_000
MOST_CITATIONS: Final = 500
MOST_HEADINGS: Final = 20
MOST_REVISIONS: Final = 1_000
_MAX_INT: Final = 2**31 - 1
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER: Final = timedelta(days=1)

Version = Literal[1]
Place = Annotated[int, Field(ge=0, le=_MAX_INT)]
Number = Annotated[int, Field(ge=1, le=_MAX_INT)]
Name = Annotated[Text, Field(max_length=LONGEST_NAME)]
Content = Annotated[Text, Field(max_length=MAX_CONTENT_CHARACTERS)]


def _plausible(at: datetime) -> datetime:
    if not _EARLIEST <= at <= datetime.now(UTC) + _CLOCKS_DIFFER:
        raise ValueError("must lie between 1970 and now")
    return at


At = Annotated[AwareDatetime, AfterValidator(_plausible)]


class FileSpan(Body):
    """Code points of the source, or of the answer."""

    start: Place
    end: Place


class FileCitation(Body):
    """`unverified`: the source was not there to be looked at, for the exporter or an importer before."""

    ref: Number
    kind: Literal["file", "message"]
    file_id: UUID | None
    version: Number | None
    conversation_id: UUID | None
    message_id: UUID | None
    title: Name
    headings: Annotated[tuple[Name, ...], Field(max_length=MOST_HEADINGS)]
    pages: tuple[Number, Number] | None
    source_span: FileSpan
    answer_span: FileSpan
    quote: Annotated[Text, Field(max_length=LONGEST_QUOTE)]
    verdict: Literal["verbatim", "normalised", "paraphrase", "unverified"]
    score: Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class FileReply(Body):
    model: Annotated[Text, Field(max_length=200)]
    state: Literal["complete", "stopped", "abstained", "interrupted", "failed"]
    citations: Annotated[tuple[FileCitation, ...], Field(max_length=MOST_CITATIONS)]


class FileRevision(Body):
    revision: Number
    content: Content
    replaced_at: At


class FileAttachment(Body):
    file_id: UUID
    name: Name


class FileMessage(Body):
    """A deleted message has no words; `author` is a name. Messages stand in the order in which they were written."""

    id: UUID
    parent_id: UUID | None
    role: Literal["user", "assistant"]
    author: Name
    content: Content
    revision: Number
    created_at: At
    edited_at: At | None
    deleted_at: At | None
    attachments: Annotated[tuple[FileAttachment, ...], Field(max_length=100)]
    revisions: Annotated[tuple[FileRevision, ...], Field(max_length=MOST_REVISIONS)]
    reply: FileReply | None


class FileHead(Body):
    id: UUID
    title: Annotated[Text, Field(max_length=300)]
    created_at: At
    active_leaf_id: UUID | None


class ConversationFile(Body):
    format: Literal["recollect.conversation"]
    version: Version
    conversation: FileHead
    messages: Annotated[tuple[FileMessage, ...], Field(max_length=MOST_IMPORTED)]
