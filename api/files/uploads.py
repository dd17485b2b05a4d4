"""POST /upload and PUT /files/{id}/content: bytes go to the blob store as they arrive, then one transaction accepts them.

The body is multipart/form-data with one file part (and a field `folder`), or the bytes themselves with `X-Filename` and
`X-Folder`, both percent-encoded. A body that is cut or too long leaves nothing. Equal bytes are stored once, and one file's
bytes sent again to its place stay one file.
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import SecretStr
from starlette.requests import ClientDisconnect

from api.deps import PathId, ResourcesDep, ScopeDep
from api.etags import IfMatch, check_etag
from api.files.answers import File, FileAnswer, file_answer, find_file, find_writable
from api.files.multipart import MultipartFile
from api.files.passwords import PasswordHeader, given_password, password_of
from api.idempotency import Answered, IdempotencyKey, OneRequest, once
from api.wire import Answer
from app.resources import Resources
from core.blobs import Stored, new_key
from core.errors import CallerError, InvalidInput, TooLarge
from core.events import nudge
from core.ids import new_id
from core.names import FileName, file_name
from core.scope import Scope
from ingest.ending import supersede
from ingest.passwords import GivenPassword
from ingest.quota import check_quota
from sql import Nothing, execute, fetch_one, fetch_opt, read, write
from sql.pool import Conn
from workers.queue import enqueue_ingest, retry_ingest, ring

router = APIRouter(tags=["Files"])

MULTIPART_OVERHEAD_BYTES = 65_536  # what boundaries, headers and fields may add to a file
_BODIES: dict[str, object] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "folder": {"type": "string", "examples": ["reports/2024"]},
                        "password": {
                            "type": "string",
                            "format": "password",
                            "description": "That the file is opened with",
                        },
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
FilenameHeader = Annotated[
    str | None,
    Header(alias="X-Filename", max_length=4096, description="Of a raw body, percent-encoded"),
]
FolderHeader = Annotated[
    str | None,
    Header(alias="X-Folder", max_length=4096, description="Of a raw body, percent-encoded"),
]


class JobReference(Answer):
    id: UUID


class UploadAnswer(Answer):
    """`unchanged`: a file has this name and these bytes already; `job` is then the one that last read them, for 30 days."""

    file: FileAnswer
    job: JobReference | None
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that are stored under `key`, and have no row yet."""

    name: FileName
    key: str
    stored: Stored
    password: SecretStr | None = None

    @property
    def columns(self) -> dict[str, object]:
        """Return what the statements of an upload name alike."""
        return {
            "sha256": self.stored.sha256,
            "size_bytes": self.stored.size_bytes,
            "name": self.name.name,
            "extension": self.name.extension,
            "audit_id": new_id(),
        }


@dataclass(frozen=True, slots=True)
class FileVersion:
    """The version that bytes became; `is_new` is False where it was there already."""

    file_id: UUID
    version_id: UUID
    is_new: bool = True

    @property
    def columns(self) -> dict[str, object]:
        return {"file_id": self.file_id, "version_id": self.version_id}


@dataclass(frozen=True, slots=True)
class _Kept:
    key: str


@dataclass(frozen=True, slots=True)
class _Job:
    id: UUID


_GIVEN_UP: Final = ("failed", "cancelled")
_keep_blob = write("file.sql", "keep_blob", _Kept)
_find_same_file = read("file.sql", "find_same_file", FileVersion)
_find_last_job = read("file.sql", "find_last_job", _Job)
_create_file = write("file.sql", "create_file")
_take_turn_at_file = read("file.sql", "take_turn_at_file", Nothing)
_add_version = write("file.sql", "add_version")


@router.post(
    "/upload",
    status_code=202,
    summary="Upload a file",
    response_model=UploadAnswer,
    openapi_extra=_BODIES,
)
async def upload(
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    filename: FilenameHeader = None,
    folder: FolderHeader = None,
    password: PasswordHeader = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    raw_name = _raw_name(filename, folder)
    received = await _receive(request, resources, scope, raw_name=raw_name, password=password)
    same = OneRequest(scope, idempotency_key, _hash(request, received))

    async def create(conn: Conn) -> FileVersion:
        made = await create_file(conn, scope, received)
        await check_quota(conn, scope, quota_bytes=resources.settings.workspace_quota_bytes)
        return made

    given = await given_password(resources, received.password)
    return await accept(resources, Acceptance(scope, received, create, given), same)


@router.put(
    "/files/{file_id}/content",
    status_code=202,
    summary="Upload a new version of a file",
    response_model=UploadAnswer,
    openapi_extra=_BODIES,
)
async def replace_content(
    file_id: PathId,
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    filename: FilenameHeader = None,
    password: PasswordHeader = None,
    if_match: IfMatch = None,
) -> Response:
    async with resources.app.read_tx(scope) as conn:
        old = await find_writable(conn, scope, file_id)
    check_etag(if_match, old.etag)
    raw_name = _raw_name(filename, None) or FileName(old.folder, old.name)
    received = await _receive(request, resources, scope, raw_name=raw_name, password=password)

    async def add(conn: Conn) -> FileVersion:
        await take_turn(conn, file_id)
        # It may have been changed or deleted meanwhile.
        current = await find_file(conn, scope, file_id)
        check_etag(if_match, current.etag)
        if (current.sha256, current.name) == (received.stored.sha256, received.name.name):
            return FileVersion(file_id, current.version_id, is_new=False)
        made = await add_version(conn, scope, current, received.columns)
        await check_quota(conn, scope, quota_bytes=resources.settings.workspace_quota_bytes)
        return made

    not_repeated = OneRequest(scope, None, b"")
    given = await given_password(resources, received.password)
    response = await accept(resources, Acceptance(scope, received, add, given), not_repeated)
    await nudge(resources.redis, f"file:{file_id}")
    return response


@dataclass(slots=True)
class Acceptance:
    """One transaction that turns received bytes into a file; `kept_key` is where the workspace has them."""

    scope: Scope
    received: Received
    write_rows: Callable[[Conn], Awaitable[FileVersion]]
    password: GivenPassword | None = None
    kept_key: str = ""

    async def work(self, conn: Conn) -> Answered:
        stored = self.received.stored
        kept = await fetch_one(
            conn,
            _keep_blob,
            workspace_id=self.scope.workspace_id,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            key=self.received.key,
        )
        made = await self.write_rows(conn)
        answer = await accepted(conn, self.scope, made)
        if self.password is not None and not answer.unchanged:
            await self.password.keep(conn, self.scope.workspace_id, version_id=made.version_id)
        self.kept_key = kept.key
        return Answered(202, answer.model_dump_json())


async def create_file(conn: Conn, scope: Scope, received: Received) -> FileVersion:
    """Make bytes that the workspace has a file of the caller's, new unless it lies there already.

    Whoever sends the same bytes at the same time waits for us: the blob's row is locked.
    """
    place = {"folder": received.name.folder, "name": received.name.name}
    same = await fetch_opt(
        conn, _find_same_file, **scope.ids, **place, sha256=received.stored.sha256
    )
    if same is not None:
        return same
    made = FileVersion(new_id(), new_id())
    named = {**scope.ids, **made.columns, **received.columns, **place}
    await execute(conn, _create_file, **named)
    return made


async def take_turn(conn: Conn, file_id: UUID) -> None:
    """Wait for who is making a version of the file now."""
    await fetch_one(conn, _take_turn_at_file, file_id=file_id)


async def add_version(
    conn: Conn, scope: Scope, current: File, columns: Mapping[str, object]
) -> FileVersion:
    """Make bytes that the workspace has the file's newest version; the current one is read no further."""
    await supersede(conn, scope.workspace_id, version_id=current.version_id)
    made = FileVersion(current.id, new_id())
    await execute(conn, _add_version, **scope.ids, **made.columns, **columns)
    return made


async def accepted(conn: Conn, scope: Scope, made: FileVersion) -> UploadAnswer:
    """Have a new version read, and one whose reading failed again; return the file as it now is, with the job."""
    row = await find_file(conn, scope, made.file_id)
    if not made.is_new and row.state in _GIVEN_UP:
        again = await retry_ingest(conn, scope, version_id=made.version_id)
        row = await find_file(conn, scope, made.file_id)
        return UploadAnswer(file=file_answer(row), job=JobReference(id=again) if again else None)
    if not made.is_new:
        known = {"workspace_id": scope.workspace_id, "version_id": made.version_id}
        job = await fetch_opt(conn, _find_last_job, **known)
        reference = None if job is None else JobReference(id=job.id)
        return UploadAnswer(file=file_answer(row), job=reference, unchanged=True)
    job_id = await enqueue_ingest(
        conn, scope, version_id=made.version_id, sha256=row.sha256, size_bytes=row.size_bytes
    )
    return UploadAnswer(file=file_answer(row), job=JobReference(id=job_id))


async def accept(resources: Resources, acceptance: Acceptance, same: OneRequest) -> Response:
    """Commit the rows and ring; bytes that no row names after a refusal, or twice, go at once."""
    key = acceptance.received.key
    try:
        answered = await once(resources.app, same, work=acceptance.work)
    except CallerError:
        await resources.blobs.delete(key)
        raise
    # Any other error may have come after the commit: then the worker removes what has no row, a day later.
    if acceptance.kept_key != key:
        await resources.blobs.delete(key)
    if answered.fresh:
        await ring(resources.redis, "ingest_file")
    return answered.response()


async def _receive(
    request: Request,
    resources: Resources,
    scope: Scope,
    *,
    raw_name: FileName | None,
    password: str | None,
) -> Received:
    """Store the body; whatever goes wrong, nothing is kept."""
    limit_bytes = resources.settings.max_upload_bytes
    _refuse_declared_size(request, limit_bytes)
    key = new_key(scope.workspace_id)
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        if raw_name is None:
            raise InvalidInput.of(
                "X-Filename", "is needed with a raw body; or send multipart/form-data"
            )
        secret = password_of(password, None)
        stored = await resources.blobs.put(key, _body(request), limit_bytes=limit_bytes)
        return Received(raw_name, key, stored, secret)
    form = MultipartFile(content_type, _body(request))
    stored = await resources.blobs.put(key, form.file(), limit_bytes=limit_bytes)
    try:
        name = file_name(form.filename or "", folder=form.fields.get("folder", ""))
        secret = password_of(password, form.fields.get("password"))
    except InvalidInput:
        await resources.blobs.delete(key)
        raise
    return Received(name, key, stored, secret)


async def _body(request: Request) -> AsyncGenerator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise InvalidInput.of("body", "was cut off; nothing was kept") from None


def _refuse_declared_size(request: Request, limit_bytes: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes + MULTIPART_OVERHEAD_BYTES:
        raise TooLarge(f"The file is larger than {limit_bytes:,} bytes, the limit of this server.")


def _raw_name(filename: str | None, folder: str | None) -> FileName | None:
    if filename is None:
        return None
    return file_name(_decoded("X-Filename", filename), folder=_decoded("X-Folder", folder or ""))


def _decoded(header: str, value: str) -> str:
    """Return a header's text: percent-encoded UTF-8, or UTF-8 as it is."""
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise InvalidInput.of(header, "is not UTF-8") from None


def _hash(request: Request, received: Received) -> bytes:
    named = f"{request.method} {request.url.path}\0{received.name.folder}\0{received.name.name}\0"
    return hashlib.sha256(named.encode() + received.stored.sha256).digest()
