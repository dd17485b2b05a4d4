"""Accept work: the only module of `workers` that the API may import.

`enqueue_*` write the job's row in the caller's transaction, so work and its reason are committed together or not at all;
the same work twice is one row. `ring` wakes a worker after the commit. A bell that is not heard costs seconds, never work.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast
from uuid import UUID

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from core.ids import new_id
from core.scope import Role, Scope
from ingest.build import PIPELINE_VERSION
from ingest.ending import CANCEL_FILE, CANCEL_JOB
from ingest.source import Step
from sql import Nothing, Write, execute, fetch, fetch_one, fetch_opt, read, write
from sql.fence import JobId
from sql.pool import Conn

log: structlog.stdlib.BoundLogger = structlog.get_logger()

JobKind = Literal[
    "build_generation",
    "ingest_file",
    "embed_message",
    "reply",
    "call_webhook",
    "call_file_webhook",
    "send_notice",
    "send_digest",
    "title",
]
BELL_QUEUE: Final = "recollect:bells"
BELL: Final = "hear_bell"  # arq's name of the one function that doorbells call

# How far a job pushes the next one of its person back, in seconds of a slow machine: too much costs nothing while one
# works alone, too little makes the others wait.
_INGEST_COST_S = 5.0
_INGEST_BYTES_PER_S = 40_000
_MESSAGE_COST_S = 0.5
_REPLY_COST_S = 20.0
_TITLE_COST_S = 5.0
_CALL_COST_S = 1.0
_BUILD_COST_S = 300.0
_WEEK_S = 7 * 86_400.0
_CLOSE_AFTER_S: dict[JobKind, float] = {
    "build_generation": _WEEK_S,
    "ingest_file": _WEEK_S,
    "embed_message": _WEEK_S,
    "reply": 3600.0,
    "call_webhook": 2 * 86_400.0,  # a webhook that fails for a day is disabled
    "call_file_webhook": 2 * 86_400.0,
    "send_notice": 86_400.0,  # who was asleep or away for longer reads it in the list
    "send_digest": 86_400.0 / 2,
    "title": 3600.0,
}


@dataclass(frozen=True, slots=True)
class _Work:
    kind: JobKind
    subject_id: UUID
    content_hash: bytes  # with kind and subject: what makes it the same work
    cost_s: float


@dataclass(frozen=True, slots=True)
class _Hearer:
    """A webhook that is to be told, and whose it is."""

    webhook_id: UUID
    account_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class _Turn:
    turn: int


TAKE_TURN_OF_GENERATION = write("generation.sql", "take_turn_of_generation", _Turn)
ENQUEUE_JOB = write("job.sql", "enqueue_job", JobId)
REQUEUE_JOB = write("job.sql", "requeue_job", JobId)
ENQUEUE_AGAIN = write("job.sql", "enqueue_again", JobId)
KEEP_JOB = write("job.sql", "keep_job")
HOLD_READING = write("job.sql", "hold_reading", JobId)
QUEUE_FILE = write("ingest.sql", "queue_file")
LIST_HEARERS = read("webhook.sql", "list_hearers", _Hearer)
ADD_FILE_EVENT = write("webhook.sql", "add_file_event")


async def enqueue_ingest(
    conn: Conn, scope: Scope, *, version_id: UUID, sha256: bytes, size_bytes: int
) -> UUID:
    """Have a file version read, embedded and indexed; return the job's id."""
    cost_s = _INGEST_COST_S + size_bytes / _INGEST_BYTES_PER_S
    return await _enqueue(conn, scope, _Work("ingest_file", version_id, sha256, cost_s))


async def enqueue_embed_message(
    conn: Conn, scope: Scope, *, message_id: UUID, revision: int
) -> UUID:
    """Have a message's passages embedded; `revision` makes each edit a job of its own."""
    work = _Work("embed_message", message_id, revision.to_bytes(4), _MESSAGE_COST_S)
    return await _enqueue(conn, scope, work)


async def enqueue_reply(conn: Conn, scope: Scope, *, run_id: UUID) -> UUID:
    """Have a run's reply written."""
    return await _enqueue(conn, scope, _Work("reply", run_id, b"", _REPLY_COST_S))


async def enqueue_title(conn: Conn, scope: Scope, *, conversation_id: UUID) -> UUID:
    """Have a conversation named; asked again, it is the same job."""
    return await _enqueue(conn, scope, _Work("title", conversation_id, b"", _TITLE_COST_S))


async def enqueue_call(conn: Conn, scope: Scope, *, notification_id: UUID) -> UUID:
    """Have the webhook of a saved search told of a notification."""
    return await _enqueue(conn, scope, _Work("call_webhook", notification_id, b"", _CALL_COST_S))


async def enqueue_file_calls(conn: Conn, workspace_id: UUID, *, file_id: UUID) -> None:
    """Have the webhooks told of how a file's reading has ended, in the transaction that ends it."""
    named = {"workspace_id": workspace_id, "file_id": file_id}
    for hearer in await fetch(conn, LIST_HEARERS, **named):
        event_id, scope = new_id(), Scope(hearer.account_id, workspace_id, hearer.role)
        await execute(conn, ADD_FILE_EVENT, **named, id=event_id, webhook_id=hearer.webhook_id)
        await _enqueue(conn, scope, _Work("call_file_webhook", event_id, b"", _CALL_COST_S))


async def enqueue_notice(conn: Conn, scope: Scope, *, notification_id: UUID) -> UUID:
    """Have a notice sent to its person, who is the scope's."""
    return await _enqueue(conn, scope, _Work("send_notice", notification_id, b"", _CALL_COST_S))


async def enqueue_digest(conn: Conn, scope: Scope, *, since: datetime) -> UUID:
    """Have the scope's person sent the day's notices; `since` makes each day's a job of its own."""
    day = since.isoformat().encode()
    return await _enqueue(conn, scope, _Work("send_digest", scope.account_id, day, _CALL_COST_S))


async def enqueue_build(conn: Conn, scope: Scope, *, generation_id: UUID) -> UUID | None:
    """Have a generation's next turn taken; None when a waiting job will look at it anyway."""
    taken = await fetch_opt(
        conn, TAKE_TURN_OF_GENERATION, workspace_id=scope.workspace_id, id=generation_id
    )
    if taken is None:
        return None
    turn = taken.turn.to_bytes(4)
    work = _Work("build_generation", generation_id, turn, _BUILD_COST_S)
    return await _enqueue(conn, scope, work)


async def retry_ingest(
    conn: Conn,
    scope: Scope,
    *,
    version_id: UUID,
    first_step: Step = "extract",
    in_line: bool = False,
) -> UUID | None:
    """Begin a file version's finished job anew, as after a failure; None while it waits or runs, and then is not cancelled.

    `in_line`: behind the person's other files, as one of many. The caller has checked that the file may be written.
    """
    named: dict[str, object] = {
        "workspace_id": scope.workspace_id,
        "pipeline_version": PIPELINE_VERSION,
        "first_step": first_step,
        "cost_s": _INGEST_COST_S if in_line else None,
        "close_after_s": _CLOSE_AFTER_S["ingest_file"],
    }
    job = await fetch_opt(conn, REQUEUE_JOB, kind="ingest_file", subject_id=version_id, **named)
    if job is None:  # rows of finished jobs are removed after a month
        job = await fetch_opt(
            conn,
            ENQUEUE_AGAIN,
            id=new_id(),
            version_id=version_id,
            account_id=scope.account_id,
            **named,
        )
    if job is None:
        await execute(conn, KEEP_JOB, workspace_id=scope.workspace_id, subject_id=version_id)
        return None
    await _touch_file(conn, QUEUE_FILE, scope, version_id)
    return job.id


async def requeue(conn: Conn, scope: Scope, kind: JobKind, subject_id: UUID) -> bool:
    """Begin an ended job anew in its turn; False while it waits or runs, and for kinds that are asked for elsewhere.

    A reply is regenerated, a generation resumed, a webhook called with the next notification.
    """
    if kind == "ingest_file":
        return await retry_ingest(conn, scope, version_id=subject_id, in_line=True) is not None
    if kind != "embed_message":
        return False
    job = await fetch_opt(
        conn,
        REQUEUE_JOB,
        workspace_id=scope.workspace_id,
        kind=kind,
        subject_id=subject_id,
        pipeline_version=PIPELINE_VERSION,
        first_step="extract",
        cost_s=_MESSAGE_COST_S,
        close_after_s=_CLOSE_AFTER_S[kind],
    )
    return job is not None


async def hold_reading(conn: Conn, scope: Scope, *, version_id: UUID) -> None:
    """Wait for what a worker is writing of a file version, and have it wait; before any item or file is held."""
    await fetch(conn, HOLD_READING, workspace_id=scope.workspace_id, subject_id=version_id)


async def cancel_ingest(conn: Conn, scope: Scope, *, version_id: UUID) -> bool:
    """Stop reading a file version; False when nothing was under way. A running worker stops at its next renewal.

    The caller has checked that the file may be written.
    """
    job = await fetch_opt(
        conn, CANCEL_JOB, workspace_id=scope.workspace_id, kind="ingest_file", subject_id=version_id
    )
    if job is not None and job.state == "cancelled":
        await _touch_file(conn, CANCEL_FILE, scope, version_id)
    return job is not None


async def ring(redis: Redis, kind: JobKind) -> None:
    """Wake a worker, after COMMIT. Failure is no error: workers look every few seconds by themselves."""
    pool = cast("ConnectionPool", redis.connection_pool)
    bells = ArqRedis(pool, job_serializer=pack_bell, default_queue_name=BELL_QUEUE)
    try:
        await bells.enqueue_job(BELL, kind)
    except (RedisError, OSError) as error:
        log.warning("could not ring", kind=kind, error=str(error))


def pack_bell(bell: dict[str, object]) -> bytes:
    """Write arq's message as JSON: its default, pickle, turns write access to Redis into execution of code."""
    return json.dumps(bell).encode()


def unpack_bell(data: bytes) -> dict[str, object]:
    """Read arq's message."""
    return json.loads(data)


async def _enqueue(conn: Conn, scope: Scope, work: _Work) -> UUID:
    job = await fetch_one(
        conn,
        ENQUEUE_JOB,
        workspace_id=scope.workspace_id,
        id=new_id(),
        kind=work.kind,
        subject_id=work.subject_id,
        content_hash=work.content_hash,
        pipeline_version=PIPELINE_VERSION,
        account_id=scope.account_id,
        cost_s=work.cost_s,
        close_after_s=_CLOSE_AFTER_S[work.kind],
    )
    return job.id


async def _touch_file(conn: Conn, change: Write[Nothing], scope: Scope, version_id: UUID) -> None:
    await execute(conn, change, workspace_id=scope.workspace_id, version_id=version_id)
