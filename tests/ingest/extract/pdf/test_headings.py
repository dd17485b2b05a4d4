from ingest.extract.pdf.document import Entry
from ingest.extract.pdf.headings import by_page, with_headings


def test_a_line_that_shows_a_title_is_marked_once_with_or_without_its_number():
    entries = [Entry("Birds", 2, 0), Entry("PART  one", 1, 0)]
    lines = ["Part One", "1.1 Birds", "Birds"]
    assert with_headings(lines, entries) == ["# Part One", "## 1.1 Birds", "Birds"]


def test_a_title_over_two_lines_becomes_one():
    entries = [Entry("Of ships and of harbours", 1, 0)]
    assert with_headings(["Of ships and", "of harbours", "Ships sail."], entries) == [
        "# Of ships and of harbours",
        "Ships sail.",
    ]


def test_a_title_that_no_line_shows_stands_where_its_page_begins():
    entries = [Entry("Plate\n3", 9, 0), Entry("Birds", 1, 0)]
    assert with_headings(["Birds", "sing"], entries) == ["###### Plate 3", "# Birds", "sing"]


def test_entries_are_sorted_by_page_and_empty_titles_left_out():
    one, two, nothing = Entry("a", 1, 3), Entry("b", 2, 3), Entry(" ", 1, 1)
    assert by_page([one, nothing, two]) == {3: [one, two]}
