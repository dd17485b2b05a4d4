"""`recollect reprocess`: have files read again, one by one or all of a kind, and follow them until they are done.

The server does the work and remembers it: this command may be stopped at any time. What it was queueing goes on with --after.
"""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_jobs import until_idle
from app.cli_output import errors_as_lines, say
from app.client import Client
from app.client_shapes import Reprocess
from core.errors import CallerError, RecollectError


class Step(StrEnum):
    extract = "extract"
    chunk = "chunk"
    embed = "embed"


def reprocess(  # noqa: PLR0913  (the options of a command)
    files: Annotated[
        list[UUID] | None, typer.Argument(metavar="FILE...", help="Ids of files; else an option.")
    ] = None,
    *,
    only: Annotated[
        Step, typer.Option(help="Begin with the bytes, the text as it was read, or the vectors.")
    ] = Step.extract,
    format_: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="EXT", help="Those whose names end so, as pdf."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Those that failed.")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Those an older version read.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All that you may change.")] = False,
    after: Annotated[
        UUID | None, typer.Option(metavar="FILE", help="Go on behind this one.")
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Stay until they are read; they are read in any case.")
    ] = True,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Read files again; search goes on with what it has until each is done."""
    with errors_as_lines():
        if not (files or format_ or failed or stale or every):
            raise CallerError(
                "Which files? Name some, or say --failed, --stale, --format or --all."
            )
        wanted = Reprocess(
            only=only.value,
            states=["failed"] if failed else None,
            extensions=format_,
            stale=stale,
            after=after,
        )
        asyncio.run(_run(Identity(url, token, user), files or [], wanted, wait=wait))


async def _run(identity: Identity, files: Sequence[UUID], wanted: Reprocess, *, wait: bool) -> None:
    async with connected(identity) as client:
        for file_id in files:
            await client.reprocess_file(file_id, wanted.only)
        queued = len(files) or await _queue_all(client, wanted)
        say(f"{queued} file{'s' * (queued != 1)} to be read again.")
        if wait and queued:
            await until_idle(client)


async def _queue_all(client: Client, wanted: Reprocess) -> int:
    queued = 0
    while True:
        try:
            page = await client.reprocess(wanted)
        except RecollectError:
            if wanted.after is not None:
                say(f"{queued} are queued; go on with --after {wanted.after}")
            raise
        queued += page.queued
        if page.after is None:
            return queued
        wanted = wanted.model_copy(update={"after": page.after})
