"""Have files read again: one that failed, one from its bytes, text or passages, or many at once.

Many are taken in pages, each one transaction, so that a caller who was interrupted goes on with its cursor. What is queued
is done by the worker whoever looks on; what search shows stays until the new reading is whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.deps import PathId, ResourcesDep, ScopeDep
from api.files.answers import FileAnswer, FileState, file_answer, find_file, find_writable
from api.files.passwords import Password, given_password
from api.wire import Answer, Body, Text
from app.resources import Resources
from core.errors import Conflict
from core.events import nudge
from core.scope import Scope
from ingest.build import PIPELINE_VERSION
from ingest.passwords import GivenPassword
from ingest.source import Step
from sql import fetch, read
from workers.queue import retry_ingest, ring

router = APIRouter(prefix="/files", tags=["Files"])

PAGE = 200  # files in one transaction, some 3 ms each


class ReprocessBody(Body):
    """`only` is where it begins: with the bytes (`extract`), the text as it was read (`chunk`), or the vectors (`embed`)."""

    only: Step = "extract"


class RetryBody(Body):
    """`password` is what the file is opened with; it is forgotten when that has been tried."""

    password: Password | None = None


class ReprocessOneBody(ReprocessBody, RetryBody):
    pass


class ReprocessManyBody(ReprocessBody):
    """Which files: all that fit, among those you may change. `stale`: read by an older pipeline. `after` goes on behind a page."""

    states: Annotated[Sequence[FileState], Field(min_length=1)] | None = None
    extensions: Annotated[Sequence[Text], Field(min_length=1, max_length=50)] | None = None
    stale: bool = False
    after: UUID | None = None


class ReprocessedAnswer(Answer):
    """`queued` of this page; `after` is for the next one, null when there is none."""

    queued: int
    after: UUID | None


@dataclass(frozen=True, slots=True)
class _Rereadable:
    id: UUID
    version_id: UUID


_list_rereadable = read("file.sql", "list_rereadable", _Rereadable)


@router.post("/reprocess", status_code=202, summary="Have many files read again, a page at a time")
async def reprocess_files(
    body: ReprocessManyBody, scope: ScopeDep, resources: ResourcesDep
) -> ReprocessedAnswer:
    async with resources.app.write_tx(scope) as conn:
        found = await fetch(
            conn,
            _list_rereadable,
            **scope.ids,
            states=body.states,
            extensions=[each.lower().lstrip(".") for each in body.extensions or ()] or None,
            is_stale=body.stale,
            pipeline_version=PIPELINE_VERSION,
            after=body.after,
            limit=PAGE,
        )
        jobs = [
            await retry_ingest(
                conn, scope, version_id=file.version_id, first_step=body.only, in_line=True
            )
            for file in found
        ]
    await ring(resources.redis, "ingest_file")
    queued = len(jobs) - jobs.count(None)
    return ReprocessedAnswer(queued=queued, after=found[-1].id if len(found) == PAGE else None)


@router.post("/{file_id}/retry", status_code=202, summary="Read a file again that failed")
async def retry_file(
    file_id: PathId, scope: ScopeDep, resources: ResourcesDep, body: RetryBody | None = None
) -> FileAnswer:
    password = await given_password(resources, body.password if body is not None else None)
    only: set[FileState] = {"failed", "cancelled"}
    if password is not None:  # an archive whose members are encrypted is read in part
        only.add("partial")
    return await _read_again(resources, scope, file_id, only=frozenset(only), password=password)


@router.post("/{file_id}/reprocess", status_code=202, summary="Read a file again")
async def reprocess_file(
    file_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    body: ReprocessOneBody | None = None,
) -> FileAnswer:
    first_step = body.only if body is not None else "extract"
    password = await given_password(resources, body.password if body is not None else None)
    return await _read_again(resources, scope, file_id, first_step=first_step, password=password)


async def _read_again(
    resources: Resources,
    scope: Scope,
    file_id: UUID,
    *,
    only: frozenset[FileState] | None = None,
    first_step: Step = "extract",
    password: GivenPassword | None = None,
) -> FileAnswer:
    async with resources.app.write_tx(scope) as conn:
        found = await find_writable(conn, scope, file_id)
        if only is not None and found.state not in only:
            raise Conflict(f"The file is {found.state}; only {' or '.join(sorted(only))} ones are.")
        if (
            await retry_ingest(conn, scope, version_id=found.version_id, first_step=first_step)
            is None
        ):
            raise Conflict("The file is being read already.")
        if password is not None:
            await password.keep(conn, scope.workspace_id, version_id=found.version_id)
        found = await find_file(conn, scope, file_id)
    await ring(resources.redis, "ingest_file")
    await nudge(resources.redis, f"file:{file_id}")
    return file_answer(found)
