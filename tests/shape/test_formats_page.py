"""docs/formats.md speaks of every format that is read."""

from pathlib import Path

from ingest.formats import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_page_on_formats_names_every_one():
    page = PAGE.read_text()
    assert [each.name for each in FORMATS if each.name not in page] == []
