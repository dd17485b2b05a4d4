"""Call a person's webhook with how the reading of a file ended: which file, which version, and why where it is not whole.

What is told was written with the end of the file's job (queue.py, enqueue_file_calls). Whether the person may still see the
file is asked when the call is sent. Signing, trying again and giving up are webhooks.py.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from core.scope import Role, Scope
from search.answer import Links
from sql import execute, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Conn, Pool
from workers.webhooks import NOBODY, Calling, Failed, Notes, Outgoing, deliver, end_untold


@dataclass(frozen=True, slots=True)
class _Call:
    file_id: UUID
    version: int
    kind: str
    reason_code: str
    reason: str
    remedy: str
    created_at: datetime
    webhook_id: UUID
    url: str
    account_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class _Version:
    name: str
    folder: str
    media_type: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class _Reason:
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _File:
    id: UUID
    version: int
    name: str
    folder: str
    media_type: str
    size_bytes: int
    sha256: str
    links: Links


@dataclass(frozen=True, slots=True)
class _Body:
    """What the receiver gets, as JSON; there is a reason where the file is not wholly searchable."""

    type: str
    id: UUID
    created_at: datetime
    workspace_id: UUID
    file: _File
    reason: _Reason | None


FIND_FILE_CALL = read("webhook.sql", "find_file_call", _Call)
FIND_TOLD_VERSION = read("webhook.sql", "find_told_version", _Version)
NOTE_FILE_CALL_DONE = write("webhook.sql", "note_file_call_done")
NOTE_FILE_CALL_FAILED = write("webhook.sql", "note_file_call_failed", Failed)
REMOVE_OLD_FILE_EVENTS = write("webhook.sql", "remove_old_file_events")


async def remove_old_events(pool: Pool) -> int:
    """Remove what was told a month ago; return how many events."""
    async with pool.write_tx() as conn:
        return await execute(conn, REMOVE_OLD_FILE_EVENTS)


async def call_file_webhook(calling: Calling, fence: Fence, *, event_id: UUID) -> None:
    """Tell a webhook of an event, and end the job; raise ProviderAway when it has to be told later."""
    async with fence.tx() as conn:
        call = await fetch_opt(conn, FIND_FILE_CALL, workspace_id=fence.workspace_id, id=event_id)
    if call is None:
        await end_untold(fence, NOBODY)
        return
    scope = Scope(call.account_id, fence.workspace_id, call.role)
    async with calling.app.read_tx(scope) as conn:
        version = await fetch_opt(
            conn, FIND_TOLD_VERSION, **scope.ids, file_id=call.file_id, version=call.version
        )
    if version is None:
        await end_untold(fence, "the file may not be seen any more")
        return
    named = {"workspace_id": fence.workspace_id, "id": call.webhook_id}
    notes = Notes(NOTE_FILE_CALL_DONE, NOTE_FILE_CALL_FAILED, named)
    body = _body(fence.workspace_id, event_id, call, version)
    outgoing = Outgoing(event_id, call.webhook_id, call.url, body, notes)
    await deliver(calling, fence, outgoing, when_disabled=_say_nothing)


async def _say_nothing(conn: Conn) -> None:
    """Leave it to the list of webhooks, which says that this one is disabled, and why."""
    del conn


def _body(workspace_id: UUID, event_id: UUID, call: _Call, version: _Version) -> bytes:
    links = Links(self=f"/api/v1/files/{call.file_id}", open=f"/#/file/{call.file_id}")
    file = _File(
        id=call.file_id,
        version=call.version,
        name=version.name,
        folder=version.folder,
        media_type=version.media_type,
        size_bytes=version.size_bytes,
        sha256=version.sha256.hex(),
        links=links,
    )
    reason = _Reason(call.reason_code, call.reason, call.remedy) if call.reason_code else None
    told = _Body(call.kind, event_id, call.created_at, workspace_id, file, reason)
    return orjson.dumps(told, default=str, option=orjson.OPT_UTC_Z)
