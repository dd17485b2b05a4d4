"""`--password-file`: what files are opened with, from a file, because arguments are seen by others and kept by the shell."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import CallerError

PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="Its first line is the password that the files are opened with.", metavar="FILE"
    ),
]


def read_password(path: Path | None) -> str:
    """Return the first line of the file, "" where none is named."""
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CallerError(f"{path} cannot be read as text.") from error
    if not line:
        raise CallerError(f"{path} holds no password.")
    return line
