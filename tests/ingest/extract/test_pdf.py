import io
from pathlib import Path

import pytest

from ingest.extract.pdf import MOST_PAGE_CHARACTERS, read
from ingest.extract.segment import Segment, Unreadable
from tests.ingest.make_files import codes, make_pdf, show, texts

DATA = Path(__file__).parents[2] / "data" / "files"


def items_of(content, *, first=0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def test_a_page_is_a_segment():
    content = make_pdf([show("one", "more"), b"", show("three")])
    expected = [
        Segment(0, 1, None, "one\nmore\n", 3),
        Segment(1, 2, None, "", 3),
        Segment(2, 3, None, "three\n", 3),
    ]
    assert items_of(content) == expected
    assert items_of(content, first=2) == expected[2:]
    assert items_of(content, first=3) == []


def test_printed_page_numbers_are_labels_where_they_differ():
    catalog = b"/PageLabels<</Nums[0<</S/r>>2<</S/D>>]>>"
    items = items_of(make_pdf([show("a"), show("b"), show("c")], catalog=catalog))
    assert [item.label for item in items if isinstance(item, Segment)] == ["i", "ii", "1"]


def test_lines_that_the_outline_names_are_headings():
    """Page 1 is object 7; the second title leaves out the number that the page shows."""
    outline = (
        b"<</Type/Outlines/First 5 0 R/Last 5 0 R>>",
        b"<</Title(Part  One)/Parent 4 0 R/Dest[8 0 R/Fit]/First 6 0 R/Last 6 0 R>>",
        b"<</Title(Birds)/Parent 5 0 R/Dest[8 0 R/Fit]>>",
    )
    page = show("PART ONE", "1.1 Birds", "Birds sing. Birds")
    content = make_pdf([page], catalog=b"/Outlines 4 0 R", objects=outline)
    assert items_of(content) == [
        Segment(0, 1, None, "# PART ONE\n## 1.1 Birds\nBirds sing. Birds\n", 1)
    ]


def test_a_real_outline():
    found = texts(items_of((DATA / "pdflatex-outline.pdf").read_bytes()))
    assert [line for text in found for line in text.split("\n") if line.startswith("#")][:3] == [
        "# 1 Foo",
        "# 2 Bar",
        "# 3 Baz",
    ]


@pytest.mark.parametrize("catalog", [b"/Outlines 99 0 R", b"/Outlines 2 0 R/PageLabels 2 0 R"])
def test_a_damaged_outline_or_numbering_is_done_without(catalog):
    assert items_of(make_pdf([show("a")], catalog=catalog)) == [Segment(0, 1, None, "a\n", 1)]


def test_encrypted_without_a_password_is_read():
    items = items_of((DATA / "enc-base.pdf").read_bytes())
    assert texts(items[:2]) == ["Potato 0\n", "Potato 1\n"]


def test_encrypted_with_one_is_refused():
    with pytest.raises(Unreadable) as caught:
        items_of((DATA / "password.pdf").read_bytes())
    assert caught.value.code == "encrypted"


def test_a_damaged_page_is_a_problem_and_the_rest_goes_on():
    items = items_of(make_pdf([show("a"), b"BT <zz> Tj ET", show("c")]))
    assert codes(items) == ["", "page_unreadable", ""]
    assert (items[1].ordinal, items[1].page) == (1, 2)


def test_a_page_of_a_million_characters_is_a_problem():
    page = show("x" * (MOST_PAGE_CHARACTERS + 1))
    assert codes(items_of(make_pdf([page]))) == ["page_too_long"]
