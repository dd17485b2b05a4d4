"""`recollect search`: the ranked list in a terminal, or the API's JSON for a program."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, out, say
from app.client import Parameters
from app.client_shapes import Found, Hit, pages_of


class Kind(StrEnum):
    MESSAGE = "message"
    FILE = "file"


class Mode(StrEnum):
    HYBRID = "hybrid"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"


def search(  # noqa: PLR0913  (the options of a command)
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words and operators.")],
    *,
    kind: Annotated[
        Kind | None, typer.Option("--type", help="Only messages, or only files.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="By words, by meaning, or by both.")] = Mode.HYBRID,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most hits.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer.")] = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Search messages and files in one ranked list."""
    with errors_as_lines():
        parameters: Parameters = {"q": " ".join(query), "mode": mode.value, "limit": limit}
        if kind is not None:
            parameters["type"] = kind.value
        answer = asyncio.run(_ask(Identity(url, token, user), parameters))
        if as_json:
            print(answer.decode())
        else:
            show(Found.model_validate_json(answer))


async def _ask(identity: Identity, parameters: Parameters) -> bytes:
    async with connected(identity) as client:
        return await client.search(parameters)


def show(found: Found) -> None:
    """Print the hits, and on stderr what was searched instead and what the list does not cover."""
    for number, hit in enumerate(found.hits, start=1):
        out().print(heading(number, hit))
        out().print(snippet(hit))
    if not found.hits:
        say("Nothing found.")
    for line in gaps(found):
        say(line)


def heading(number: int, hit: Hit) -> Text:
    """Return the line above a hit's text."""
    by = f", {hit.author}" if hit.author else ""
    text = Text(f"{number:>2}. ")
    text.append(f"{hit.title or hit.type}{pages_of(hit.location.pages)}", style="bold")
    return text.append(f"{by}  ({hit.type}; {', '.join(hit.match)})", style="dim")


def snippet(hit: Hit) -> Text:
    """Return the hit's words on one line, those found emphasised."""
    text = Text(hit.snippet.text)
    for mark in hit.snippet.highlights:
        text.stylize("bold yellow", mark.start, mark.start + mark.length)
    flat = Text(" ").join(text.split())
    flat.pad_left(4)
    return flat


def gaps(found: Found) -> list[str]:
    """Return what a reader must know before he trusts the list."""
    told = {
        "still being read": found.coverage.pending,
        "without text": found.coverage.no_text,
        "failed": found.coverage.failed,
    }
    missing = ", ".join(f"{count} {what}" for what, count in told.items() if count)
    lines = [f"Not searched in full: {missing}."] if missing else []
    if (searched := found.query.corrected_text) is not None:
        lines.insert(0, f"Searched for: {searched} (a word in quotes stays as typed)")
    return lines + [f"Without the part {part}, which did not answer." for part in found.degraded]
