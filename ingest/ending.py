"""How a file's job ends: found whole, in part or without text; unreadable for a stated reason; or wanted no more.

Each ending is one transaction that also ends the job, so that a worker whose lease went to another one changes nothing.
"""

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from core.errors import PermanentFailure
from ingest.build import Build
from ingest.source import Source, Unwanted
from search.index import index_seq_raised
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.fence import Fence, JobId
from sql.pool import Conn

FileEnd = Literal["ready", "partial", "no_text", "failed"]


class Tell(Protocol):
    """Have those told who want to know how a file ended; what they are told is written in the caller's transaction."""

    async def __call__(self, conn: Conn, workspace_id: UUID, *, file_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether the build stands in for another now, or (a file's first) was seen growing."""

    is_flip: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """What a build came to; the last three are of its first problem."""

    passages: int
    problems: int
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class JobState:
    state: str


COUNT_PROBLEMS = read("ingest.sql", "count_problems", Tally)
SHOW_BUILD = write("ingest.sql", "show_build", Shown)
HIDE_BUILD = write("ingest.sql", "hide_build", JobId)
CLOSE_BUILD = write("ingest.sql", "close_build")
RETIRE_BUILD = write("ingest.sql", "retire_build")
END_FILE = write("ingest.sql", "end_file")
CANCEL_FILE = write("ingest.sql", "cancel_file")
CANCEL_JOB = write("job.sql", "cancel_job", JobState)

_NO_REASON = PermanentFailure("", "")
_NO_TEXT = PermanentFailure(
    "no_text",
    "No text was found in the file.",
    remedy="If it is a scan, run OCR over it and upload the result.",
)


async def finish(fence: Fence, build: Build, *, tell: Tell) -> FileEnd:
    """Flip the file to this build and end the job, in one transaction; Unwanted when the file went away meanwhile."""
    ws, source = fence.workspace_id, build.source
    async with fence.last_tx() as conn:
        shown = await fetch_opt(
            conn,
            SHOW_BUILD,
            workspace_id=ws,
            file_id=source.file_id,
            build_id=build.id,
            version=source.version,
        )
        if shown is None:
            raise Unwanted(f"file {source.file_id}")
        tally = await fetch_one(
            conn, COUNT_PROBLEMS, workspace_id=ws, file_id=source.file_id, build_id=build.id
        )
        end: FileEnd = "no_text" if not tally.passages else "partial" if tally.problems else "ready"
        reason = _why_no_text(tally) if end == "no_text" else _NO_REASON
        if await _end_file(conn, ws, source, state=end, reason=reason):
            await tell(conn, ws, file_id=source.file_id)
        await execute(conn, CLOSE_BUILD, workspace_id=ws, file_id=source.file_id, build_id=build.id)
        await index_seq_raised(conn, ws, shown=source.file_id if shown.is_flip else None)
    return end


def _why_no_text(tally: Tally) -> PermanentFailure:
    if not tally.problems:
        return _NO_TEXT
    return PermanentFailure(tally.code, tally.message, remedy=tally.remedy)


async def fail(
    fence: Fence, source: Source, build: Build | None, *, reason: PermanentFailure, tell: Tell
) -> None:
    """End the file and its job with a reason that a person understands."""
    ws = fence.workspace_id
    stored_only = reason.code == "unsupported_type"
    async with fence.last_tx("done" if stored_only else "failed", reason=reason.code) as conn:
        end: FileEnd = "no_text" if stored_only else "failed"
        if await _end_file(conn, ws, source, state=end, reason=reason):
            await tell(conn, ws, file_id=source.file_id)
        if build is not None:
            await execute(conn, RETIRE_BUILD, workspace_id=ws, build_id=build.id)
            await fetch(
                conn, HIDE_BUILD, workspace_id=ws, file_id=source.file_id, build_id=build.id
            )


async def withdraw(fence: Fence, version_id: UUID) -> None:
    """End the job of a file that is in the bin or has a newer version; what was built so far may be gone on with."""
    async with fence.last_tx("cancelled") as conn:
        await execute(conn, CANCEL_FILE, workspace_id=fence.workspace_id, version_id=version_id)


async def supersede(conn: Conn, ws: UUID, *, version_id: UUID) -> None:
    """Have the reading of a version end that a newer one takes the place of; before any item or file is held."""
    await fetch(conn, CANCEL_JOB, workspace_id=ws, kind="ingest_file", subject_id=version_id)


async def _end_file(
    conn: Conn, ws: UUID, source: Source, *, state: FileEnd, reason: PermanentFailure
) -> bool:
    """Write the end down; False where a newer version has come meanwhile."""
    ended = await execute(
        conn,
        END_FILE,
        workspace_id=ws,
        file_id=source.file_id,
        version=source.version,
        state=state,
        reason_code=reason.code,
        reason=reason.message,
        remedy=reason.remedy,
    )
    return ended > 0
