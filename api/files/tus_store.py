"""What an upload is between two requests: a row, staged bytes, and one writer at a time.

The row's offset moves only when the bytes before it are durable, and only for the writer whose turn it is: a turn is a lease
in the row, renewed while the request lives. A part with a checksum counts whole or not at all; of any other part what
arrived is kept. A whole upload becomes a file as POST /upload makes one. Uploads that are put straight into the store
(direct_uploads.py) are rows of this kind too.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Never
from uuid import UUID

from fastapi import Response
from pydantic import SecretStr

from api.files.passwords import given_password
from api.files.tus_body import PartBody
from api.files.uploads import Acceptance, FileVersion, Received, accept, create_file
from api.idempotency import OneRequest
from app.resources import Resources
from core.blobs import Stored
from core.errors import Conflict, Locked, NotFound, PermanentFailure, Unavailable
from core.ids import new_id
from core.names import FileName
from core.scope import Scope
from core.staging import Staged
from core.tasks import end
from ingest.quota import check_quota
from sql import execute, fetch_one, fetch_opt, read, write
from sql.pool import Conn

LEASE_S: Final = 15.0  # after a crash of the API an upload can go on this much later
RENEW_S: Final = 5.0
SETTLE_S: Final = 1.0
LOOK_S: Final = 0.05
MOST_OPEN: Final = 1000  # uploads of one account that are under way
Door = Literal["tus", "direct"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A row; `file_id` is there once it is complete."""

    id: UUID
    name: str
    folder: str
    metadata: str
    length_bytes: int
    offset_bytes: int
    parts: list[str]
    sha256: bytes | None  # of one that is put straight into the store
    expires_at: datetime
    file_id: UUID | None
    is_locked: bool  # while a request writes to it

    @property
    def is_whole(self) -> bool:
        return self.offset_bytes == self.length_bytes

    def staged_in(self, scope: Scope) -> Staged:
        """Return the upload as the staging knows it."""
        parts = tuple(self.parts)
        return Staged(scope.workspace_id, self.id, self.length_bytes, self.offset_bytes, parts)


@dataclass(frozen=True, slots=True)
class MadeFile:
    """The file that an upload became, and the answer that says so."""

    file_id: UUID
    response: Response


@dataclass(frozen=True, slots=True)
class Removed:
    workspace_id: UUID
    id: UUID
    parts: list[str]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Count:
    uploads: int


_create_upload = write("upload.sql", "create_upload", Upload)
_find_upload = read("upload.sql", "find_upload", Upload)
_lock_upload = write("upload.sql", "lock_upload", Upload)
_renew_lock = write("upload.sql", "renew_lock")
_unlock_upload = write("upload.sql", "unlock_upload")
_advance_upload = write("upload.sql", "advance_upload")
_complete_upload = write("upload.sql", "complete_upload")
_remove_upload = write("upload.sql", "remove_upload", Removed)
_count_open_uploads = read("upload.sql", "count_open_uploads", _Count)


@dataclass(frozen=True, slots=True)
class NewUpload:
    """`sha256` and `part`, the key to put to, are of an upload straight into the store."""

    name: FileName
    length_bytes: int
    metadata: str = ""
    sha256: bytes | None = None
    part: str | None = None


async def create_upload(resources: Resources, scope: Scope, new: NewUpload) -> Upload:
    """Begin an upload, and reserve room for all of it."""
    async with resources.app.write_tx(scope) as conn:
        if (await fetch_one(conn, _count_open_uploads, **scope.ids)).uploads >= MOST_OPEN:
            raise Conflict(f"You have {MOST_OPEN} uploads under way: end some of them first.")
        made = await fetch_one(
            conn,
            _create_upload,
            **scope.ids,
            upload_id=new_id(),
            name=new.name.name,
            folder=new.name.folder,
            metadata=new.metadata,
            length_bytes=new.length_bytes,
            sha256=new.sha256,
            parts=[new.part] if new.part else [],
        )
        await check_quota(conn, scope, quota_bytes=resources.settings.workspace_quota_bytes)
        return made


async def find_upload(
    resources: Resources, scope: Scope, upload_id: UUID, *, door: Door = "tus"
) -> Upload:
    """Return the caller's own upload; NotFound for another's, and for one that is over or came by another door."""
    named = {**scope.ids, "upload_id": upload_id, "is_direct": door == "direct"}
    async with resources.app.read_tx(scope) as conn:
        found = await fetch_opt(conn, _find_upload, **named)
    if found is None:
        raise NotFound("No such upload; it may have expired.")
    return found


async def settled_upload(resources: Resources, scope: Scope, upload_id: UUID) -> Upload:
    """Return an upload when nobody writes to it any more, or after SETTLE_S as it is.

    Who was cut asks at once, while the request that was cut still counts what arrived.
    """
    for _ in range(round(SETTLE_S / LOOK_S)):
        found = await find_upload(resources, scope, upload_id)
        if not found.is_locked:
            return found
        await asyncio.sleep(LOOK_S)
    return await find_upload(resources, scope, upload_id)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write to one upload."""

    resources: Resources
    scope: Scope
    lock_id: UUID
    upload: Upload

    @property
    def _named(self) -> dict[str, object]:
        return {
            "workspace_id": self.scope.workspace_id,
            "upload_id": self.upload.id,
            "lock_id": self.lock_id,
        }

    async def append(self, body: PartBody) -> "Turn":
        """Keep what arrives; return the turn with the upload as it is then."""
        now, offset, unrecorded = self, self.upload.offset_bytes, list[str]()
        staged = self.upload.staged_in(self.scope)
        try:
            async with aclosing(self.resources.staging.append(staged, body.chunks())) as kept:
                async for one in kept:
                    offset, unrecorded = one.offset, [*unrecorded, *filter(None, [one.part])]
                    if not body.is_checked:
                        now, unrecorded = await now.advanced(offset, unrecorded), []
            if body.is_checked:
                now, unrecorded = await now.advanced(offset, unrecorded), []
        finally:
            for part in unrecorded:
                await self.resources.blobs.delete(part)
        return now

    async def complete(self, password: SecretStr | None = None) -> UUID:
        """Make the whole upload a file, which the password opens; return the file's id."""
        staged = self.upload.staged_in(self.scope)
        made = await self.become_file(await self.resources.staging.finish(staged), password)
        return made.file_id

    async def become_file(self, stored: Stored, password: SecretStr | None = None) -> MadeFile:
        """Make what is stored under the upload's key a file, and have it read."""
        resources, staged = self.resources, self.upload.staged_in(self.scope)
        received = Received(FileName(self.upload.folder, self.upload.name), staged.key, stored)
        made_ids: list[UUID] = []

        async def create(conn: Conn) -> FileVersion:
            made = await create_file(conn, self.scope, received)
            if not await execute(conn, _complete_upload, **self._named, file_id=made.file_id):
                raise NotFound("The upload was ended meanwhile.")
            made_ids.append(made.file_id)
            return made

        given = await given_password(resources, password)
        acceptance = Acceptance(self.scope, received, create, given)
        response = await accept(resources, acceptance, OneRequest(self.scope, None, b""))
        await resources.staging.discard(staged)
        return MadeFile(made_ids[-1], response)

    async def keep(self) -> None:
        """Renew the lease for as long as we run."""
        while True:
            await asyncio.sleep(RENEW_S)
            with suppress(Unavailable):
                async with self.resources.app.write_tx(self.scope) as conn:
                    await execute(conn, _renew_lock, **self._named, lease_s=LEASE_S)

    async def leave(self) -> None:
        """Let the next one write; where the database is away the lease runs out."""
        with suppress(Unavailable):
            async with self.resources.app.write_tx(self.scope) as conn:
                await execute(conn, _unlock_upload, **self._named)

    async def advanced(self, offset: int, parts: list[str]) -> "Turn":
        named = {**self._named, "offset_bytes": offset, "parts": parts}
        async with self.resources.app.write_tx(self.scope) as conn:
            is_there = await execute(conn, _advance_upload, **named)
        if not is_there:
            await self._give_up()
        known = [*self.upload.parts, *parts]
        return replace(self, upload=replace(self.upload, offset_bytes=offset, parts=known))

    async def _give_up(self) -> Never:
        """Say why we may not go on; only of an upload that was ended the bytes are ours to remove."""
        try:
            await find_upload(self.resources, self.scope, self.upload.id)
        except NotFound:
            await self.resources.staging.discard(self.upload.staged_in(self.scope))
            raise
        raise Locked("This request took too long: another one writes to this upload.")


@asynccontextmanager
async def turn_of(
    resources: Resources, scope: Scope, upload_id: UUID, *, door: Door = "tus"
) -> AsyncGenerator[Turn]:
    """Take the turn to write; Locked while another request has it, Conflict when the upload is complete."""
    lock_id = new_id()
    async with resources.app.write_tx(scope) as conn:
        named = {**scope.ids, "upload_id": upload_id, "is_direct": door == "direct"}
        locked = await fetch_opt(conn, _lock_upload, **named, lock_id=lock_id, lease_s=LEASE_S)
    if locked is None:
        found = await find_upload(resources, scope, upload_id, door=door)
        if found.file_id is not None:
            raise Conflict("The upload is complete.")
        raise Locked("Another request writes to this upload.")
    turn = Turn(resources, scope, lock_id, locked)
    keeping = asyncio.create_task(turn.keep())
    try:
        yield turn
    except (PermanentFailure, Unavailable):
        # Who ended the upload meanwhile took its bytes away: then it is gone, not broken.
        await find_upload(resources, scope, upload_id, door=door)
        raise
    finally:
        await end([keeping])
        await turn.leave()


async def remove_upload(
    resources: Resources, scope: Scope, upload_id: UUID, *, door: Door = "tus"
) -> None:
    """End an upload and forget its bytes; a request that still writes finds it gone. A complete one leaves its file alone."""
    named = {**scope.ids, "upload_id": upload_id, "is_direct": door == "direct"}
    async with resources.app.write_tx(scope) as conn:
        removed = await fetch_opt(conn, _remove_upload, **named)
    if removed is None:
        raise NotFound("No such upload; it may have expired.")
    parts = tuple(removed.parts)
    await resources.staging.discard(Staged(removed.workspace_id, removed.id, 0, 0, parts))
