"""The parts of the child that need no process of its own; the whole of it is in test_sandbox.py."""

from functools import partial

import pytest

from ingest import formats
from ingest.extract import plain
from ingest.extract.markup import html, markdown
from ingest.extract.office import docx
from ingest.extract.pdf import pages
from ingest.extract.segment import Problem, Segment, Unreadable
from ingest.frames import Finished
from ingest.sandbox_child import frames, reader_for


def page(ordinal):
    return Segment(ordinal, ordinal + 1, None, "x\n", 9)


def raising(error):
    yield page(0)
    raise error


def test_all_items_and_the_end():
    items = [Segment(0, None, None, "a"), Segment(1, None, None, "b")]
    assert list(frames(lambda: iter(items), pages=1, turn_s=0)) == [*items, Finished(None)]


def test_a_paged_file_stops_behind_its_share_of_pages():
    problem = Problem(4, 5, "page_unreadable", "", "")
    items = [page(3), problem, page(5)]
    assert list(frames(lambda: iter(items), pages=2, turn_s=9e9)) == [page(3), problem, Finished(5)]


def test_a_paged_file_stops_behind_the_page_that_takes_the_last_of_its_turn():
    """Pages that were slow each by a little killed the child, and the page that it met then."""
    spent = iter([8.0, 19.9, 20.1])
    found = frames(lambda: map(page, range(9)), pages=9, turn_s=20, spent_s=lambda: next(spent))
    assert list(found) == [page(0), page(1), page(2), Finished(3)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreadable("encrypted", "", remedy=""), "encrypted"),
        (MemoryError(), "too_large"),
        (KeyError("/Root"), "broken_file"),
        (RecursionError(), "broken_file"),
    ],
)
def test_whatever_a_parser_raises_is_the_last_frame(error, code):
    first, last = frames(lambda: raising(error), pages=9, turn_s=9e9)
    assert first == page(0)
    assert isinstance(last, Unreadable)
    assert last.code == code
    assert type(error).__name__ not in last.message


@pytest.mark.parametrize(
    ("media_type", "module"),
    [
        (formats.TEXT, plain),
        (formats.MARKDOWN, markdown),
        (formats.HTML, html),
        (formats.DOCX, docx),
        (formats.PDF, pages),
    ],
)
def test_each_type_has_its_reader(media_type, module):
    read = reader_for(media_type, password="sesame")
    if formats.BY_MEDIA_TYPE[media_type].takes_password:
        assert isinstance(read, partial)
        assert (read.func, read.keywords) == (module.read, {"password": "sesame"})
    else:
        assert read is module.read


def test_a_reader_that_refuses_before_it_begins_is_heard_too():
    def read():
        raise Unreadable("not_text", "", remedy="")

    (frame,) = frames(read, pages=9, turn_s=9e9)
    assert isinstance(frame, Unreadable)
