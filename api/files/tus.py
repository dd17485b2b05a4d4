"""Resumable uploads by tus 1.0 (docs/uploads.md): core, creation, creation-with-upload, checksum, termination, expiration.

The last part makes the file; its id comes in `X-File-Id`, from then on by HEAD too. The password that opens the file comes with
the request that makes it, so that none is kept before. What makes an upload whole may fail after
its last byte is kept (no database): then HEAD, or an empty PATCH, goes on from there.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from api.deps import PathId, ResourcesDep, ScopeDep
from api.errors import error_response, request_id_of
from api.files.passwords import PasswordHeader, password_of
from api.files.tus_body import PartBody, refuse_too_long
from api.files.tus_headers import (
    ALGORITHMS,
    EXTENSIONS,
    PART_TYPE,
    VERSION,
    checksum_of,
    count_of,
    metadata_of,
    name_of,
)
from api.files.tus_store import (
    NewUpload,
    Turn,
    Upload,
    create_upload,
    find_upload,
    remove_upload,
    settled_upload,
    turn_of,
)
from core.errors import CallerError, Conflict, InvalidInput, Stale, TooLarge, Unavailable


class TusRoute(APIRoute):
    """Every answer names the protocol's version, a refusal too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_tus(request: Request) -> Response:
            try:
                response = await handle(request)
            except (CallerError, Unavailable) as error:
                response = error_response(error, request_id=request_id_of(request))
                if isinstance(error, Stale):
                    response.headers["Tus-Version"] = VERSION
            except HTTPException as error:
                error.headers = {**(error.headers or {}), "Tus-Resumable": VERSION}
                raise
            response.headers["Tus-Resumable"] = VERSION
            return response

        return handle_tus


router = APIRouter(prefix="/uploads", tags=["Files"], route_class=TusRoute)
_BODY: dict[str, object] = {
    "requestBody": {"content": {PART_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
VersionHeader = Annotated[
    str | None, Header(alias="Tus-Resumable", description=f"{VERSION}: the version of tus")
]
OffsetHeader = Annotated[
    str | None, Header(alias="Upload-Offset", description="Where this part begins")
]
LengthHeader = Annotated[
    str | None, Header(alias="Upload-Length", description="Bytes of the whole file")
]
MetadataHeader = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        description="`filename` and perhaps `folder`: pairs of a key and Base64, with commas between",
    ),
]
ChecksumHeader = Annotated[
    str | None,
    Header(alias="Upload-Checksum", description="`sha1` or `sha256`, and the part's in Base64"),
]


@router.options("", status_code=204, summary="What of tus is spoken here")
async def describe_tus(resources: ResourcesDep) -> Response:
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(resources.settings.max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    status_code=201,
    summary="Begin a resumable upload (tus 1.0)",
    response_class=Response,
    openapi_extra=_BODY,
)
async def begin_upload(
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    tus_resumable: VersionHeader = None,
    upload_length: LengthHeader = None,
    upload_metadata: MetadataHeader = "",
    upload_checksum: ChecksumHeader = None,
    file_password: PasswordHeader = None,
) -> Response:
    _check_version(tus_resumable)
    password = password_of(file_password, None)
    length_bytes = count_of("Upload-Length", upload_length)
    if length_bytes > (most := resources.settings.max_upload_bytes):
        raise TooLarge(f"The file is larger than {most:,} bytes, the limit of this server.")
    name = name_of(metadata_of(upload_metadata))
    body = _part_of(request, room=length_bytes, checksum=upload_checksum)
    upload = await create_upload(resources, scope, NewUpload(name, length_bytes, upload_metadata))
    if not _holds_part(request) and length_bytes:
        return _answer(201, upload)
    async with turn_of(resources, scope, upload.id) as turn:
        return _answer(201, await _append(turn, body, password))


@router.head("/{upload_id}", summary="How much of an upload has arrived", response_class=Response)
async def measure_upload(
    upload_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    tus_resumable: VersionHeader = None,
    file_password: PasswordHeader = None,
) -> Response:
    _check_version(tus_resumable)
    password = password_of(file_password, None)
    upload = await settled_upload(resources, scope, upload_id)
    if upload.is_whole and upload.file_id is None:
        async with turn_of(resources, scope, upload.id) as turn:  # Locked while another does it
            upload = await _made(turn, password)
    return _answer(200, upload)


@router.patch(
    "/{upload_id}",
    status_code=204,
    summary="Send a part of an upload, the last one makes the file",
    response_class=Response,
    openapi_extra=_BODY,
)
async def append_part(
    upload_id: PathId,
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    tus_resumable: VersionHeader = None,
    upload_offset: OffsetHeader = None,
    upload_checksum: ChecksumHeader = None,
    file_password: PasswordHeader = None,
) -> Response:
    _check_version(tus_resumable)
    password = password_of(file_password, None)
    if not _holds_part(request):
        raise HTTPException(415, f"A part is sent as {PART_TYPE}.")
    offset = count_of("Upload-Offset", upload_offset)
    upload = await find_upload(resources, scope, upload_id)
    if upload.file_id is not None:  # sent twice: the answer to the first one was lost
        _check_offset(upload, offset)
        refuse_too_long(_declared(request), room=0)
        return _answer(204, upload)
    async with turn_of(resources, scope, upload_id) as turn:
        _check_offset(turn.upload, offset)
        room = turn.upload.length_bytes - offset
        body = _part_of(request, room=room, checksum=upload_checksum)
        return _answer(204, await _append(turn, body, password))


@router.delete("/{upload_id}", status_code=204, summary="End an upload that is not wanted any more")
async def end_upload(
    upload_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    tus_resumable: VersionHeader = None,
) -> Response:
    _check_version(tus_resumable)
    await remove_upload(resources, scope, upload_id)
    return Response(status_code=204)


async def _append(turn: Turn, body: PartBody, password: SecretStr | None) -> Upload:
    """Keep a part, and make the file with the last one."""
    turn = await turn.append(body)
    if body.is_cut:
        raise InvalidInput.of("body", "was cut off; HEAD tells how much of it is kept")
    return await _made(turn, password) if turn.upload.is_whole else turn.upload


async def _made(turn: Turn, password: SecretStr | None) -> Upload:
    return replace(turn.upload, file_id=await turn.complete(password))


def _part_of(request: Request, *, room: int, checksum: str | None) -> PartBody:
    declared = _declared(request)
    refuse_too_long(declared, room=room)
    return PartBody(request.stream(), room=room, declared=declared, checksum=checksum_of(checksum))


def _declared(request: Request) -> int | None:
    length = request.headers.get("content-length")
    return None if length is None else count_of("Content-Length", length)


def _holds_part(request: Request) -> bool:
    return request.headers.get("content-type", "").strip().lower() == PART_TYPE


def _check_version(version: str | None) -> None:
    if version != VERSION:
        raise Stale(f"The header Tus-Resumable must be {VERSION}.")


def _check_offset(upload: Upload, offset: int) -> None:
    if offset != upload.offset_bytes:
        raise Conflict(f"The upload goes on at byte {upload.offset_bytes}, not {offset}.")


def _answer(status: int, upload: Upload) -> Response:
    headers = {
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if status == 200:
        headers |= {"Upload-Length": str(upload.length_bytes), "Upload-Metadata": upload.metadata}
    if status == 201:
        headers["Location"] = f"/api/v1/uploads/{upload.id}"
    if upload.file_id is not None:
        headers["X-File-Id"] = str(upload.file_id)
    return Response(status_code=status, headers=headers)
