import pytest

from ingest.extract.office.doc_paragraphs import Look, Paragraphs
from ingest.extract.office.doc_story import Story


class Looks(Paragraphs):
    """Looks by place."""

    def __init__(self, looks):
        super().__init__(b"", b"")
        self._looks = looks

    def at(self, place):
        return self._looks.get(place, Look())


def told(text, looks=None):
    story = Story(Looks(looks or {}))
    half = len(text) // 2
    story.take(text[:half], place=0, step=1)
    story.take(text[half:], place=half, step=1)
    story.end()
    return story.blocks.drain()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\rb\r\rc", "a\n\nb\n\nc\n"),
        ("a\vb\tc\x1ed\x1f\x01\x02e\r", "a\nb\tc-de\n"),
        ("see \x13HYPERLINK x\x14the page\x15.\r", "see the page.\n"),
        ("\x13TOC \x13PAGEREF\x147\x15\x14one\x15two\r", "onetwo\n"),
        ("\x13open\r", ""),
        ("\x14\x15a\r", "a\n"),
        ("page\fnext\r", "page\n\nnext\n"),
        ("a\x07b\x07\x07c\x07\x07\x07d\r", "a | b\nc\n\nd\n"),
    ],
)
def test_marks(text, expected):
    assert told(text) == expected


def test_headings_items_and_rows_by_the_place_of_their_ends():
    cell, row = Look(in_table=True), Look(in_table=True, ends_row=True)
    looks = {1: Look(level=2), 3: Look(depth=2), 5: cell, 7: cell, 8: cell, 9: row}
    assert told("H\ri\ra\rb\x07\x07\x07after\r", looks) == "## H\n\n  - i\n\na b | \n\nafter\n"
