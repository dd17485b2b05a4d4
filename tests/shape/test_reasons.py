"""docs/ingestion.md lists every reason that a file can end with, and no other."""

import ast
import re
from pathlib import Path

from tests.shape.tree import ROOT, sources

# Whose call names a reason, and at which place.
NAMING = {"Unreadable": 0, "PermanentFailure": 0, "Problem": 2, "problem": 0, "Reason": 0, "_unread": 1, "_note": 0}  # fmt: skip
CODE = re.compile(r"[a-z]+(_[a-z]+)+")
# Said elsewhere than in a call: tables of dictionaries and SQL.
ELSEWHERE = {"reader_crashed", "too_often", "worker_crash", "too_late", "error"}


def documented() -> set[str]:
    page = (ROOT / "docs" / "ingestion.md").read_text().partition("## Reasons")[2]
    table = page.partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


def named_in(path: Path) -> set[str]:
    calls = [n for n in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(n, ast.Call)]
    found = set[str]()
    for call in calls:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        given = call.args[NAMING[name]] if len(call.args) > NAMING.get(name, 99) else None
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            found.add(given.value)
    return {code for code in found if CODE.fullmatch(code)}


def test_every_reason_is_documented_and_the_reverse():
    paths = [path for path in sources() if path.parts[0] in ("ingest", "workers", "core")]
    named = {code for path in paths for code in named_in(path)}
    assert named - documented() == set(), "reasons that docs/ingestion.md does not list"
    texts = "".join((ROOT / path).read_text() for path in paths)
    unknown = {code for code in documented() - named if f'"{code}"' not in texts}
    assert unknown - ELSEWHERE == set(), "reasons that no code gives"
