"""How commands speak: results on stdout, everything else on stderr, an error as one line with its remedy and exit code 1."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console

from core.errors import RecollectError

EXIT_FAILED = 1


def quiet_logs() -> None:
    """Leave log lines to the processes that run; a command says itself what matters."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def out() -> Console:
    """Return the console of results; never wraps a line that a program may read."""
    return Console(soft_wrap=True, highlight=False)


def say(line: str) -> None:
    """Say what is going on."""
    print(line, file=sys.stderr, flush=True)


def examples(*lines: str) -> str:
    """Return the end of a command's help."""
    return "\n\n".join(("Examples:", *lines))


@contextmanager
def errors_as_lines() -> Generator[None]:
    """End the command with one line where it fails on purpose; bugs keep their traceback."""
    try:
        yield
    except RecollectError as error:
        say(f"recollect: {error}")
        raise typer.Exit(EXIT_FAILED) from error
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if problem["type"] == "default_factory_not_called":  # only follows from another one
                continue
            name = "_".join(str(part) for part in problem["loc"]).upper()
            say(f"recollect: {name}: {problem['msg']}; `recollect settings` lists what it may be")
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error
