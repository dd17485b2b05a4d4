import io

import pytest

from ingest.extract.office import docx, pptx, sheet
from ingest.extract.office.protected import EXCELS_OWN, unlocked
from ingest.extract.segment import Segment, Unreadable
from tests.ingest.make_files import make_docx, paragraph
from tests.ingest.make_office import make_compound, make_pptx, make_xlsx, row
from tests.ingest.make_sealed import seal_agile, seal_standard

ARCHIVE = make_docx(paragraph("Low water"))
PASSWORD = "sésame"


@pytest.mark.parametrize("seal", [seal_standard, seal_agile])
def test_what_is_sealed_comes_out_with_the_password(seal):
    assert unlocked(io.BytesIO(seal(ARCHIVE, PASSWORD)), PASSWORD).read() == ARCHIVE


@pytest.mark.parametrize("seal", [seal_standard, seal_agile])
@pytest.mark.parametrize(
    ("password", "code"), [("", "password_needed"), ("sesame", "password_wrong")]
)
def test_without_it_or_with_another_it_does_not(seal, password, code):
    with pytest.raises(Unreadable) as caught:
        unlocked(io.BytesIO(seal(ARCHIVE, PASSWORD)), password)
    assert caught.value.code == code


def test_what_excel_seals_by_itself_needs_none():
    assert unlocked(io.BytesIO(seal_agile(ARCHIVE, EXCELS_OWN)), "").read() == ARCHIVE


@pytest.mark.parametrize("content", [ARCHIVE, b"text", b"", make_compound({"Workbook": b"x"})])
def test_what_is_not_sealed_stays_as_it_is(content):
    source = io.BytesIO(content)
    assert unlocked(source, "sesame") is source


@pytest.mark.parametrize(
    "content",
    [
        seal_agile(ARCHIVE, PASSWORD, spins=2_000_000),
        seal_agile(ARCHIVE, PASSWORD).replace(b"ChainingModeCBC", b"ChainingModeCFB"),
        seal_agile(ARCHIVE, PASSWORD).replace(b"SHA512", b"SHAABC"),
        seal_agile(ARCHIVE, PASSWORD).replace(b"p:encryptedKey", b"p:encryptedCat"),
        seal_agile(ARCHIVE, PASSWORD).replace(b"<keyData", b"<<eyData"),
        make_compound({"EncryptionInfo": b"\4\0\4\0", "EncryptedPackage": b""}),
        make_compound({"EncryptionInfo": bytes(300), "EncryptedPackage": bytes(24)}),
        make_compound({"EncryptedPackage": bytes(24)}),
    ],
)
def test_what_is_sealed_in_another_way_is_refused(content):
    with pytest.raises(Unreadable) as caught:
        unlocked(io.BytesIO(content), PASSWORD)
    assert caught.value.code == "encrypted"


@pytest.mark.parametrize(
    ("read", "archive", "text"),
    [
        (docx.read, ARCHIVE, "Low water\n"),
        (pptx.read, make_pptx("<a:p><a:r><a:t>Low water</a:t></a:r></a:p>"), "Low water"),
        (sheet.read, make_xlsx(row(1, 7)), "7"),
    ],
)
def test_documents_sheets_and_slides_are_read(read, archive, text):
    source = io.BytesIO(seal_agile(archive, PASSWORD))
    items = list(read(source, first=0, most_characters=10**6, password=PASSWORD))
    plain = list(read(io.BytesIO(archive), first=0, most_characters=10**6))
    assert items == plain
    assert text in "".join(item.text for item in items if isinstance(item, Segment))
