"""Uploads that go straight into the S3 store: we say where to put the bytes, and take them as a file when they are there.

Only where the store is one and S3_DIRECT_ENDPOINT says how clients reach it. The address is good for exactly the bytes that
were announced, by length and SHA-256. What was put is copied to a key that no address was ever given for, and read through
before its file is made, so nothing is believed of the client. Room is reserved at the beginning, as for tus.
"""

import hashlib
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from api.deps import PathId, ResourcesDep, ScopeDep
from api.files.answers import file_answer, find_file
from api.files.passwords import PasswordHeader, password_of
from api.files.tus_store import (
    NewUpload,
    Turn,
    Upload,
    create_upload,
    find_upload,
    remove_upload,
    turn_of,
)
from api.files.uploads import UploadAnswer
from api.wire import Answer, Body, Text
from app.resources import Resources
from core.blobs import BlobStore, DirectDoor, Stored, new_key
from core.errors import Conflict, TooLarge
from core.names import file_name
from core.scope import Scope

router = APIRouter(prefix="/direct-uploads", tags=["Files"])

VALID_S: Final = 3600  # of an address: to begin with the PUT, which may take longer
MOST_BYTES: Final = 5 * 2**30  # of one PUT and one copy in S3
_NO_DOOR: Final = (
    "Files cannot be sent straight to a store here (S3_ENDPOINT and S3_DIRECT_ENDPOINT are not both set): "
    "send them to POST /api/v1/uploads."
)


class DirectUploadBody(Body):
    name: Annotated[Text, Field(min_length=1, max_length=1024, examples=["tides.pdf"])]
    folder: Annotated[Text, Field(max_length=1024)] = ""
    size_bytes: Annotated[int, Field(ge=0, le=MOST_BYTES)]
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$", description="Of the whole file, hex")]


class PutAnswer(Answer):
    """Where the bytes are put by one PUT with these headers; begin before `expires_at`, or ask for another address."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


class DirectUploadAnswer(Answer):
    """`put` is null once the upload is complete; `file_id` is what it became."""

    id: UUID
    put: PutAnswer | None
    file_id: UUID | None
    expires_at: datetime


@router.post("", status_code=201, summary="Begin an upload straight into the S3 store")
async def begin_direct_upload(
    body: DirectUploadBody, scope: ScopeDep, resources: ResourcesDep, response: Response
) -> DirectUploadAnswer:
    door = _door(resources)
    if body.size_bytes > (most := resources.settings.max_upload_bytes):
        raise TooLarge(f"The file is larger than {most:,} bytes, the limit of this server.")
    new = NewUpload(
        file_name(body.name, folder=body.folder),
        body.size_bytes,
        sha256=bytes.fromhex(body.sha256),
        part=new_key(scope.workspace_id),
    )
    upload = await create_upload(resources, scope, new)
    response.headers["Location"] = f"/api/v1/direct-uploads/{upload.id}"
    return await _answer(door, upload)


@router.get("/{direct_upload_id}", summary="An upload into the S3 store, with a fresh address")
async def get_direct_upload(
    direct_upload_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> DirectUploadAnswer:
    upload = await find_upload(resources, scope, direct_upload_id, door="direct")
    return await _answer(_door(resources), upload)


@router.post(
    "/{direct_upload_id}/complete",
    status_code=202,
    summary="Make what was put into the S3 store a file",
    response_model=UploadAnswer,
    responses={200: {"model": UploadAnswer, "description": "It was complete already"}},
)
async def complete_direct_upload(
    direct_upload_id: PathId,
    scope: ScopeDep,
    resources: ResourcesDep,
    response: Response,
    password: PasswordHeader = None,
) -> UploadAnswer | Response:
    secret = password_of(password, None)
    found = await find_upload(resources, scope, direct_upload_id, door="direct")
    if found.file_id is not None:
        response.status_code = 200
        return await _made_before(resources, scope, found.file_id)
    async with turn_of(resources, scope, direct_upload_id, door="direct") as turn:
        stored = await _take(_door(resources), resources.blobs, turn)
        return (await turn.become_file(stored, secret)).response


@router.delete("/{direct_upload_id}", status_code=204, summary="End an upload into the S3 store")
async def end_direct_upload(
    direct_upload_id: PathId, scope: ScopeDep, resources: ResourcesDep
) -> None:
    await remove_upload(resources, scope, direct_upload_id, door="direct")


def _door(resources: Resources) -> DirectDoor:
    door = resources.blobs.direct
    if door is None:
        raise Conflict(_NO_DOOR)
    return door


async def _answer(door: DirectDoor, upload: Upload) -> DirectUploadAnswer:
    put = None
    if upload.file_id is None and upload.sha256 is not None:
        put = PutAnswer.model_validate(
            await door.presign_put(
                upload.parts[0],
                size_bytes=upload.length_bytes,
                sha256=upload.sha256,
                valid_s=VALID_S,
            )
        )
    return DirectUploadAnswer(
        id=upload.id, put=put, file_id=upload.file_id, expires_at=upload.expires_at
    )


async def _made_before(resources: Resources, scope: Scope, file_id: UUID) -> UploadAnswer:
    async with resources.app.read_tx(scope) as conn:
        return UploadAnswer(file=file_answer(await find_file(conn, scope, file_id)), job=None)


async def _take(door: DirectDoor, blobs: BlobStore, turn: Turn) -> Stored:
    """Copy what was put to where it stays, and say what it is; Conflict when it is not what was announced."""
    upload, key = turn.upload, turn.upload.staged_in(turn.scope).key
    (source,) = upload.parts
    put = await blobs.stat(source)
    if put is None:
        raise Conflict("The bytes are not there yet: PUT them to the address first.")
    if put.size_bytes == upload.length_bytes:
        await door.copy(source, key)
        stored = await _measure(blobs, key)
        if stored == Stored(upload.sha256 or b"", upload.length_bytes):
            return stored
        await blobs.delete(key)
    raise Conflict(
        f"What was put ({put.size_bytes:,} bytes) is not what was announced: PUT the file again, or begin anew."
    )


async def _measure(blobs: BlobStore, key: str) -> Stored:
    taken, size_bytes = hashlib.sha256(), 0
    async with aclosing(blobs.open(key)) as stored:
        async for data in stored:
            taken.update(data)
            size_bytes += len(data)
    return Stored(taken.digest(), size_bytes)
