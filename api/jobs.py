"""Jobs: what is being done about the files, messages and replies that the caller may see."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ResourcesDep, ScopeDep
from api.live.sse import Frame
from api.wire import Answer, ListPage
from app.resources import Resources
from core.errors import NotFound
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn

router = APIRouter(prefix="/jobs", tags=["Jobs"])

LOOK_S = 1.0  # jobs are not announced one by one
UNDER_WAY = frozenset({"queued", "leased", "retry_wait"})
JobState = Literal["queued", "leased", "retry_wait", "done", "failed", "dead", "cancelled"]


class JobAnswer(Answer):
    """`item_id` is the file or conversation that the job is about; `subject_id` the version, message or run."""

    id: UUID
    kind: str
    subject_id: UUID
    item_id: UUID
    state: JobState
    stage: str
    reason: str
    attempts: int
    created_at: datetime
    run_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    kind: str
    subject_id: UUID
    item_id: UUID
    state: JobState
    stage: str
    reason: str
    attempts: int
    created_at: datetime
    run_at: datetime
    finished_at: datetime | None


_list_visible_jobs = read("job.sql", "list_visible_jobs", Job)


@router.get("", summary="Jobs, newest first")
async def list_jobs(
    scope: ScopeDep,
    api: ApiDep,
    state: Annotated[list[JobState] | None, Query(description="Only in these states")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[JobAnswer]:
    listing = f"jobs {state}"
    before = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_visible_jobs,
            **scope.ids,
            id=None,
            states=state,
            before_at=before.at if before else None,
            before_id=before.id if before else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope,
        listing,
        rows=rows,
        limit=limit,
        position_of=lambda row: Position(row.created_at.isoformat(), row.id),
    )
    return ListPage[JobAnswer].model_validate(page)


@router.get("/{job_id}", summary="A job")
async def get_job(job_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> JobAnswer:
    async with resources.app.read_tx(scope) as conn:
        return await find_job(conn, scope, job_id)


async def find_job(conn: ReadConn, scope: Scope, job_id: UUID) -> JobAnswer:
    """Return a job of something that the caller may see, else NotFound."""
    found = await fetch_opt(
        conn,
        _list_visible_jobs,
        **scope.ids,
        id=job_id,
        states=None,
        before_at=None,
        before_id=None,
        limit=1,
    )
    if found is None:
        raise NotFound("No such job.")
    return JobAnswer.model_validate(found)


async def frames(resources: Resources, scope: Scope, job_id: UUID) -> AsyncGenerator[Frame | None]:
    """Yield a job's state now and whenever it has changed, until it is over."""
    told: JobAnswer | None = None
    while True:
        async with resources.stream.read_tx(scope) as conn:
            job = await find_job(conn, scope, job_id)
        yield Frame("job", job.model_dump_json()) if job != told else None
        told = job
        if job.state not in UNDER_WAY:
            yield Frame("done", "{}")
            return
        await asyncio.sleep(LOOK_S)
