import io

from ingest.extract.archive import open_archive
from ingest.extract.office.ooxml import main_part, related
from tests.ingest.make_files import make_docx, make_zip


def test_relations_lead_to_parts_of_the_archive_only():
    archive = open_archive(io.BytesIO(make_docx("", parts={"styles.xml": "", "header1.xml": ""})))
    assert main_part(archive) == "word/document.xml"
    assert related(archive, "") == [("officeDocument", "word/document.xml", "r")]
    assert related(archive, "word/document.xml") == [
        ("styles", "word/styles.xml", "r0"),
        ("header1", "word/header1.xml", "r1"),
    ]
    odd = (
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
        "<Relationship Type='a/image' Target='http://x' TargetMode='External'/>"
        "<Relationship Type='a/styles' Target='/word/s.xml'/>"
        "<Relationship Type='a/footer' Target='../../../etc/passwd'/></Relationships>"
    )
    archive = open_archive(io.BytesIO(make_zip({"word/_rels/d.xml.rels": odd})))
    assert related(archive, "word/d.xml") == [
        ("styles", "word/s.xml", ""),
        ("footer", "etc/passwd", ""),
    ]
