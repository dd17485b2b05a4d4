"""What each kind of job does, and what becomes of its subject when the job ends without its own last word.

Bodies are a few lines: they call the pipeline, which also ends the job. Anything they raise is judged by the retry table.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.events import Event
from ingest import pipeline
from ingest.ending import CANCEL_FILE
from ingest.messages import embed_messages
from ingest.pipeline import Tools
from llm.interrupted import interrupt_run
from llm.reply import ReplyDeps, reply
from llm.title import TitleDeps, give_up_title, make_title
from search.generations import give_up
from sql import execute, fetch_opt, write
from sql.fence import End, Fence, JobId
from sql.pool import Conn
from workers import sending
from workers.file_ends import tell_of_end
from workers.file_webhooks import call_file_webhook as call_of_file
from workers.generations import build, follow
from workers.ledger import Claim
from workers.queue import JobKind, enqueue_embed_message
from workers.sending import Sending
from workers.webhooks import Calling
from workers.webhooks import call_webhook as call

BURY_FILE = write("ingest.sql", "bury_file", JobId)


@dataclass(frozen=True, slots=True)
class Work:
    """What bodies work with."""

    tools: Tools
    replies: ReplyDeps
    titles: TitleDeps
    calling: Calling
    sending: Sending


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over but whose subject does not know; `reason` is the job's."""

    workspace_id: UUID
    id: UUID
    kind: JobKind
    subject_id: UUID
    state: End
    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of job is worked off: `seats` at a time, up to `most` of one workspace in a seat.

    `large_seats` are for what needed too much memory in the others.
    """

    body: Callable[[Work, Fence, Claim], Awaitable[None]]
    seats: int
    most: int = 1
    large_seats: int = 0


async def ingest_file(work: Work, fence: Fence, claim: Claim) -> None:
    """Bring a file version into the index."""
    (job,) = claim.jobs
    order = pipeline.Order(
        job.subject_id, job.pipeline_version, job.first_step, needs_memory=job.needs_memory
    )
    await pipeline.ingest_file(work.tools, fence, order)
    await follow(fence, account_id=job.account_id)


async def embed_message(work: Work, fence: Fence, claim: Claim) -> None:
    """Give messages their vectors."""
    await embed_messages(
        work.tools.asking, fence, message_ids=[job.subject_id for job in claim.jobs]
    )
    await follow(fence, account_id=claim.jobs[0].account_id)


async def build_generation(work: Work, fence: Fence, claim: Claim) -> None:
    """Make vectors of another model, for some minutes."""
    (job,) = claim.jobs
    await build(work.tools.asking, fence, generation_id=job.subject_id, account_id=job.account_id)


async def write_reply(work: Work, fence: Fence, claim: Claim) -> None:
    """Write the reply of a run."""
    (job,) = claim.jobs
    await reply(work.replies, fence, run_id=job.subject_id)


async def name_conversation(work: Work, fence: Fence, claim: Claim) -> None:
    """Give a conversation a title."""
    (job,) = claim.jobs
    subject = {"conversation_id": job.subject_id, "account_id": job.account_id}
    await make_title(work.titles, fence, **subject, attempts=claim.attempts)


async def call_webhook(work: Work, fence: Fence, claim: Claim) -> None:
    """Tell a webhook of a notification."""
    (job,) = claim.jobs
    await call(work.calling, fence, notification_id=job.subject_id)


async def call_file_webhook(work: Work, fence: Fence, claim: Claim) -> None:
    """Tell a webhook how the reading of a file ended."""
    (job,) = claim.jobs
    await call_of_file(work.calling, fence, event_id=job.subject_id)


async def send_notice(work: Work, fence: Fence, claim: Claim) -> None:
    """Send a notice by e-mail and push."""
    (job,) = claim.jobs
    await sending.send_notice(work.sending, fence, notification_id=job.subject_id)


async def send_digest(work: Work, fence: Fence, claim: Claim) -> None:
    """Send a day's notices by e-mail."""
    (job,) = claim.jobs
    await sending.send_digest(work.sending, fence, account_id=job.subject_id)


KINDS: Final[Mapping[JobKind, Kind]] = {
    # While the model works on one file the next is fetched, read and cut.
    "ingest_file": Kind(ingest_file, seats=3, large_seats=1),
    # 64 texts are half a second of the default model, so a thousand posts cost sixteen questions.
    "embed_message": Kind(embed_message, seats=1, most=64),
    "reply": Kind(write_reply, seats=8),
    "title": Kind(name_conversation, seats=2),
    # Each may wait for a receiver as long as core/outgoing.py lets it.
    "call_webhook": Kind(call_webhook, seats=4),
    "call_file_webhook": Kind(call_file_webhook, seats=4),
    "send_notice": Kind(send_notice, seats=4),
    "send_digest": Kind(send_digest, seats=1),
    # The model has two threads for documents; what people have just written shares them.
    "build_generation": Kind(build_generation, seats=1),
}

REASONS: Final[Mapping[str, str]] = {
    "worker_crash": "Reading it ended the worker three times.",
    "too_late": "It could not be read within a week.",
    "too_often": "It was tried several times without success.",
}


async def bury(conn: Conn, ended: Ended) -> Event | None:
    """Tell the subject that its job is over; return the event to announce after COMMIT, where there is one."""
    if ended.kind == "reply":
        return await interrupt_run(
            conn,
            ended.workspace_id,
            run_id=ended.subject_id,
            reason="The worker that wrote the reply went away.",
            embed_later=enqueue_embed_message,
        )
    if ended.kind == "ingest_file":
        await _bury_file(conn, ended)
    if ended.kind == "title":
        await give_up_title(conn, ended.workspace_id, ended.subject_id)
    if ended.kind == "build_generation" and ended.state in ("dead", "failed"):
        await give_up(conn, ended.workspace_id, ended.subject_id, reason=ended.reason)
    return None


async def _bury_file(conn: Conn, ended: Ended) -> None:
    subject = {"workspace_id": ended.workspace_id, "version_id": ended.subject_id}
    if ended.state == "cancelled":
        await execute(conn, CANCEL_FILE, **subject)
        return
    buried = await fetch_opt(
        conn,
        BURY_FILE,
        reason_code=ended.reason if ended.reason in REASONS else "error",
        reason=REASONS.get(ended.reason, "It could not be read because of an error in Recollect."),
        remedy="Retry it; if that fails again, tell whoever runs this server.",
        **subject,
    )
    if buried is not None:
        await tell_of_end(conn, ended.workspace_id, file_id=buried.id)
