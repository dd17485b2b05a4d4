from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from ingest.extract.pdf.document import Document, Entry, WrongPassword
from ingest.extract.pdf.page import PdfiumError
from tests.ingest.make_files import make_pdf, show

DATA = Path(__file__).parents[3] / "data" / "files"


@contextmanager
def opened(content, *, password=""):
    with TemporaryFile() as source:
        source.write(content)
        source.flush()
        with Document(source, password=password) as document:
            yield document


def test_the_outline_with_its_levels_and_pages():
    """Pages are objects 10 and 11; the second entry leads there by an action, the third nowhere."""
    outline = (
        b"<</First 5 0 R>>",
        b"<</Title(One)/Dest[10 0 R/Fit]/First 6 0 R/Next 7 0 R>>",
        b"<</Title(Deeper)/A<</S/GoTo/D[11 0 R/Fit]>>>>",
        b"<</Title(Nowhere)>>",
    )
    content = make_pdf([show("a"), show("b")], catalog=b"/Outlines 4 0 R", objects=outline)
    with opened(content) as document:
        assert list(document.outline()) == [Entry("One", 1, 0), Entry("Deeper", 2, 1)]


def test_an_outline_that_is_a_circle_ends():
    outline = (b"<</First 5 0 R>>", b"<</Title(One)/Dest[7 0 R/Fit]/Next 5 0 R/First 5 0 R>>")
    content = make_pdf([show("a")], catalog=b"/Outlines 4 0 R", objects=outline)
    with opened(content) as document:
        assert {entry.title for entry in document.outline()} == {"One"}


def test_facts_language_and_label_are_empty_where_there_are_none():
    with opened(make_pdf([show("a")])) as document:
        found = (document.fact("Title"), document.language(), document.label(0))
        assert (*found, document.attachments()) == ("", "", "", [])


def test_a_password_opens_what_it_protects():
    content = (DATA / "password.pdf").read_bytes()
    with pytest.raises(WrongPassword), opened(content):
        pass
    with opened(content, password="password") as document:
        assert document.page_count == 1


def test_what_is_no_pdf_is_refused():
    with pytest.raises(PdfiumError), opened(b"no pdf"):
        pass


def test_a_page_that_is_not_there_is_refused():
    with opened(make_pdf([show("a")])) as document, pytest.raises(PdfiumError), document.page(7):
        pass
