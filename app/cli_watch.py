"""`recollect watch`: a folder's new, changed, moved and deleted files follow on the server within seconds, until Ctrl-C."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, say
from app.client import Client
from app.resumable import notes_folder
from app.watch_state import read_state, state_path
from app.watcher import Watcher
from core.errors import CallerError, NotSignedIn, Unavailable

_EVERY = re.compile(r"(\d+(?:\.\d+)?)s?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%?")


@dataclass(frozen=True, slots=True)
class Watching:
    """What the options say."""

    root: Path
    folder: str
    every_s: float
    delete_over_percent: float
    allow_all: bool


def watch(  # noqa: PLR0913  (a parameter for each option)
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")],
    *,
    folder: Annotated[
        str | None, typer.Option(help="Where it stands on the server; its own name otherwise.")
    ] = None,
    every: Annotated[str, typer.Option(help="How often to look.", metavar="3s")] = "3s",
    delete_over: Annotated[
        str,
        typer.Option(help="Ask before more of its files are deleted at once.", metavar="20%"),
    ] = "20%",
    yes: Annotated[bool, typer.Option("--yes", help="Delete any number without asking.")] = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Keep the server's files like those of a folder until Ctrl-C; links and hidden files are left out."""
    with errors_as_lines():
        root = path.resolve()
        if not root.is_dir():
            raise CallerError(f"{path} is no folder")
        watching = Watching(
            root,
            root.name if folder is None else folder.strip("/"),
            number_of(every, _EVERY, "--every: seconds, such as 3s"),
            number_of(delete_over, _PERCENT, "--delete-over: a share, such as 20%"),
            yes,
        )
        asyncio.run(watch_for_ever(Identity(url, token, user), watching))


async def watch_for_ever(identity: Identity, watching: Watching) -> None:
    """Watch, and sign in anew when a session of this machine has run out."""
    while True:
        async with connected(identity) as client:
            try:
                await follow(client, watching)
            except NotSignedIn:
                say("The session ended; signing in again.")


async def follow(client: Client, watching: Watching) -> None:
    """Look again and again; a server or a folder that is away is waited for."""
    path = state_path(client.url, root=watching.root, folder=watching.folder)
    state = await asyncio.to_thread(read_state, path)
    watcher = Watcher(
        client,
        watching.root,
        watching.folder,
        state,
        notes_folder(),
        watching.delete_over_percent,
        tell=say,
        allow=lambda lost, of: watching.allow_all or may_delete(lost, of),
    )
    say(f"Watching {watching.root} as {watching.folder or '/'} every {watching.every_s:g} s.")
    told = ""
    while True:
        try:
            await watcher.round()
            told = ""
        except (Unavailable, OSError) as error:
            if str(error) != told:
                say(f"{error}; trying again")
            told = str(error)
        await asyncio.sleep(watching.every_s)


def may_delete(lost: int, of: int) -> bool:
    """Ask the person, or say what to do where there is nobody to ask."""
    question = f"{lost} of {of} files are gone. Delete them on the server too?"
    if sys.stdin.isatty():
        return typer.confirm(question, err=True)
    say(f"{question} Nothing is deleted: put them back, or start with --yes.")
    return False


def number_of(text: str, shape: re.Pattern[str], wanted: str) -> float:
    """Return the number in an option; CallerError with what it may be."""
    found = shape.fullmatch(text.strip())
    if found is None or float(found.group(1)) <= 0:
        raise CallerError(wanted)
    return float(found.group(1))
