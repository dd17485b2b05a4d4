import io

import pytest

from ingest.extract.archive import open_archive
from ingest.extract.office.docx_styles import PLAIN, Look, read_styles
from tests.ingest.make_files import W, make_zip

STYLES = f"""<w:styles {W}>
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="H9"><w:name w:val="Heading 9"/></w:style>
<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:styleId="O"><w:name w:val="Odd"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:styleId="B"><w:name w:val="Body"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
<w:style w:styleId="L"><w:name w:val="List"/><w:pPr><w:numPr/></w:pPr></w:style>
<w:style w:styleId="C1"><w:basedOn w:val="C2"/></w:style>
<w:style w:styleId="C2"><w:basedOn w:val="C1"/></w:style>
</w:styles>"""


@pytest.mark.parametrize(
    ("style", "look"),
    [
        ("berschrift1", Look(1, is_item=False)),
        ("H9", Look(6, is_item=False)),
        ("Mine", Look(1, is_item=False)),
        ("T", Look(1, is_item=False)),
        ("O", Look(3, is_item=False)),
        ("B", PLAIN),
        ("L", Look(0, is_item=True)),
        ("C1", PLAIN),
        ("unknown", PLAIN),
    ],
)
def test_what_a_style_makes_of_a_paragraph(style, look):
    archive = open_archive(io.BytesIO(make_zip({"s.xml": STYLES})))
    assert read_styles(archive, "s.xml").look(style) == look
