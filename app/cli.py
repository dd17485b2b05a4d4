"""The command line `recollect`: this file holds the commands that start and set up; the others stand in app/cli_*.py.

Settings come from the environment. Each command says by example what it is for.
"""

import asyncio
from typing import Annotated

import typer

from app import (
    cli_ask,
    cli_blobs,
    cli_conversations,
    cli_doctor,
    cli_eval,
    cli_generations,
    cli_jobs,
    cli_models,
    cli_reprocess,
    cli_search,
    cli_upload,
    cli_users,
    cli_watch,
)
from app.cli_output import errors_as_lines, examples, out, quiet_logs, say
from app.embedded import with_running_services
from app.logging import configure_logging
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
app.add_typer(cli_models.app, name="models")
app.add_typer(cli_users.users, name="user")


@app.command(
    epilog=examples("recollect serve", "PORT=4600 RECOLLECT_HOME=~/second recollect serve")
)
def serve() -> None:
    """Start everything on this machine and keep it alive until Ctrl-C."""
    with errors_as_lines():
        settings = Settings()
        configure_logging(settings.log_format, process="supervisor", level=settings.log_level)
        if settings.llm == "local":
            cli_models.pull_shown(settings.recollect_home)
        serve_all(settings, say=say)


@app.command(
    epilog=examples(
        "recollect migrate", "DATABASE_URL=postgresql://recollect@db/recollect recollect migrate"
    )
)
def migrate() -> None:
    """Bring the database to this version's schema; safe to repeat. `recollect serve` does it by itself."""
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
            say(
                "Row-level security is off: this login may not create roles (docs/adr/0002-two-walls.md)."
            )


@app.command(
    epilog=examples("recollect settings", "recollect settings --markdown > docs/settings.md")
)
def settings(
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/settings.md: defaults and reasons.")
    ] = False,
) -> None:
    """Print every setting with its value; secrets stay masked."""
    with errors_as_lines():
        if markdown:
            print(settings_markdown(), end="")
            return
        rows = settings_table(with_running_services(Settings()))
        width = max(len(row.name) for row in rows)
        for row in rows:
            out().print(f"{row.name:<{width}}  {row.value}", markup=False)
            out().print(f"{'':<{width}}  {row.reason}", markup=False, style="dim")


app.add_typer(cli_generations.app, name="generations")

# The commands of the other files: each with what one would type.
app.command(
    epilog=examples("recollect login --url https://recollect.example.org --email ada@example.org")
)(cli_users.login)
app.command(epilog=examples("recollect logout"))(cli_users.logout)
app.command(epilog=examples("recollect upload report.pdf", "recollect upload ~/papers notes.md"))(
    cli_upload.upload
)
app.command(
    epilog=examples(
        "recollect watch ~/papers", "recollect watch /mnt/share --folder share --every 5s"
    )
)(cli_watch.watch)
app.command(
    epilog=examples(
        "recollect search pension plan",
        "recollect search --type file --limit 3 'ext:pdf \"vesting period\"'",
        "recollect search --json budget | jq .hits[0].title",
    )
)(cli_search.search)
app.command(
    epilog=examples(
        "recollect ask When does the pension start?",
        "recollect ask --conversation 0198f3c2-... And for part-time work?",
    )
)(cli_ask.ask)
app.command(
    "export",
    epilog=examples(
        "recollect export 0198f3c2-... > talk.json",
        "recollect export --format html 0198f3c2-... > talk.html",
    ),
)(cli_conversations.export_conversation)
app.command("import", epilog=examples("recollect import talk.json"))(
    cli_conversations.import_conversation
)
app.add_typer(cli_jobs.app, name="jobs")
app.command(
    epilog=examples(
        "recollect reprocess --failed",
        "recollect reprocess --stale",
        "recollect reprocess --only embed --format pdf",
    )
)(cli_reprocess.reprocess)
app.command(epilog=examples("recollect doctor", "recollect doctor --json | jq .findings"))(
    cli_doctor.doctor
)
app.command("adopt-blobs", epilog=examples("recollect adopt-blobs"))(cli_blobs.adopt)
app.command(
    "eval",
    epilog=examples(
        "recollect eval",
        "recollect eval --settings hybrid,hybrid@0.4,hybrid+rerank",
        "recollect eval --judgements golden.jsonl --workspace 0198f3c2-... --json",
        "recollect eval --replies",
    ),
)(cli_eval.evaluate_search)


def main() -> None:
    """Run the command that the arguments name."""
    quiet_logs()
    app(prog_name="recollect")


if __name__ == "__main__":
    main()
