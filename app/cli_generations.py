"""`recollect generations`: whose vectors the index holds, another model's built beside them, and which of them search uses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import errors_as_lines, examples, out, say
from app.client import Client
from app.client_shapes import IndexGeneration
from core.errors import NotFound

app = typer.Typer(
    help="Show the index's generations, build another model's, promote one, go back, drop one.",
    invoke_without_command=True,
    epilog=examples(
        "recollect generations",
        "recollect generations build e5",
        "recollect generations promote e5",
        "recollect generations rollback",
    ),
)

Workspace = Annotated[
    str | None,
    typer.Option(help="Its id; your personal one otherwise.", metavar="ID"),
]
Which = Annotated[str, typer.Argument(metavar="GENERATION", help="Its id, or its model.")]
Said = Callable[[Client], Awaitable[str]]
SHORT = {"minilm": "all-MiniLM-L6-v2", "e5": "multilingual-e5-small"}


@app.callback()
def show(
    context: typer.Context,
    *,
    workspace: Workspace = None,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Show the generations of a workspace, the newest first."""
    with errors_as_lines():
        identity = Identity(url, token, user)
        context.obj = (identity, workspace)
        if context.invoked_subcommand is None:
            for line in asyncio.run(_listed(identity, workspace)):
                out().print(line, markup=False)


@app.command(epilog=examples("recollect generations build e5"))
def build(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="minilm, e5, or a name as of EMBEDDER.")],
) -> None:
    """Make another model's vectors in the background; search goes on with the ones it has."""

    async def ask(client: Client) -> str:
        made = await client.build_generation(model)
        return f"{made.model} is being built: {made.id}"

    _do(context, ask)


@app.command(epilog=examples("recollect generations pause e5"))
def pause(context: typer.Context, generation: Which) -> None:
    """Stop building; what has been made is kept."""
    _do(context, _moved(generation, "pause"))


@app.command(epilog=examples("recollect generations resume e5"))
def resume(context: typer.Context, generation: Which) -> None:
    """Go on building where it stopped."""
    _do(context, _moved(generation, "resume"))


@app.command(epilog=examples("recollect generations promote multilingual-e5-small"))
def promote(context: typer.Context, generation: Which) -> None:
    """Have search use a generation that is ready; the one before is kept to go back to."""
    _do(context, _moved(generation, "promote"))


@app.command(epilog=examples("recollect generations rollback"))
def rollback(context: typer.Context) -> None:
    """Have search use the generation before this one again."""

    async def ask(client: Client) -> str:
        return line(await client.roll_back())

    _do(context, ask)


@app.command(epilog=examples("recollect generations drop minilm"))
def drop(context: typer.Context, generation: Which) -> None:
    """Delete a generation that search does not use, with its vectors."""

    async def ask(client: Client) -> str:
        found = await _find(client, generation)
        await client.drop_generation(found.id)
        return f"{found.model} is being deleted."

    _do(context, ask)


def line(generation: IndexGeneration) -> str:
    """Return what there is to say about a generation."""
    done = generation.embedded / generation.passages if generation.passages else 1.0
    told = [
        f"{generation.state:<9}",
        f"{generation.model:<24}",
        f"{min(done, 1.0):4.0%}",
        str(generation.id),
    ]
    if generation.self_recall is not None:
        told.append(f"finds {generation.self_recall:.0%} of its own sentences")
    return "  ".join([*told, generation.reason]).rstrip()


def _do(context: typer.Context, ask: Said) -> None:
    identity, workspace = context.obj
    with errors_as_lines():
        say(asyncio.run(_asked(identity, workspace, ask)))


async def _asked(identity: Identity, workspace: str | None, ask: Said) -> str:
    async with connected(identity) as client:
        client.act_in(workspace)
        return await ask(client)


async def _listed(identity: Identity, workspace: str | None) -> Sequence[str]:
    async with connected(identity) as client:
        client.act_in(workspace)
        found = await client.generations()
    return [line(one) for one in found] or ["Nothing has been embedded here yet."]


def _moved(generation: str, move: str) -> Said:
    async def ask(client: Client) -> str:
        found = await _find(client, generation)
        return line(await client.move_generation(found.id, move))

    return ask


async def _find(client: Client, named: str) -> IndexGeneration:
    """Return the newest generation of that id or model."""
    model = SHORT.get(named, named)
    for one in await client.generations():
        if named == str(one.id) or model == one.model:
            return one
    raise NotFound(f"There is no generation {named}: `recollect generations` shows those there are")
