import io
from pathlib import Path

import pytest

from ingest.extract.pdf.second import Second
from ingest.extract.segment import Unreadable
from tests.ingest.make_files import make_pdf, show

DATA = Path(__file__).parents[3] / "data" / "files"


def test_pages_come_as_lines_and_a_damaged_one_as_none():
    second = Second(io.BytesIO(make_pdf([show("one", "two"), b"", b"BT <zz> Tj ET"])))
    assert second.page_count == 3
    assert [second.lines(n) for n in range(3)] == [["one", "two"], [], None]


def test_a_password_is_asked_for():
    with pytest.raises(Unreadable) as caught:
        _ = Second(io.BytesIO((DATA / "password.pdf").read_bytes())).page_count
    assert caught.value.code == "password_needed"


def test_a_password_that_is_given_opens():
    content = (DATA / "password.pdf").read_bytes()
    second = Second(io.BytesIO(content), password="password")
    assert second.lines(0) == ["File with password"]
