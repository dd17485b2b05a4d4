import pytest

from ingest.formats import (
    DOC,
    DOCX,
    EPUB,
    ODP,
    ODS,
    ODT,
    OUTLOOK,
    PPT,
    PPTX,
    XLS,
    XLSB,
    XLSX,
)
from ingest.office_kind import document_in_compound, document_in_zip

HEAD = b"PK\x03\x04".ljust(30, b"\0")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["word/document2.xml", "word/embeddings/sheet.xlsx"], DOCX),
        (["ppt/presentation.xml"], PPTX),
        (["xl/workbook.xml"], XLSX),
        (["xl/workbook.bin", "xl/styles.bin"], XLSB),
        (["META-INF/container.xml", "book.opf"], EPUB),
        (["xl\\workbook.xml"], XLSX),
        (["[Content_Types].xml", "workbook.xml"], XLSX),
        (["workbook.xml"], None),
        (["documents/word/document.xml"], None),
        ([], None),
    ],
)
def test_packages_by_their_main_part(names, expected):
    assert document_in_zip(HEAD, names) == expected


@pytest.mark.parametrize("media_type", [EPUB, ODT, ODS, ODP])
def test_archives_that_declare_themselves(media_type):
    assert document_in_zip(HEAD + b"mimetype" + media_type.encode() + b"PK", []) == media_type


def test_a_template_is_what_is_made_from_it():
    assert document_in_zip(HEAD + b"mimetype" + ODT.encode() + b"-templatePK", []) == ODT


@pytest.mark.parametrize(
    ("streams", "name", "expected"),
    [
        (["WordDocument", "1Table"], "a", DOC),
        (["PowerPoint Document"], "a.xls", PPT),
        (["Workbook"], "a", XLS),
        (["BOOK"], "a", XLS),
        (["__properties_version1.0"], "a", OUTLOOK),
        (["EncryptedPackage"], "a.DOCX", DOCX),
        (["EncryptedPackage"], "a.pptx", PPTX),
        (["EncryptedPackage"], "a", XLSX),
        (["Contents"], "a.doc", None),
    ],
)
def test_compound_files_by_their_streams(streams, name, expected):
    assert document_in_compound(streams, name=name) == expected
