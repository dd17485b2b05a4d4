"""Files as callers see them: state, stages, what went wrong and what to do, which pages can be found already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from api.files.families import count_children
from api.wire import Answer
from core.errors import Forbidden, NotFound
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

FileState = Literal["queued", "processing", "ready", "partial", "no_text", "failed", "cancelled"]
UNDER_WAY: frozenset[FileState] = frozenset({"queued", "processing"})
NEAR_DUPLICATE = (
    0.8  # of the passages, and of the length: two versions of one text, or the same in two formats
)


@dataclass(frozen=True, slots=True)
class File:
    """A row of find_file or list_files."""

    id: UUID
    name: str
    folder: str
    media_type: str
    size_bytes: int
    sha256: bytes
    state: FileState
    stage: str
    reason_code: str
    reason: str
    remedy: str
    version: int
    version_id: UUID
    title: str
    author: str
    created: str
    modified: str
    language: str
    segments_done: int
    segments_total: int | None
    passages_total: int
    passages_embedded: int
    owner_id: UUID
    is_owner: bool
    can_write: bool
    duplicate_of: UUID | None
    parent_id: UUID | None
    parent_name: str | None
    parent_path: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def etag(self) -> str:
        return f'"{self.sha256.hex()}"'


@dataclass(frozen=True, slots=True)
class Problem:
    page: int | None
    code: str
    message: str
    remedy: str
    total: int


@dataclass(frozen=True, slots=True)
class PageRange:
    """First and last page, 1-based."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    id: UUID
    name: str
    share: float


class ProblemAnswer(Answer):
    page: int | None
    code: str
    message: str
    remedy: str


class PageRangeAnswer(Answer):
    first: int
    last: int


class StageAnswer(Answer):
    """`total` is null until it is known."""

    done: int
    total: int | None


class StagesAnswer(Answer):
    extract: StageAnswer
    embed: StageAnswer


class ReasonAnswer(Answer):
    code: str
    message: str
    remedy: str


class PropertiesAnswer(Answer):
    """What the document says of itself, "" where it does not; times are ISO 8601, as precise as it gives them."""

    title: str
    author: str
    created: str
    modified: str
    language: str


class ParentAnswer(Answer):
    """The mail or archive that a file was found in; `path` is its name there."""

    id: UUID
    name: str
    path: str


class ChildrenAnswer(Answer):
    """How many files were found in a file, and where they are listed."""

    count: int
    url: str


class FileAnswer(Answer):
    """`reason` says why a file is not (wholly) searchable; `duplicate_of` names an older file with the same bytes."""

    id: UUID
    name: str
    folder: str
    media_type: str
    size_bytes: int
    sha256: str
    state: FileState
    stage: str
    stages: StagesAnswer
    passages_per_s: float | None
    eta_s: float | None
    reason: ReasonAnswer | None
    version: int
    properties: PropertiesAnswer | None
    duplicate_of: UUID | None
    parent: ParentAnswer | None
    owner_id: UUID
    can_write: bool
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class NearDuplicateAnswer(Answer):
    """A file of other bytes; `share` of this file's passages are its passages too."""

    id: UUID
    name: str
    share: float


class FileDetailAnswer(FileAnswer):
    """`searchable` lists pages; a format without pages has none and is searchable as it is read.

    `problems` are the first hundred of `problem_count`.
    """

    problems: Sequence[ProblemAnswer]
    problem_count: int
    searchable: Sequence[PageRangeAnswer]
    children: ChildrenAnswer
    near_duplicates: Sequence[NearDuplicateAnswer]


FIND_FILE = read("file.sql", "find_file", File)
LIST_PROBLEMS = read("file.sql", "list_problems", Problem)
LIST_SEARCHABLE = read("file.sql", "list_searchable", PageRange)
LIST_NEAR_DUPLICATES = read("file.sql", "list_near_duplicates", NearDuplicate)


async def find_file(conn: ReadConn, scope: Scope, file_id: UUID) -> File:
    """Return a file that the caller may read, else NotFound."""
    found = await fetch_opt(conn, FIND_FILE, **scope.ids, file_id=file_id)
    if found is None:
        raise NotFound("No such file.")
    return found


async def find_writable(conn: ReadConn, scope: Scope, file_id: UUID) -> File:
    """Return a file that the caller may change, else NotFound or Forbidden."""
    found = await find_file(conn, scope, file_id)
    if not found.can_write:
        raise Forbidden("You may read this file, not change it.")
    return found


async def file_detail(conn: ReadConn, scope: Scope, file_id: UUID) -> FileDetailAnswer:
    """Return all that is told of one file."""
    found = await find_file(conn, scope, file_id)
    problems = await fetch(conn, LIST_PROBLEMS, **scope.ids, file_id=file_id)
    searchable = await fetch(conn, LIST_SEARCHABLE, **scope.ids, file_id=file_id)
    return FileDetailAnswer(
        **dict(file_answer(found)),
        problems=[ProblemAnswer.model_validate(p) for p in problems],
        problem_count=problems[0].total if problems else 0,
        searchable=[PageRangeAnswer.model_validate(r) for r in searchable],
        children=ChildrenAnswer(
            count=await count_children(conn, scope, file_id), url=f"/api/v1/files?parent={file_id}"
        ),
        near_duplicates=await _near_duplicates(conn, scope, found),
    )


async def _near_duplicates(conn: ReadConn, scope: Scope, file: File) -> list[NearDuplicateAnswer]:
    if file.state in UNDER_WAY:  # watched while it is read, and not known yet
        return []
    rows = await fetch(
        conn, LIST_NEAR_DUPLICATES, **scope.ids, file_id=file.id, share=NEAR_DUPLICATE
    )
    return [NearDuplicateAnswer.model_validate(row) for row in rows]


def file_answer(row: File) -> FileAnswer:
    """Return a file as lists show it."""
    now = datetime.now(UTC)
    reason = ReasonAnswer(code=row.reason_code, message=row.reason, remedy=row.remedy)
    return FileAnswer(
        id=row.id,
        name=row.name,
        folder=row.folder,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        state=row.state,
        stage=row.stage,
        stages=StagesAnswer(
            extract=StageAnswer(done=row.segments_done, total=row.segments_total),
            embed=StageAnswer(done=row.passages_embedded, total=expected_passages(row)),
        ),
        passages_per_s=round(rate, 1) if (rate := passages_per_s(row, now=now)) else None,
        eta_s=eta_s(row, now=now),
        reason=reason if row.reason_code else None,
        version=row.version,
        properties=_properties(row),
        duplicate_of=row.duplicate_of,
        parent=_parent(row),
        owner_id=row.owner_id,
        can_write=row.can_write,
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


def _properties(row: File) -> PropertiesAnswer | None:
    told = (row.title, row.author, row.created, row.modified, row.language)
    return PropertiesAnswer.model_validate(row) if any(told) else None


def _parent(row: File) -> ParentAnswer | None:
    if row.parent_id is None or row.parent_name is None or row.parent_path is None:
        return None
    return ParentAnswer(id=row.parent_id, name=row.parent_name, path=row.parent_path)


def expected_passages(row: File) -> int | None:
    """Return how many passages the file will have: those of the part that was read, scaled to the whole."""
    if row.segments_total is None or (row.segments_total and not row.segments_done):
        return None
    if row.segments_done >= row.segments_total:
        return row.passages_total
    return round(row.passages_total * row.segments_total / row.segments_done)


def passages_per_s(row: File, *, now: datetime) -> float | None:
    """Return how many passages a second were embedded so far; None while there is none."""
    if row.state != "processing" or row.started_at is None or not row.passages_embedded:
        return None
    elapsed_s = (now - row.started_at).total_seconds()
    return row.passages_embedded / elapsed_s if elapsed_s > 0 else None


def eta_s(row: File, *, now: datetime) -> float | None:
    """Return the seconds that embedding, the slowest step, will take at its rate so far; None while it has none."""
    total, rate = expected_passages(row), passages_per_s(row, now=now)
    if not total or not rate:
        return None
    return round(max(total - row.passages_embedded, 0) / rate, 1)
