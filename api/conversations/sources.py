"""Look at what the citations of an imported conversation rest on: in the file itself, or where the importer may read.

A quote that stands there word for word keeps its verdict; any other is a claim of the file and is shown as one, without a
source: which ids exist here is not told to who guesses them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from api.conversations.file import ConversationFile, FileCitation
from api.conversations.reading import find_messages
from core.errors import InvalidInput
from core.ids import new_id
from core.scope import Scope
from sql import fetch, read
from sql.pool import ReadConn

MOST_CITATIONS: Final = 10_000  # of a whole file
_AT_ONCE: Final = 200  # places looked up by one statement


@dataclass(frozen=True, slots=True)
class Checked:
    """A citation with its verdict here, and its source where that was found."""

    given: FileCitation
    verdict: str
    item_id: UUID
    message_id: UUID | None

    @property
    def columns(self) -> dict[str, object]:
        given = self.given
        pages = given.pages or (None, None)
        return {
            "id": new_id(),
            "ref": given.ref,
            "kind": given.kind,
            "item_id": self.item_id,
            "version": given.version,
            "message_id": self.message_id,
            "passage_id": new_id(),  # what was cited is found by its span
            "title": given.title,
            "headings": list(given.headings),
            "page_first": pages[0],
            "page_last": pages[1],
            "source_start": given.source_span.start,
            "source_end": given.source_span.end,
            "answer_start": given.answer_span.start,
            "answer_end": given.answer_span.end,
            "quote": given.quote,
            "verdict": self.verdict,
            "score": given.score,
        }


@dataclass(frozen=True, slots=True)
class _Quoted:
    n: int
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A message that may be cited, by the id that it has here."""

    conversation_id: UUID
    message_id: UUID
    content: str


_list_quoted = read("transfer.sql", "list_quoted", _Quoted)


async def checked_citations(
    conn: ReadConn,
    scope: Scope,
    given: ConversationFile,
    *,
    conversation_id: UUID,
    new_ids: dict[UUID, UUID],
) -> dict[UUID, list[Checked]]:
    """Return the citations of each message of the file, by its id there, in their order."""
    cited = [(m.id, c) for m in given.messages if m.reply for c in m.reply.citations]
    if len(cited) > MOST_CITATIONS:
        raise InvalidInput.of("messages", f"have more than {MOST_CITATIONS:,} citations together")
    citations = [citation for _, citation in cited]
    said = {
        m.id: _Said(conversation_id, new_ids[m.id], m.content)
        for m in given.messages
        if m.deleted_at is None
    }
    messages = await _said_elsewhere(conn, scope, citations, known=set(new_ids)) | said
    files = await _quoted_in_files(conn, scope, citations)
    found: dict[UUID, list[Checked]] = {}
    for n, (message_id, citation) in enumerate(cited):
        source = messages.get(citation.message_id) if citation.message_id else None
        checked = (
            _check_message(citation, source)
            if citation.kind == "message"
            else _check_file(citation, files.get(n))
        )
        found.setdefault(message_id, []).append(checked)
    return found


def _check_message(citation: FileCitation, source: _Said | None) -> Checked:
    span = citation.source_span
    if (
        source is None
        or not citation.quote
        or source.content[span.start : span.end] != citation.quote
    ):
        return Checked(citation, "unverified", new_id(), None)
    return Checked(citation, citation.verdict, source.conversation_id, source.message_id)


def _check_file(citation: FileCitation, text: str | None) -> Checked:
    if citation.file_id is None or not citation.quote or text != citation.quote:
        return Checked(citation, "unverified", new_id(), None)
    return Checked(citation, citation.verdict, citation.file_id, None)


async def _said_elsewhere(
    conn: ReadConn, scope: Scope, citations: Sequence[FileCitation], *, known: set[UUID]
) -> dict[UUID, _Said]:
    wanted = {c.message_id for c in citations if c.kind == "message" and c.message_id} - known
    rows = await find_messages(conn, scope, sorted(wanted))
    return {
        row.id: _Said(row.conversation_id, row.id, row.content)
        for row in rows
        if row.deleted_at is None
    }


async def _quoted_in_files(
    conn: ReadConn, scope: Scope, citations: Sequence[FileCitation]
) -> dict[int, str]:
    """Return what stands at the cited places, by the citation's number; a place is no longer than the quote is."""
    wanted = [
        (n, c)
        for n, c in enumerate(citations)
        if c.kind == "file" and c.file_id is not None and c.version is not None
        and c.source_span.end - c.source_span.start == len(c.quote)
    ]  # fmt: skip
    found: dict[int, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        rows = await fetch(
            conn,
            _list_quoted,
            **scope.ids,
            file_ids=[c.file_id for _, c in part],
            versions=[c.version for _, c in part],
            firsts=[c.source_span.start for _, c in part],
            lasts=[c.source_span.end for _, c in part],
        )
        found |= {part[row.n - 1][0]: row.text for row in rows}
    return found
