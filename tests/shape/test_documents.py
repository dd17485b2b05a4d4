"""Documents cannot go stale: settings are documented, named files exist, nothing speaks of a machine or an index's address."""

import re
from pathlib import Path

import pytest

from app.settings import Settings
from tests.shape.tree import ROOT, tracked

_PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|sql|md|sh|js|css|html|toml|lock|service))`")


def test_every_setting_is_documented():
    text = (ROOT / "docs/settings.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{name.upper()}`" not in text]
    assert missing == []


@pytest.mark.parametrize(
    "document",
    [p for p in tracked() if p.suffix == ".md" and p.parts[0] in ("docs", "README.md")],
    ids=str,
)
def test_every_file_that_a_document_names_exists(document):
    named = set(_PATH.findall((ROOT / document).read_text()))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_locks_hold_no_address():
    addressed = [
        p
        for p in Path(ROOT / "requirements").glob("*.lock")
        if "://" in p.read_text() or "--index" in p.read_text()
    ]
    assert addressed == []
