import io

from ingest.extract.archive import open_archive
from ingest.extract.office.opc_properties import core_properties
from ingest.extract.segment import Properties
from tests.ingest.make_files import RELATIONS, make_zip

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = (
    f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
)
LEADS_THERE = (
    f'<Relationships xmlns="{RELATIONS}"><Relationship Type="{RELATIONS}/metadata/core-properties" '
    'Target="docProps/core.xml"/></Relationships>'
)


def properties_of(core):
    parts = {"_rels/.rels": LEADS_THERE, "docProps/core.xml": core}
    return core_properties(open_archive(io.BytesIO(make_zip(parts))))


def test_title_author_dates_and_language():
    core = HEAD + (
        "<dc:title>On &amp; off</dc:title><dc:creator>Ada</dc:creator><cp:lastModifiedBy>Bob</cp:lastModifiedBy>"
        "<dcterms:created>2020-01-02T03:04:05Z</dcterms:created><dcterms:modified>2021</dcterms:modified>"
        "<dc:language>de</dc:language></cp:coreProperties>"
    )
    expected = Properties("On & off", "Ada", "2020-01-02T03:04:05Z", "2021", "de")
    assert properties_of(core) == expected


def test_damaged_or_missing_ones_are_empty():
    assert properties_of("<no xml") == Properties()
    empty = open_archive(io.BytesIO(make_zip({"word/document.xml": ""})))
    assert core_properties(empty) == Properties()
