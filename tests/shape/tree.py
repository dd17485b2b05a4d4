"""The checkout as the shape tests see it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("core", "sql", "search", "ingest", "llm", "app", "workers", "api")


def tracked() -> list[Path]:
    """Return every file that git tracks or would, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Path(line) for line in listed.splitlines() if (ROOT / line).is_file()]


def sources() -> list[Path]:
    """Return the product's own modules; an empty __init__ has nothing to test."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.parts[0] in PACKAGES and (ROOT / path).read_text().strip()
    ]
