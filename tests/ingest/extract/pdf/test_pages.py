from pathlib import Path
from tempfile import TemporaryFile

import pytest

from ingest.extract.pdf.pages import MOST_PAGE_CHARACTERS, PRINT_ANEW, read
from ingest.extract.segment import Member, Picture, Problem, Properties, Segment, Unreadable
from tests.ingest.make_files import codes, make_pdf, show, texts

DATA = Path(__file__).parents[3] / "data" / "files"
SQUARE = b"0 0 600 800 re f"


def items_of(content, *, first=0, password=""):
    with TemporaryFile() as source:
        source.write(content)
        source.flush()
        return list(read(source, first=first, most_characters=10**6, password=password))


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


def test_what_the_file_says_of_itself_comes_first():
    items = items_of(make_pdf([show("a")], info=b"/Title(Harbours)"))
    assert items == [Properties(title="Harbours"), Segment(0, 1, None, "a\n", 1)]


def test_words_parted_by_a_line_break_are_joined():
    items = items_of(make_pdf([show("a harbour is an exam-", "ple of a place")]))
    assert texts(items) == ["a harbour is an example\nof a place\n"]


def test_notes_follow_the_text_of_their_page_and_attached_files_that_of_the_last():
    note = b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(Is this true?)>>"
    file = b"<</Type/Filespec/F(plan.csv)/UF(plan.csv)/EF<</F 6 0 R>>>>"
    catalog = b"/Names<</EmbeddedFiles<</Names[(plan.csv) 5 0 R]>>>>"
    objects = (note, file, b"<</Length 1>>stream\nx\nendstream")
    content = make_pdf([show("a")], objects=objects, page=b"/Annots[4 0 R]", catalog=catalog)
    page, attached = items_of(content)
    assert texts([page]) == ["a\n\nIs this true?\nAttached file: plan.csv\n"]
    assert attached == Member(1, "plan.csv", b"x", True)


@pytest.mark.parametrize("first", range(4))
def test_a_file_pinned_to_a_page_is_named_there_and_comes_last(first):
    """Whichever child reads the end: the two pages share the annotation."""
    pin = b"<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS 5 0 R>>"
    file = b"<</Type/Filespec/F(plan.csv)/UF(plan.csv)/EF<</F 6 0 R>>>>"
    objects = (pin, file, b"<</Length 1>>stream\nx\nendstream")
    content = make_pdf([show("a"), show("b")], objects=objects, page=b"/Annots[4 0 R]")
    whole = [
        Segment(0, 1, None, "a\n\nAttached file: plan.csv\n", 2),
        Segment(1, 2, None, "b\n\nAttached file: plan.csv\n", 2),
        Member(2, "plan.csv", b"x", True),
        Member(3, "plan (2).csv", b"x", True),
    ]
    assert items_of(content, first=first) == whole[first:]


def test_a_page_that_only_shows_what_it_says_is_a_picture_for_ocr():
    (item,) = items_of(make_pdf([SQUARE]))
    assert isinstance(item, Picture)
    assert (item.ordinal, item.page, item.text, item.page_count) == (0, 1, "", 1)
    assert (item.width, item.height) == (2500, 3333)
    assert item.pixels == bytes(item.width * item.height)


def test_what_stands_beside_such_a_page_is_kept_apart_from_what_it_says():
    outline = (
        b"<</Type/Outlines/First 5 0 R/Last 5 0 R/Count 1>>",
        b"<</Title(Tides)/Parent 4 0 R/Dest[8 0 R/Fit]>>",
        b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(Is this true?)>>",
    )
    page = b"/Annots[6 0 R]"
    content = make_pdf([SQUARE], catalog=b"/Outlines 4 0 R", objects=outline, page=page)
    (item,) = items_of(content)
    assert isinstance(item, Picture)
    assert (item.above, item.text, item.below) == ("# Tides\n", "", "Is this true?\n")


def test_a_page_with_text_and_shapes_is_not():
    assert codes(items_of(make_pdf([SQUARE + b" " + show("a")]))) == [""]
    assert texts(items_of(make_pdf([SQUARE + b" " + show("a")]))) == ["a\n"]


def test_encrypted_without_a_password_is_read():
    found = texts(items_of((DATA / "enc-base.pdf").read_bytes()))
    assert [text.split("\n")[-2] for text in found[:2]] == ["Potato 0", "Potato 1"]


def test_encrypted_with_one_is_refused():
    with pytest.raises(Unreadable) as caught:
        items_of((DATA / "password.pdf").read_bytes())
    assert caught.value.code == "password_needed"
    with pytest.raises(Unreadable) as caught:
        items_of((DATA / "password.pdf").read_bytes(), password="passwort")
    assert caught.value.code == "password_wrong"


def test_encrypted_with_one_that_is_given_is_read():
    found = items_of((DATA / "password.pdf").read_bytes(), password="password")
    assert texts(found[1:]) == ["File with password\n"]


def test_a_file_without_its_table_of_objects_is_read():
    assert texts(items_of((DATA / "bad2.pdf").read_bytes())) == ["Potato\n"]


def test_a_file_that_only_the_second_engine_opens_is_read():
    """issue-99b of qpdf: its catalog names its pages by a wrong object."""
    assert texts(items_of((DATA / "issue-99b.pdf").read_bytes())) == ["Potato\n"]


def test_a_damaged_page_is_a_problem_and_the_rest_goes_on():
    items = items_of(make_pdf([show("a"), b"BT <zz> Tj ET", show("c")]))
    assert codes(items) == ["", "page_unreadable", ""]
    assert items[1] == Problem(
        1, 2, "page_unreadable", "Page 2 is damaged and cannot be read.", PRINT_ANEW
    )


def test_a_page_of_too_many_characters_is_a_problem():
    page = show(*["x" * 1000] * (MOST_PAGE_CHARACTERS // 1000 + 1))
    assert codes(items_of(make_pdf([page]))) == ["page_too_long"]


def test_a_page_that_the_first_engine_cannot_load_is_read_by_the_second():
    assert texts(items_of((DATA / "bad34.pdf").read_bytes())) == ["Potato\n"]
