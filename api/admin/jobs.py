"""The workspace's jobs for its owner and admins: what ended without success, whose it was and why, and having it done again.

Dead is what ended three workers or was tried too often: it is left alone until somebody asks. Names and contents of what other
members own are not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ResourcesDep, ScopeDep
from api.jobs import JobState
from api.wire import Answer, Body, ListPage
from core.errors import Conflict, NotFound
from core.scope import Scope
from sql import fetch, read
from sql.pool import Conn, ReadConn
from workers.queue import JobKind, requeue, ring

router = APIRouter(prefix="/admin/jobs", tags=["Administration"])

AT_ONCE = 500  # jobs requeued by one request
Ended = Literal["dead", "failed", "cancelled"]


class AdminJobAnswer(Answer):
    """`account_id` asked for it; `subject_id` is the file version, message, run or generation."""

    id: UUID
    kind: JobKind
    subject_id: UUID
    account_id: UUID
    state: JobState
    reason: str
    attempts: int
    crashes: int
    created_at: datetime
    finished_at: datetime | None


class RequeueBody(Body):
    """Which jobs: all that ended so."""

    states: Annotated[Sequence[Ended], Field(min_length=1)] = ("dead",)


class RequeuedAnswer(Answer):
    """`has_more`: ask again."""

    requeued: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class _Job:
    id: UUID
    kind: JobKind
    subject_id: UUID
    account_id: UUID
    state: JobState
    reason: str
    attempts: int
    crashes: int
    created_at: datetime
    finished_at: datetime | None


_list_ended_jobs = read("job.sql", "list_ended_jobs", _Job)


@router.get("", summary="Jobs of all members, newest first")
async def list_all_jobs(
    scope: ScopeDep,
    api: ApiDep,
    state: Annotated[list[JobState] | None, Query(description="Only in these states")] = None,
    kind: Annotated[list[JobKind] | None, Query(description="Only of these kinds")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[AdminJobAnswer]:
    scope.require("admin")
    listing = f"admin jobs {state} {kind}"
    before = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_ended_jobs,
            workspace_id=scope.workspace_id,
            id=None,
            kinds=kind,
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
    return ListPage[AdminJobAnswer].model_validate(page)


@router.post("/requeue", status_code=202, summary="Have all dead jobs done again")
async def requeue_jobs(
    scope: ScopeDep, resources: ResourcesDep, body: RequeueBody | None = None
) -> RequeuedAnswer:
    scope.require("admin")
    states = list((body or RequeueBody()).states)
    async with resources.app.write_tx(scope) as conn:
        found = await _ended(conn, scope, states=states)
        done = [job for job in found if await requeue(conn, scope, job.kind, job.subject_id)]
    kinds: set[JobKind] = {job.kind for job in done}
    for kind in kinds:
        await ring(resources.redis, kind)
    return RequeuedAnswer(requeued=len(done), has_more=len(found) == AT_ONCE)


@router.post("/{job_id}/requeue", status_code=202, summary="Have a job done again")
async def requeue_job(job_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> AdminJobAnswer:
    scope.require("admin")
    async with resources.app.write_tx(scope) as conn:
        found = await _ended(conn, scope, id_=job_id)
        if not found:
            raise NotFound("No such job.")
        job = found[0]
        if not await requeue(conn, scope, job.kind, job.subject_id):
            raise Conflict(f"A job {job.kind} that is {job.state} is not done again from here.")
        (job,) = await _ended(conn, scope, id_=job_id)
    await ring(resources.redis, job.kind)
    return AdminJobAnswer.model_validate(job)


async def _ended(
    conn: Conn | ReadConn,
    scope: Scope,
    *,
    id_: UUID | None = None,
    states: Sequence[Ended] | None = None,
) -> list[_Job]:
    return await fetch(
        conn,
        _list_ended_jobs,
        workspace_id=scope.workspace_id,
        id=id_,
        kinds=["ingest_file", "embed_message"] if states else None,
        states=states,
        before_at=None,
        before_id=None,
        limit=AT_ONCE,
    )
