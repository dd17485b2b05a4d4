"""Files: list, look at one, follow it while it is read, stop its reading, share it, throw it away and bring it back.

Uploads are in uploads.py, bytes and text in content.py, versions in versions.py,
reading again in reprocess.py. A file may be changed by who may write it, and thrown away,
brought back or shared by its owner alone.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.cursors import Position
from api.deps import ApiDep, CursorText, Limit, PathId, ResourcesDep, ScopeDep
from api.files.answers import (
    UNDER_WAY,
    File,
    FileAnswer,
    FileDetailAnswer,
    FileState,
    file_answer,
    file_detail,
    find_file,
    find_writable,
)
from api.files.families import (
    bin_family,
    hold_family,
    share_family,
    take_back_family,
    unshare_family,
)
from api.live.sse import EventStream, Frame, streams_of
from api.sharing import (
    GrantAnswer,
    GrantBody,
    find_principal,
    list_grants,
    remove_grant,
    set_grant,
)
from api.wire import Answer, ListPage, Text
from app.resources import Resources
from core.changes import ring_change
from core.errors import Conflict, Forbidden, NotFound
from core.events import nudge
from core.ids import new_id, parse_id
from core.scope import Scope
from search.index import Build, index_seq_raised, remove_passages
from sql import execute, fetch, fetch_opt, read, write
from sql.changes import note_attachment
from sql.pool import Conn
from workers.queue import cancel_ingest, hold_reading, retry_ingest, ring

router = APIRouter(prefix="/files", tags=["Files"])

LOOK_S = 1.0  # a change whose nudge was lost is told this late
_LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class DeletedFileAnswer(Answer):
    id: UUID
    name: str
    folder: str
    state: FileState
    created_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class _Deleted:
    id: UUID
    name: str
    folder: str
    state: FileState
    created_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_list_files = read("file.sql", "list_files", File)
_list_deleted_files = read("file.sql", "list_deleted_files", _Deleted)
_delete_file = write("file.sql", "delete_file", _Id)
_note_restore = write("file.sql", "note_restore", _Id)
_find_own_file = read("file.sql", "find_own_file", _Id)
_list_builds = read("file.sql", "list_builds", _Id)
_erase_quotes = write("file.sql", "erase_quotes")
_erase_file = write("file.sql", "erase_file")


@router.get("", summary="Files, newest first")
async def list_files(
    scope: ScopeDep,
    api: ApiDep,
    state: Annotated[list[FileState] | None, Query(description="Only in these states")] = None,
    name: Annotated[Text | None, Query(max_length=255, description="Part of the name")] = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-fA-F]{64}$")] = None,
    parent: Annotated[
        Text | None,
        Query(
            description='Only what was found in this file; "none": only what was uploaded itself'
        ),
    ] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ListPage[FileAnswer]:
    listing = f"files {state} {name} {sha256} {parent}"
    parent_id = parse_id(parent, what="parent") if parent and parent != "none" else None
    before = api.cursors.read(scope, listing, cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_files,
            **scope.ids,
            states=state,
            name_like=f"%{name.translate(_LIKE)}%" if name else None,
            sha256=bytes.fromhex(sha256) if sha256 else None,
            parent_id=parent_id,
            only_roots=parent == "none",
            before_id=before.id if before else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope, listing, rows=rows, limit=limit, position_of=lambda row: Position("", row.id)
    )
    items = [file_answer(row) for row in page.items]
    return ListPage[FileAnswer](items=items, next_cursor=page.next_cursor)


@router.get("/deleted", summary="Your files in the bin, newest first")
async def list_deleted_files(
    scope: ScopeDep, api: ApiDep, cursor: CursorText = None, limit: Limit = 50
) -> ListPage[DeletedFileAnswer]:
    before = api.cursors.read(scope, "deleted files", cursor=cursor)
    async with api.resources.app.read_tx(scope) as conn:
        rows = await fetch(
            conn,
            _list_deleted_files,
            **scope.ids,
            before_id=before.id if before else None,
            limit=limit + 1,
        )
    page = api.cursors.page(
        scope, "deleted files", rows=rows, limit=limit, position_of=lambda r: Position("", r.id)
    )
    return ListPage[DeletedFileAnswer].model_validate(page)


@router.get("/{file_id}", summary="A file: state, stages, problems, what can be found")
async def get_file(
    file_id: PathId, scope: ScopeDep, resources: ResourcesDep, response: Response
) -> FileDetailAnswer:
    async with resources.app.read_tx(scope) as conn:
        detail = await file_detail(conn, scope, file_id)
    response.headers["ETag"] = f'"{detail.sha256}"'
    return detail


@router.get(
    "/{file_id}/events",
    summary="A file's state, again whenever it changes, until it is read",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
)
async def get_file_events(
    file_id: PathId, request: Request, scope: ScopeDep, resources: ResourcesDep
) -> Response:
    async with resources.stream.read_tx(scope) as conn:
        await find_file(conn, scope, file_id)
    following = frames(resources, scope, file_id)
    return EventStream(following, streams=streams_of(request), request=request, scope=scope)


@router.post("/{file_id}/cancel", status_code=202, summary="Stop reading a file")
async def cancel_file(file_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> FileAnswer:
    async with resources.app.write_tx(scope) as conn:
        found = await find_writable(conn, scope, file_id)
        if not await cancel_ingest(conn, scope, version_id=found.version_id):
            raise Conflict("The file is not being read.")
        found = await find_file(conn, scope, file_id)
    await nudge(resources.redis, f"file:{file_id}")
    return file_answer(found)


@router.get("/{file_id}/access", summary="Who may see a file")
async def list_access(
    file_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> ListPage[GrantAnswer]:
    async with resources.app.read_tx(scope) as conn:
        await find_file(conn, scope, file_id)
        grants = await list_grants(conn, scope, item_id=file_id)
    return ListPage[GrantAnswer].model_validate({"items": grants, "next_cursor": None})


@router.put("/{file_id}/access", summary="Let somebody of the workspace, or all of it, see a file")
async def put_access(
    file_id: PathId, body: GrantBody, scope: ScopeDep, resources: ResourcesDep
) -> ListPage[GrantAnswer]:
    async with resources.app.write_tx(scope) as conn:
        await _find_owned(conn, scope, file_id)
        talks = await _note_attached(conn, scope, file_id)
        family = await hold_family(conn, scope, file_id)
        grants = await set_grant(conn, scope, item_id=file_id, body=body)
        principal_id = await find_principal(conn, scope, body.principal)
        await share_family(conn, scope, family, principal_id=principal_id)
    await _ring_changes(resources, talks)
    return ListPage[GrantAnswer].model_validate({"items": grants, "next_cursor": None})


@router.delete("/{file_id}/access/{principal}", status_code=204, summary="Take access away")
async def delete_access(
    file_id: PathId, principal: Text, scope: ScopeDep, resources: ResourcesDep
) -> None:
    async with resources.app.write_tx(scope) as conn:
        await find_file(conn, scope, file_id)
        talks = await _note_attached(conn, scope, file_id)
        family = await hold_family(conn, scope, file_id)
        await remove_grant(conn, scope, item_id=file_id, principal=principal)
        principal_id = await find_principal(conn, scope, principal)
        await unshare_family(conn, scope, family, principal_id=principal_id)
        await index_seq_raised(conn, scope.workspace_id)
    await _ring_changes(resources, talks)


@router.delete("/{file_id}", status_code=204, summary="Delete a file; `hard` for good")
async def delete_file(
    file_id: PathId, scope: ScopeDep, resources: ResourcesDep, hard: bool = False
) -> None:
    async with resources.app.write_tx(scope) as conn:
        found = None
        if not hard or await fetch_opt(conn, _find_own_file, **scope.ids, file_id=file_id) is None:
            found = await _find_owned(conn, scope, file_id)
            await hold_reading(conn, scope, version_id=found.version_id)
        talks = await _note_attached(conn, scope, file_id)
        # Jobs before items before files, as the worker does.
        family = await hold_family(conn, scope, file_id)
        if found is not None:
            await cancel_ingest(conn, scope, version_id=found.version_id)
        await bin_family(conn, scope, family[1:])
        await fetch_opt(conn, _delete_file, **scope.ids, file_id=file_id, audit_id=new_id())
        await index_seq_raised(conn, scope.workspace_id)
    if hard:
        for each in reversed(family):
            await _erase(resources, scope, each)
    await _ring_changes(resources, talks)
    await nudge(resources.redis, f"file:{file_id}")


@router.post("/{file_id}/restore", summary="Bring a file back from the bin")
async def restore_file(file_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> FileAnswer:
    async with resources.app.write_tx(scope) as conn:
        talks = await _note_attached(conn, scope, file_id)
        if not await fetch_opt(
            conn, _note_restore, **scope.ids, file_id=file_id, audit_id=new_id()
        ):
            raise NotFound("No such file in your bin.")
        for back in await take_back_family(conn, scope, file_id):
            if back.is_unread:
                await retry_ingest(conn, scope, version_id=back.version_id)
        found = await find_file(conn, scope, file_id)
    await _ring_changes(resources, talks)
    await ring(resources.redis, "ingest_file")
    return file_answer(found)


async def _note_attached(conn: Conn, scope: Scope, file_id: UUID) -> list[UUID]:
    """Note that messages show the file no more, or again; before its row, as who posts locks his conversation first."""
    return await note_attachment(
        conn, scope.workspace_id, file_id=file_id, actor_id=scope.account_id
    )


async def _ring_changes(resources: Resources, conversation_ids: list[UUID]) -> None:
    for conversation_id in conversation_ids:
        await ring_change(resources.redis, conversation_id)


async def _find_owned(conn: Conn, scope: Scope, file_id: UUID) -> File:
    found = await find_file(conn, scope, file_id)
    if not found.is_owner:
        raise Forbidden("Only its owner may do this with a file.")
    return found


async def _erase(resources: Resources, scope: Scope, file_id: UUID) -> None:
    """Remove a file that nobody sees any more; on the worker's pool, whose statements may take longer."""
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        named = {"workspace_id": scope.workspace_id, "file_id": file_id}
        for build in await fetch(conn, _list_builds, **named):
            await remove_passages(conn, Build(scope.workspace_id, file_id, build.id))
        await execute(conn, _erase_file, **scope.ids, file_id=file_id, audit_id=new_id())
        # Last: replies that cite it just now have ended.
        await execute(conn, _erase_quotes, **named)


async def frames(resources: Resources, scope: Scope, file_id: UUID) -> AsyncGenerator[Frame | None]:
    """Yield a file's state now and whenever it changes, until it is read."""
    told: str | None = None
    with resources.feed.listen(f"file:{file_id}") as ear:
        while True:
            async with resources.stream.read_tx(scope) as conn:
                detail = await file_detail(conn, scope, file_id)
            data = detail.model_dump_json()
            yield Frame("file", data) if data != told else None
            told = data
            if detail.state not in UNDER_WAY:
                yield Frame("done", "{}")
                return
            await ear.heard(within_s=LOOK_S)
