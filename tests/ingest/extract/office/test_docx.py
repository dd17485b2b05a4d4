import io
from pathlib import Path

import pytest

from ingest.extract.office.docx import read
from ingest.extract.segment import Properties, Unreadable
from tests.ingest.make_files import W, make_docx, make_zip, paragraph, texts

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(content):
    return "".join(texts(read(io.BytesIO(content), first=0, most_characters=10**6)))


def run(inner):
    return f"<w:p><w:r>{inner}</w:r></w:p>"


def cell(*paragraphs):
    return f"<w:tc>{''.join(paragraphs)}</w:tc>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (paragraph("a") + paragraph("") + paragraph("b"), "a\n\nb\n"),
        (run("<w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t>"), "a\tb\nc\n"),
        ("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t></w:r></w:p>", "a\n"),
        (paragraph("H", properties='<w:outlineLvl w:val="1"/>'), "## H\n"),
        (
            paragraph("i", properties='<w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr>'),
            "  - i\n",
        ),
        (paragraph("n", properties='<w:numPr><w:numId w:val="0"/></w:numPr>'), "n\n"),
        (
            (
                f"<w:tbl><w:tr>{cell(paragraph('a'), paragraph('b'))}{cell(paragraph('c'))}</w:tr>"
                f"<w:tr>{cell(paragraph('d'))}</w:tr></w:tbl>{paragraph('e')}"
            ),
            "a b | c\nd\n\ne\n",
        ),
        (
            "<w:p><w:r><w:t>outer</w:t><mc:AlternateContent><mc:Choice><w:txbxContent>"
            + paragraph("box")
            + "</w:txbxContent></mc:Choice><mc:Fallback>"
            + paragraph("box")
            + "</mc:Fallback></mc:AlternateContent></w:r></w:p>",
            "box\n\nouter\n",
        ),
        ("<w:p><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>", "E=mc\n"),
        (run("<w:delText>gone</w:delText><w:instrText>PAGE</w:instrText><w:t>a</w:t>"), "a\n"),
        (f"<w:moveFrom>{paragraph('a')}</w:moveFrom>{paragraph('a')}", "a\n"),
        ("<w:t>stray</w:t>", ""),
    ],
)
def test_the_body_in_document_order(body, expected):
    assert text_of(make_docx(body)) == expected


def test_notes_headers_and_footers_follow_the_body():
    parts = {
        "header.xml": f"<w:hdr {W}>{paragraph('head')}</w:hdr>",
        "footnotes.xml": f"<w:footnotes {W}><w:footnote>{paragraph('note')}</w:footnote></w:footnotes>",
        "styles.xml": f'<w:styles {W}><w:style w:styleId="X"><w:name w:val="heading 2"/></w:style></w:styles>',
    }
    body = paragraph("body", properties='<w:pStyle w:val="X"/>')
    assert text_of(make_docx(body, parts=parts)) == "## body\n\nnote\n\nhead\n"


def test_what_charts_say_follows_the_rest():
    chart = (
        '<c:chart xmlns:c="http://purl.oclc.org/ooxml/drawingml/chart"><c:ser><c:tx><c:v>Ducks</c:v>'
        "</c:tx></c:ser></c:chart>"
    )
    parts = {"chart.xml": chart, "footer.xml": f"<w:ftr {W}>{paragraph('foot')}</w:ftr>"}
    assert text_of(make_docx(paragraph("a"), parts=parts)) == "a\n\nfoot\n\nDucks\n"


def test_properties_come_first():
    with (DATA / "word_tables.docx").open("rb") as source:
        first = next(read(source, first=3, most_characters=10**6))
    assert first == Properties(
        author="Cesar Berrospi Ramis",
        created="2025-01-31T14:37:00Z",
        modified="2025-01-31T14:47:00Z",
    )


def test_a_real_document_in_strict_format():
    assert text_of((DATA / "Strict.docx").read_bytes()) == "Some text\n"


def test_a_real_document_with_headings():
    lines = text_of((DATA / "unit_test_headers.docx").read_bytes()).split("\n\n")
    assert lines[:5] == [
        "# Test Document",
        "# Section 1",
        "Paragraph 1.1",
        "Paragraph 1.2",
        "## Section 1.1",
    ]


def test_real_text_boxes_are_read_once():
    text = text_of((DATA / "textbox.docx").read_bytes())
    assert text.count("Student falls ill") == 1


@pytest.mark.parametrize(
    "content",
    [
        make_zip({"word/document.xml": "<x/>"}),  # no relation leads to it
        make_docx("<w:p>"),
        make_docx("")[:-40],
    ],
)
def test_damaged_documents_are_refused(content):
    with pytest.raises(Unreadable) as caught:
        text_of(content)
    assert caught.value.code == "broken_file"
