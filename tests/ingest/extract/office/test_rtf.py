import io
from pathlib import Path

from ingest.extract.office.rtf import read
from ingest.extract.segment import Properties
from tests.ingest.make_files import texts

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def test_a_real_file():
    properties, *segments = items_of((DATA / "fake-doc.rtf").read_bytes())
    assert properties == Properties()
    assert "".join(texts(segments)) == (
        "# My First Heading\n\nMy first paragraph.\n\nTable Example:\n\nColumn 1 | Column 2\n"
        "Row 1, Cell 1 | Row 1, Cell 2\nRow 2, Cell 1 | Row 2, Cell 2\n"
    )


def test_properties_are_those_before_the_text():
    content = rb"{\rtf1{\info{\title On ducks}{\creatim\yr2004\mo1\dy2\hr3\min4}}a\par b}"
    properties, *rest = items_of(content)
    assert properties == Properties(title="On ducks", created="2004-01-02T03:04")
    assert texts(rest) == ["a\n\nb\n"]


def test_an_empty_file_has_no_text():
    assert items_of(rb"{\rtf1}") == [Properties()]


def test_any_cut_file_gives_a_text():
    content = (DATA / "fake-doc.rtf").read_bytes()
    lengths = [len("".join(texts(items_of(content[:end])))) for end in range(len(content))]
    assert max(lengths) <= len(content)
