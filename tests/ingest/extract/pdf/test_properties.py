from tempfile import TemporaryFile

import pytest

from ingest.extract.pdf.document import Document
from ingest.extract.pdf.properties import iso_date, read_properties
from ingest.extract.segment import Properties
from tests.ingest.make_files import make_pdf, show

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Häfen &amp; Schiffe</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Grace</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
ENTITY = '<x:xmpmeta xmlns:x="a"><!DOCTYPE w [<!ENTITY e "x">]></x:xmpmeta>'


def properties_of(*, info=b"", xmp="", catalog=b""):
    data = xmp.encode()
    packet = b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n%s\nendstream" % (len(data), data)
    content = make_pdf([show("a")], info=info, catalog=catalog, objects=(packet,))
    with TemporaryFile() as source:
        source.write(content)
        source.flush()
        with Document(source) as document:
            return read_properties(document, source)


def test_the_information_dictionary():
    info = b"/Title(On  harbours)/Author(Ada)/CreationDate(D:20240131120000+01'00')/ModDate(D:2025)"
    assert properties_of(info=info, catalog=b"/Lang(en-GB)") == Properties(
        "On harbours", "Ada", "2024-01-31T12:00:00+01:00", "2025", "en-GB"
    )


def test_xmp_where_that_is_silent():
    assert properties_of(xmp=XMP) == Properties(title="Häfen & Schiffe", author="Ada, Grace")
    assert properties_of(info=b"/Title(Mine)", xmp=XMP) == Properties("Mine", "Ada, Grace")


@pytest.mark.parametrize("xmp", ["<x:xmpmeta", "<x:xmpmeta></x:xmpmeta>", ENTITY])
def test_broken_or_hostile_xmp_says_nothing(xmp):
    assert properties_of(xmp=xmp) == Properties()


def test_a_language_that_is_none_is_left_out():
    assert properties_of(catalog=b"/Lang(the king's English)") == Properties()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("D:20240131", "2024-01-31"),
        ("D:202401311405Z", "2024-01-31T14:05:00Z"),
        ("20240131140501-0330", "2024-01-31T14:05:01-03:30"),
        ("D:20240131140501", "2024-01-31T14:05:01"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates_are_as_precise_as_they_are_given(date, expected):
    assert iso_date(date) == expected
