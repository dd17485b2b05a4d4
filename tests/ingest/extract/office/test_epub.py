import io
from pathlib import Path

import pytest

from ingest.extract.office.epub import read
from ingest.extract.segment import Properties, Unreadable
from tests.ingest.make_files import make_zip, texts

DATA = Path(__file__).parents[3] / "data" / "files"
CONTAINER = (
    '<c xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfile full-path="a/b.opf"/></c>'
)


def make_epub(*chapters, metadata="", members=None):
    """A book of the given chapters, and a contents page that is not one."""
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    items += '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    spine = '<itemref idref="nav"/>' + "".join(
        f'<itemref idref="c{n}"/>' for n in range(len(chapters))
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata>{metadata}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {f"a/c {n}.xhtml": chapter for n, chapter in enumerate(chapters)}
    nav = {"a/nav.xhtml": "<p>Contents</p>"}
    return make_zip(
        {"META-INF/container.xml": CONTAINER, "a/b.opf": book, **nav, **pages, **(members or {})}
    )


def items_of(content):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def text_of(content):
    return "".join(texts(items_of(content)))


def encrypted_with(algorithm):
    method = (
        f'<EncryptionMethod xmlns="http://www.w3.org/2001/04/xmlenc#" Algorithm="{algorithm}"/>'
    )
    return {"META-INF/encryption.xml": f"<encryption>{method}</encryption>"}


def test_a_real_book():
    properties, *segments = items_of((DATA / "test.epub").read_bytes())
    assert properties == Properties(
        "Test EPUB Document", "Test Author", "", "2024-12-18T10:53:14Z", "en"
    )
    assert "".join(texts(segments)) == (
        "A test EPUB document for MarkItDown testing\n\n# Chapter 1: Test Content\n\n"
        "This is a test paragraph with some formatting.\n\nIt includes:\n\n- A bullet point\n- Another point\n\n"
        "# Chapter 2: More Content\n\nHere's a second chapter with a different style.\n\n"
        "This is a blockquote for testing.\n"
    )


def test_chapters_in_the_order_of_the_spine_without_the_contents_page():
    assert text_of(make_epub("<p>a</p>", "", "<p>b</p>")) == "a\n\nb\n"


def test_a_chapter_without_a_heading_is_headed_by_its_own_title():
    title = "<title>{}</title><p>{}</p>"
    chapters = [
        title.format("On\nducks, part 1", "a"),  # the book's
        title.format("Teal", "b"),
        title.format("Teal", "c"),  # the last one's
        title.format("Pochard", "<h2>Geese</h2>"),
    ]
    metadata = "<dc:title>On Ducks</dc:title>"
    assert text_of(make_epub(*chapters, metadata=metadata)) == "a\n\n# Teal\n\nb\n\nc\n\n## Geese\n"


def test_missing_chapters_are_passed_over():
    content = make_epub("<p>a</p>", "<p>b</p>").replace(b"c 0.xhtml", b"c 9.xhtml")
    assert text_of(content) == "b\n"


def test_hidden_fonts_are_no_protection():
    members = encrypted_with("http://www.idpf.org/2008/embedding")
    assert text_of(make_epub("<p>a</p>", members=members)) == "a\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (make_epub("x", members=encrypted_with("http://www.w3.org/2001/04/xmlenc#aes256-cbc")), "encrypted"),
        (make_epub(), "broken_file"),
        (make_zip({"META-INF/container.xml": CONTAINER}), "broken_file"),
        (make_epub("x")[:-40], "broken_file"),
    ],
)  # fmt: skip
def test_protected_and_damaged_books_are_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == code
