"""The versions of a file: which there are, what changed between two, and making an old one the newest again.

An upload adds one (uploads.py); bytes and text of each are in content.py. What is compared is the text as it was read.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from api.deps import PathId, ResourcesDep, ScopeDep
from api.files.answers import find_file, find_writable
from api.files.compare import Changes, compare
from api.files.content import LAST_OFFSET, LIST_TEXT, find_text
from api.files.uploads import UploadAnswer, accepted, add_version, take_turn
from api.wire import Answer, ListPage
from core.errors import Conflict, NotFound
from core.events import nudge
from core.ids import new_id
from core.names import FileName
from core.scope import Scope
from sql import fetch, fetch_opt, read
from sql.pool import ReadConn
from workers.queue import ring

router = APIRouter(prefix="/files", tags=["Files"])

MOST_COMPARED = (
    2_000_000  # characters of each text: what a diff in memory and within a second takes
)
Number = Annotated[int, Path(ge=1, le=LAST_OFFSET)]


class PersonAnswer(Answer):
    id: UUID
    name: str


class VersionAnswer(Answer):
    """`by` is who uploaded it; `has_text`: its text can be read and compared."""

    id: UUID
    version: int
    name: str
    size_bytes: int
    sha256: str
    by: PersonAnswer
    has_text: bool
    created_at: datetime


class DiffAnswer(Answer):
    """`diff` is a unified diff of the texts, line by line; cut when it is long, and empty when they are equal."""

    from_version: int
    to_version: int
    added: int
    removed: int
    diff: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class _Version:
    id: UUID
    version: int
    name: str
    size_bytes: int
    sha256: bytes
    created_at: datetime
    account_id: UUID
    account_name: str
    has_text: bool


@dataclass(frozen=True, slots=True)
class _Bytes:
    name: str
    size_bytes: int
    sha256: bytes


_list_versions = read("file.sql", "list_versions", _Version)
_find_version = read("file.sql", "find_version", _Bytes)


@router.get("/{file_id}/versions", summary="The versions of a file, newest first")
async def list_versions(
    file_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> ListPage[VersionAnswer]:
    async with resources.app.read_tx(scope) as conn:
        rows = await fetch(conn, _list_versions, **scope.ids, file_id=file_id)
    if not rows:
        raise NotFound("No such file.")
    return ListPage[VersionAnswer](items=[_version(row) for row in rows], next_cursor=None)


@router.get("/{file_id}/diff", summary="What changed between two versions of a file")
async def diff_versions(
    file_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    from_version: Annotated[
        int | None, Query(alias="from", ge=1, le=LAST_OFFSET, description="The one before `to`")
    ] = None,
    to_version: Annotated[
        int | None, Query(alias="to", ge=1, le=LAST_OFFSET, description="The current one")
    ] = None,
) -> DiffAnswer:
    async with resources.app.read_tx(scope) as conn:
        newest = to_version or (await find_file(conn, scope, file_id)).version
        oldest = from_version or newest - 1
        old = await _text(conn, scope, file_id, version=oldest)
        new = await _text(conn, scope, file_id, version=newest)
    changes: Changes = await asyncio.to_thread(compare, old, new)
    return DiffAnswer(
        from_version=oldest,
        to_version=newest,
        added=changes.added,
        removed=changes.removed,
        diff=changes.diff,
        is_cut=changes.is_cut,
    )


@router.post(
    "/{file_id}/versions/{version}/restore",
    status_code=202,
    summary="Make an older version's bytes the newest version",
)
async def restore_version(
    file_id: PathId, version: Number, scope: ScopeDep, resources: ResourcesDep
) -> UploadAnswer:
    async with resources.app.write_tx(scope) as conn:
        await take_turn(conn, file_id)
        current = await find_writable(conn, scope, file_id)
        old = await fetch_opt(conn, _find_version, **scope.ids, file_id=file_id, version=version)
        if old is None:
            raise NotFound("No such file or version.")
        if (current.sha256, current.name) == (old.sha256, old.name):
            raise Conflict("The current version has these bytes already.")
        columns = {
            "sha256": old.sha256,
            "size_bytes": old.size_bytes,
            "name": old.name,
            "extension": FileName("", old.name).extension,
            "audit_id": new_id(),
        }
        answer = await accepted(conn, scope, await add_version(conn, scope, current, columns))
    await ring(resources.redis, "ingest_file")
    await nudge(resources.redis, f"file:{file_id}")
    return answer


async def _text(conn: ReadConn, scope: Scope, file_id: UUID, *, version: int) -> str:
    await find_file(conn, scope, file_id)
    stored = await find_text(conn, scope, file_id, version=version)
    if stored is None:
        return ""
    if stored.characters > MOST_COMPARED:
        raise Conflict(f"Only texts of up to {MOST_COMPARED:,} characters are compared.")
    segments = await fetch(
        conn,
        LIST_TEXT,
        **scope.ids,
        file_id=file_id,
        build_id=stored.id,
        page=None,
        span_start=0,
        span_end=LAST_OFFSET,
    )
    return "".join(segment.content for segment in segments)


def _version(row: _Version) -> VersionAnswer:
    return VersionAnswer(
        id=row.id,
        version=row.version,
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        by=PersonAnswer(id=row.account_id, name=row.account_name),
        has_text=row.has_text,
        created_at=row.created_at,
    )
