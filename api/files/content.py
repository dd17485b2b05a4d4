"""What is in a file: its bytes as they came (one range, always as an attachment), its text, its passages.

Offsets count code points of the whole text. Permission is checked first; no connection is held while bytes are sent.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Send

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ResourcesDep, ScopeDep
from api.files.answers import find_file
from api.files.ranges import NotSatisfiable, parse_range
from api.wire import Answer, ListPage
from core.errors import InvalidInput, NotFound
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

router = APIRouter(prefix="/files", tags=["Files"])

MOST_CHARACTERS = 200_000  # of one answer; a longer text is read in parts
LAST_OFFSET = 2**31 - 1
_CSP = "sandbox; default-src 'none'"
IfNoneMatch = Annotated[str | None, Header(max_length=1024)]
RangeHeader = Annotated[str | None, Header(alias="Range", max_length=256)]
IfRange = Annotated[str | None, Header(max_length=256)]


class PageSpan(Answer):
    """Where a page's part of the answer begins and ends; `label` is its printed number where that differs (xii)."""

    page: int
    label: str | None
    start: int
    end: int


class TextAnswer(Answer):
    text: str
    start: int
    end: int
    pages: Sequence[PageSpan]


class PassageAnswer(Answer):
    id: UUID
    ordinal: int
    start: int
    end: int
    pages: tuple[int, int] | None
    headings: list[str]
    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    name: str
    size_bytes: int
    sha256: bytes
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of every answer with these bytes: never shown in place, whatever they are."""
        ascii_name = (
            self.name.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
        )
        named = (
            f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(self.name, safe='')}"
        )
        return {
            "ETag": f'"{self.sha256.hex()}"',
            "Accept-Ranges": "bytes",
            "Content-Disposition": named,
            "Content-Security-Policy": _CSP,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-cache",
        }


@dataclass(frozen=True, slots=True)
class StoredText:
    """The build that holds a version's text, and how long that is."""

    id: UUID
    characters: int


@dataclass(frozen=True, slots=True)
class Segment:
    page: int | None
    label: str | None
    span_start: int
    content: str

    @property
    def span_end(self) -> int:
        return self.span_start + len(self.content)


@dataclass(frozen=True, slots=True)
class Passage:
    id: UUID
    ordinal: int
    span_start: int
    span_end: int
    page_first: int | None
    page_last: int | None
    headings: list[str]
    lang: str
    text: str


_find_content = read("file.sql", "find_content", Content)
FIND_TEXT = read("file.sql", "find_text", StoredText)
LIST_TEXT = read("file.sql", "list_text", Segment)
_list_passages = read("file.sql", "list_passages", Passage)


@router.get(
    "/{file_id}/content",
    summary="The bytes of a file",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "All bytes"},
        206: {"content": {"application/octet-stream": {}}, "description": "The asked range"},
    },
)
async def get_content(
    file_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    version: Annotated[int | None, Query(ge=1, le=LAST_OFFSET)] = None,
    asked: RangeHeader = None,
    if_range: IfRange = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    async with resources.app.read_tx(scope) as conn:
        found = await fetch_opt(conn, _find_content, **scope.ids, file_id=file_id, version=version)
    if found is None:
        raise NotFound("No such file or version.")
    headers = found.headers
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    if await resources.blobs.stat(found.key) is None:
        raise NotFound("The stored bytes of this file are gone; upload it again.")
    try:
        wanted = parse_range(asked, size_bytes=found.size_bytes)
    except NotSatisfiable:
        size = {"Content-Range": f"bytes */{found.size_bytes}"}
        raise HTTPException(416, "The range begins behind the end.", headers=size) from None
    if wanted is None or if_range not in {None, headers["ETag"]}:
        headers["Content-Length"] = str(found.size_bytes)
        return _Download(resources.blobs.open(found.key), 200, headers)
    headers["Content-Length"] = str(wanted.end - wanted.start)
    headers["Content-Range"] = wanted.content_range(found.size_bytes)
    part = resources.blobs.open(found.key, start=wanted.start, end=wanted.end)
    return _Download(part, 206, headers)


@router.get(
    "/{file_id}/text",
    summary="A page or a stretch of a file's text",
    responses={200: {"content": {"text/plain": {}}, "description": "The text, alone if so asked"}},
)
async def get_text(
    file_id: PathId,
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    page: Annotated[int | None, Query(ge=1, le=LAST_OFFSET)] = None,
    start: Annotated[int, Query(ge=0, le=LAST_OFFSET, description="In code points")] = 0,
    end: Annotated[int | None, Query(ge=0, le=LAST_OFFSET, description="Not included")] = None,
    version: Annotated[int | None, Query(ge=1, le=LAST_OFFSET)] = None,
) -> TextAnswer:
    if end is not None and end < start:
        raise InvalidInput.of("end", "is before start")
    last = LAST_OFFSET if end is None else end
    if page is None:  # one page is bounded where it is cut, wherever it begins
        last = min(last, start + MOST_CHARACTERS)
    async with resources.app.read_tx(scope) as conn:
        await find_file(conn, scope, file_id)
        text = await find_text(conn, scope, file_id, version=version)
        segments = (
            []
            if text is None
            else await fetch(
                conn,
                LIST_TEXT,
                **scope.ids,
                file_id=file_id,
                build_id=text.id,
                page=page,
                span_start=start,
                span_end=last,
            )
        )
    answer = cut(segments, start=start, end=last)
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse(answer.text)  # pyright: ignore[reportReturnType] the schema is that of JSON
    return answer


@router.get("/{file_id}/passages", summary="The passages that search finds, in order")
async def list_passages(
    file_id: PathId,
    scope: ScopeDep,
    api: ApiDep,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[PassageAnswer]:
    listing = f"passages {file_id}"
    after = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        await find_file(conn, scope, file_id)
        rows = await fetch(
            conn,
            _list_passages,
            **scope.ids,
            file_id=file_id,
            after=int(after.value) if after else -1,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope,
        listing,
        rows=rows,
        limit=limit,
        position_of=lambda row: Position(str(row.ordinal), row.id),
    )
    items = [_passage(row) for row in page.items]
    return ListPage[PassageAnswer](items=items, next_cursor=page.next_cursor)


async def find_text(
    conn: ReadConn, scope: Scope, file_id: UUID, *, version: int | None
) -> StoredText | None:
    """Return where the text of a version is, or (None) of what search shows; NotFound when a version named has none."""
    found = await fetch_opt(conn, FIND_TEXT, **scope.ids, file_id=file_id, version=version)
    if found is None and version is not None:
        raise NotFound(f"There is no text of version {version}.")
    return found


def cut(segments: Sequence[Segment], *, start: int, end: int) -> TextAnswer:
    """Return the text of the segments between two offsets; beyond the end of the text there is none."""
    if not segments:
        return TextAnswer(text="", start=start, end=start, pages=[])
    first = max(start, segments[0].span_start)
    last = min(end, segments[-1].span_end, first + MOST_CHARACTERS)
    whole = "".join(segment.content for segment in segments)
    begins = segments[0].span_start
    spans = [
        PageSpan(
            page=s.page, label=s.label, start=max(s.span_start, first), end=min(s.span_end, last)
        )
        for s in segments
        if s.page is not None and s.span_start < last
    ]
    return TextAnswer(
        text=whole[first - begins : last - begins], start=first, end=last, pages=spans
    )


class _Download(StreamingResponse):
    """Closes the blob also when the caller goes away before its end."""

    def __init__(self, blob: AsyncGenerator[bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(
            blob, status_code=status, headers=headers, media_type="application/octet-stream"
        )
        self._blob = blob

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._blob):
            await super().stream_response(send)


def _passage(row: Passage) -> PassageAnswer:
    pages = None if row.page_first is None else (row.page_first, row.page_last or row.page_first)
    return PassageAnswer(
        id=row.id,
        ordinal=row.ordinal,
        start=row.span_start,
        end=row.span_end,
        pages=pages,
        headings=row.headings,
        lang=row.lang,
        text=row.text,
    )
