"""`recollect jobs`: what is being done about your files, messages and replies, by state."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, out, say
from app.client import Client
from app.client_shapes import Job
from core.errors import CallerError

OPEN = ("leased", "queued", "retry_wait")
ENDED = ("failed", "dead", "cancelled", "done")
_FAILED = {"failed", "dead"}
LOOK_S = 1.0


def jobs(
    state: Annotated[
        list[str] | None, typer.Option(help="Only these; else all.", metavar="|".join(OPEN + ENDED))
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Look again until none is open.")
    ] = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """List the newest jobs by state; what failed says why."""
    with errors_as_lines():
        asyncio.run(_show(Identity(url, token, user), state or [*OPEN, *ENDED], follow=follow))


async def _show(identity: Identity, states: Sequence[str], *, follow: bool) -> None:
    async with connected(identity) as client:
        if follow:
            await _until_idle(client)
        listed = await client.jobs(states)
        for line in lines(listed, {job.id: await _about(client, job) for job in listed}):
            out().print(line, markup=False)
        if not listed:
            say("There are no such jobs.")


async def _until_idle(client: Client) -> None:
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
