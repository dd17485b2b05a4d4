"""`recollect jobs`: what is being done about your files, messages and replies, by state; what is dead, and doing it again."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, examples, out, say
from app.cli_password import PasswordFile, read_password
from app.client import Client
from app.client_shapes import Job
from core.errors import CallerError

OPEN = ("leased", "queued", "retry_wait")
ENDED = ("failed", "dead", "cancelled", "done")
_FAILED = {"failed", "dead"}
LOOK_S = 1.0


app = typer.Typer(
    help="List jobs by state, dead ones with their reasons; have them done again.",
    invoke_without_command=True,
    epilog=examples(
        "recollect jobs --follow",
        "recollect jobs --state failed",
        "recollect jobs --dead",
        "recollect jobs retry 0198f3c2-... --password-file password.txt",
        "recollect jobs requeue --all-dead",
    ),
)


@app.callback()
def jobs(  # noqa: PLR0913  (the options of a command)
    context: typer.Context,
    *,
    state: Annotated[
        list[str] | None, typer.Option(help="Only these; else all.", metavar="|".join(OPEN + ENDED))
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="What was given up, of all members (for admins).")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Look again until none is open.")
    ] = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """List the newest jobs by state; what failed says why."""
    with errors_as_lines():
        context.obj = identity = Identity(url, token, user)
        if context.invoked_subcommand is not None:
            return
        shown = _show_dead(identity) if dead else None
        asyncio.run(shown or _show(identity, state or [*OPEN, *ENDED], follow=follow))


@app.command(
    epilog=examples("recollect jobs requeue 0198f3c2-...", "recollect jobs requeue --all-dead")
)
def requeue(
    context: typer.Context,
    job_ids: Annotated[list[UUID] | None, typer.Argument(metavar="JOB...")] = None,
    *,
    all_dead: Annotated[
        bool, typer.Option("--all-dead", help="Every dead job of the workspace.")
    ] = False,
) -> None:
    """Have jobs done again that ended without success (for admins of the workspace)."""
    with errors_as_lines():
        if bool(job_ids) is all_dead:
            raise CallerError("Name the jobs, or say --all-dead.")
        asyncio.run(_requeue(context.obj, job_ids or []))


@app.command(epilog=examples("recollect jobs retry 0198f3c2-... --password-file password.txt"))
def retry(
    context: typer.Context,
    job_ids: Annotated[list[UUID], typer.Argument(metavar="JOB...")],
    *,
    password_file: PasswordFile = None,
) -> None:
    """Have files read again whose jobs failed, with a password where they need one."""
    with errors_as_lines():
        asyncio.run(_retry(context.obj, job_ids, read_password(password_file)))


async def _retry(identity: Identity, job_ids: Sequence[UUID], password: str) -> None:
    async with connected(identity) as client:
        for job_id in job_ids:
            job = await client.job(job_id)
            if job.kind != "ingest_file":
                raise CallerError(f"{job_id} is about no file.")
            await client.retry_file(job.item_id, password)
        say(f"{len(job_ids)} file{'s' * (len(job_ids) != 1)} to be read again.")


async def _requeue(identity: Identity, job_ids: Sequence[UUID]) -> None:
    async with connected(identity) as client:
        for job_id in job_ids:
            await client.requeue(job_id)
        count = len(job_ids)
        while not job_ids:
            done = await client.requeue_dead()
            count += done.requeued
            if not (done.has_more and done.requeued):
                break
        say(f"{count} job{'s' * (count != 1)} to be done again.")


async def _show_dead(identity: Identity) -> None:
    async with connected(identity) as client:
        dead = await client.dead_jobs()
        for job in dead:
            tried = f"try {job.attempts}, {job.crashes} crashes"
            out().print(f"{job.id}  {job.kind}  {job.reason} ({tried})", markup=False)
        say(
            f"{len(dead)} dead. Again: recollect jobs requeue --all-dead"
            if dead
            else "None is dead."
        )


async def _show(identity: Identity, states: Sequence[str], *, follow: bool) -> None:
    async with connected(identity) as client:
        if follow:
            await until_idle(client)
        listed = await client.jobs(states)
        for line in lines(listed, {job.id: await _about(client, job) for job in listed}):
            out().print(line, markup=False)
        if not listed:
            say("There are no such jobs.")


async def until_idle(client: Client) -> None:
    """Say what is open whenever that changes, until nothing is."""
    told = ""
    while listed := await client.jobs(OPEN):
        if (line := summary(listed)) != told:
            say(line)
        told = line
        await asyncio.sleep(LOOK_S)


async def _about(client: Client, job: Job) -> str:
    """Return what there is to say about a job; of a file that failed its name, the reason and the remedy."""
    if job.kind != "ingest_file" or job.state not in _FAILED:
        return job.reason or job.stage
    try:
        file = await client.file(job.item_id)
    except CallerError:  # deleted since
        return job.reason
    why = f"{file.reason.message} {file.reason.remedy}" if file.reason else job.reason
    return f"{file.name}: {why}"


def summary(jobs: Sequence[Job]) -> str:
    """Return how many there are of each kind and state."""
    counted = Counter((job.kind, job.state) for job in jobs)
    return ", ".join(f"{count} {kind} {state}" for (kind, state), count in sorted(counted.items()))


def lines(jobs: Sequence[Job], about: Mapping[UUID, str]) -> list[str]:
    """Return a line for each job, open ones first, and a heading for each state."""
    shown: list[str] = []
    for state in OPEN + ENDED:
        of_state = [job for job in jobs if job.state == state]
        if of_state:
            shown.append(f"{state} ({len(of_state)})")
        for job in of_state:
            tries = f", try {job.attempts}" if job.attempts > 1 else ""
            shown.append(f"  {job.id}  {job.kind}{tries}  {about[job.id]}".rstrip())
    return shown
