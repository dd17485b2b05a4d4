import io
from pathlib import Path

from ingest.extract.archive import open_archive
from ingest.extract.office.odf_package import odf_properties
from ingest.extract.segment import Properties
from tests.ingest.make_files import make_zip

META = (
    '<o:document-meta xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<dc:title>On ducks</dc:title><meta:initial-creator>Ada</meta:initial-creator><dc:creator>Bob</dc:creator>"
    "<meta:creation-date>2020-01-02</meta:creation-date><dc:date>2021-02-03</dc:date>"
    "<dc:language>de-DE</dc:language></o:document-meta>"
)


def properties_of(members):
    return odf_properties(open_archive(io.BytesIO(make_zip(members))))


def test_title_author_dates_and_language():
    expected = Properties("On ducks", "Ada", "2020-01-02", "2021-02-03", "de-DE")
    assert properties_of({"meta.xml": META}) == expected


def test_damaged_or_missing_ones_are_empty():
    assert properties_of({"meta.xml": META[:-9]}) == Properties()
    assert properties_of({"content.xml": ""}) == Properties()


def test_a_real_file():
    path = Path(__file__).parents[3] / "data" / "files" / "odf_table_with_title_01.ods"
    with path.open("rb") as source:
        found = odf_properties(open_archive(source))
    assert found == Properties(
        created="2026-06-09T14:50:11.888942000", modified="2026-06-09T15:50:38.041798000"
    )
