"""`recollect ask`: a question, its reply as it is written, and where each quote stands."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import EXIT_FAILED, errors_as_lines, out, say
from app.client import Client
from app.client_shapes import Citation, Delta, Run, pages_of

_ENDED_WELL = {"complete", "abstained"}


def ask(  # noqa: PLR0913  (the options of a command)
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In your own words.")],
    *,
    conversation: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Go on with this conversation.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="One of GET /api/models.")] = None,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Ask a question; the reply quotes what it says, with the address of each quote. Ctrl-C stops it."""
    with errors_as_lines():
        asking = _ask(Identity(url, token, user), " ".join(question), conversation, model)
        run = asyncio.run(asking)
        if run.state not in _ENDED_WELL:
            say(f"The reply {run.state}{f': {run.error.message}' if run.error else ''}")
            raise typer.Exit(EXIT_FAILED)


async def _ask(
    identity: Identity, question: str, conversation_id: UUID | None, model: str | None
) -> Run:
    async with connected(identity) as client:
        conversation_id = conversation_id or await client.create_conversation()
        run_id = await client.ask(conversation_id, question, model=model)
        try:
            await _print_text(client, run_id)
        except asyncio.CancelledError:  # Ctrl-C
            await client.stop(run_id)
            raise
        run = await client.run(run_id)
        for citation in run.citations:
            out().print(source_line(citation, client.url), markup=False)
        say(f"\nGo on with: recollect ask --conversation {conversation_id} ...")
        return run


async def _print_text(client: Client, run_id: UUID) -> None:
    async for event in client.follow(run_id):
        if event.kind == "delta":
            print(Delta.model_validate_json(event.data).text, end="", flush=True)
    print("\n")


def source_line(citation: Citation, url: str) -> str:
    """Return where a quote stands, and the address of the page that shows it there."""
    if citation.open is None:
        return f"[{citation.ref}] (a source that was deleted or is not yours to see)"
    place = f"start={citation.source_span.start}&end={citation.source_span.end}"
    if citation.file_id is not None:
        page = f"#/file/{citation.file_id}?{place}"
    else:
        page = f"#/c/{citation.conversation_id}?m={citation.message_id}&{place}"
    return f"[{citation.ref}] {citation.title}{pages_of(citation.pages)}  {url}/{page}"
