"""What a workspace holds and what is being done about it, in numbers, for its owner and admins."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from api.deps import ResourcesDep, ScopeDep
from api.files.answers import FileState
from api.jobs import JobState
from api.wire import Answer
from ingest.build import PIPELINE_VERSION
from sql import fetch, fetch_one, read
from workers.queue import JobKind

router = APIRouter(prefix="/admin/stats", tags=["Administration"])


class FormatCount(Answer):
    """`searchable` of the files are ready, in part at least."""

    media_type: str
    files: int
    searchable: int
    size_bytes: int


class JobCount(Answer):
    kind: JobKind
    state: JobState
    jobs: int


class StatsAnswer(Answer):
    """`files` by state, without the bin. `stale`: read by an older pipeline. `stored_bytes`: of all versions, equal bytes once."""

    files: dict[FileState, int]
    formats: Sequence[FormatCount]
    jobs: Sequence[JobCount]
    versions: int
    in_bin: int
    stale: int
    pipeline_version: int
    passages: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class _Files:
    state: FileState
    files: int


@dataclass(frozen=True, slots=True)
class _Format:
    media_type: str
    files: int
    searchable: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Jobs:
    kind: JobKind
    state: JobState
    jobs: int


@dataclass(frozen=True, slots=True)
class _Totals:
    versions: int
    in_bin: int
    stale: int
    passages: int
    stored_bytes: int


_count_files = read("stats.sql", "count_files", _Files)
_count_formats = read("stats.sql", "count_formats", _Format)
_count_jobs = read("stats.sql", "count_jobs", _Jobs)
_count_totals = read("stats.sql", "count_totals", _Totals)


@router.get("", summary="What the workspace holds, in numbers")
async def get_stats(scope: ScopeDep, resources: ResourcesDep) -> StatsAnswer:
    scope.require("admin")
    here = {"workspace_id": scope.workspace_id}
    async with resources.app.read_tx(scope) as conn:
        files = await fetch(conn, _count_files, **here)
        formats = await fetch(conn, _count_formats, **here)
        jobs = await fetch(conn, _count_jobs, **here)
        totals = await fetch_one(conn, _count_totals, **here, pipeline_version=PIPELINE_VERSION)
    return StatsAnswer(
        files={row.state: row.files for row in files},
        formats=[FormatCount.model_validate(row) for row in formats],
        jobs=[JobCount.model_validate(row) for row in jobs],
        versions=totals.versions,
        in_bin=totals.in_bin,
        stale=totals.stale,
        pipeline_version=PIPELINE_VERSION,
        passages=totals.passages,
        stored_bytes=totals.stored_bytes,
    )
