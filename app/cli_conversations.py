"""`recollect export` and `recollect import`: a conversation as a file, and a file as a conversation."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, say
from app.client_shapes import ImportedConversation


class Format(StrEnum):
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def export_conversation(
    conversation: Annotated[UUID, typer.Argument(metavar="CONVERSATION", help="Its id.")],
    *,
    wanted: Annotated[
        Format, typer.Option("--format", help="JSON can be imported again.")
    ] = Format.JSON,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Write a conversation with its citations to stdout."""
    with errors_as_lines():
        asyncio.run(_export(Identity(url, token, user), conversation, wanted))


async def _export(identity: Identity, conversation_id: UUID, wanted: Format) -> None:
    async with connected(identity) as client:
        async for piece in client.export(conversation_id, wanted.value):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def import_conversation(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Of an export.")
    ],
    *,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Take a conversation in from the JSON of an export; print its new id."""
    with errors_as_lines():
        made = asyncio.run(_import(Identity(url, token, user), file))
        print(made.id)
        say(f"{made.title or 'A conversation'}: {made.messages} messages.")
        if made.unverified:
            say(f"Citations whose sources are not here to be looked at: {made.unverified}.")
        if made.missing_files:
            say(f"Attached files that are not here, or not yours to see: {made.missing_files}.")


async def _import(identity: Identity, file: Path) -> ImportedConversation:
    content = await asyncio.to_thread(file.read_bytes)
    async with connected(identity) as client:
        return await client.import_conversation(content)
