import io
from pathlib import Path

import pytest

from ingest.extract.markup.asciidoc import inline, read
from ingest.extract.segment import Properties, Segment, Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(raw), first=0, most_characters=10**6))


def text_of(content):
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def test_a_real_procedure():
    assert text_of((DATA / "asciidoc_03.asciidoc").read_bytes()) == (
        "\n# Renaming a bookmark\n\nYou can rename a bookmark to distinguish it from other bookmarks. If you have "
        "bookmarks to several folders that all share the same name, you can tell the bookmarks apart if you rename "
        "them.\n\nRenaming the bookmark does not rename the folder.\n\nProcedure\n\n- Right-click the bookmark in the "
        "side bar.\n\n- Select Rename….\n\nRename bookmark menu\n\n- In the Name field, enter the new name for the "
        "bookmark.\n\nBookmark name field\n\n- Click Rename.\n\nVerification\n\n- Check that the side bar lists the "
        "bookmark under the new name.\n\nRenamed bookmark\n"
    )


def test_the_header_tells_title_author_and_date():
    head = "= The Title =\nAda Lovelace <ada@example.org>\n:revdate: 1843-10-01\n:lang: en\n\nText"
    assert items_of(head)[0] == Properties("The Title", "Ada Lovelace", "", "1843-10-01", "en")
    assert items_of("just text")[0] == Properties()


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("== A\n\n=== B ===\n", "## A\n\n### B\n"),
        ("* a\n** b\n. c\n- d\n", "- a\n  - b\n- c\n- d\n"),
        ("term:: what it is\n", "term: what it is\n"),
        ("[source,python]\n----\n# kept *as* is\n----\n", "```\n# kept *as* is\n```\n"),
        ("a\n////\nhidden\n////\n// hidden\nb\n", "a\nb\n"),
        ("====\ninside\n====\n", "inside\n"),
        (".T\n|===\n^.^h|A 2+|B\n|c |d|\n||e\n|===\n", "T\n\nA | B\nc | d\n | e\n\n"),
        ("a |b\n", "a |b\n"),
        ("----\nnever closed", "```\nnever closed\n"),
    ],
)  # fmt: skip
def test_markup_becomes_light_structure(markup, expected):
    assert text_of(markup) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*bold* and _it_ and a*b*c 2*3*4", "bold and it and a*b*c 2*3*4"),
        (
            "https://a.org[here^] or link:b.html[there, window=x]",
            "here (https://a.org) or there (b.html)",
        ),
        ("<<id,the section>> <<other>> [[anchor]]text", "the section other text"),
        ("image::a.png[A cat, width=2] btn:[OK] {attr}", "A cat OK {attr}"),
    ],
)
def test_links_and_macros_give_their_words(line, expected):
    assert inline(line) == expected


def test_a_hostile_line_takes_linear_time():
    for line in ("*_" * 50_000, "[[" * 50_000, "|" * 100_000, "<<" * 50_000, "link:" * 20_000):
        assert len(text_of(line)) <= 400_001


def test_a_binary_is_refused():
    with pytest.raises(Unreadable):
        items_of(b"\0\1\2")
