import pytest

from ingest.container_kind import kind_of_mail, kind_of_packed, kind_of_zip
from ingest.extract.mail.cms import SIGNED_DATA
from ingest.formats import BZIP2, GZIP, MAIL, MBOX, SIGNED, TAR, WINMAIL, XZ, ZIP

HEADERS = "From: a@example.org\nTo: b@example.org\n"


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a.txt"], ZIP),
        ([], ZIP),
        (["META-INF/MANIFEST.MF", "A.class"], None),
        (["Index/Document.iwa"], None),
        (["[Content_Types].xml", "visio/document.xml"], None),
    ],
)
def test_a_package_is_no_archive_that_somebody_packed(names, kind):
    assert kind_of_zip(names) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08\x00", GZIP),
        (b"BZh91AY", BZIP2),
        (b"\xfd7zXZ\0\0", XZ),
        (b"\x78\x9f\x3e\x22\1\0", WINMAIL),
        (bytes(257) + b"ustar\x0000", TAR),
        (bytes.fromhex("30800609") + SIGNED_DATA, SIGNED),
        (b"-----BEGIN PKCS7-----\nMII", SIGNED),
        (b"-----BEGIN CERTIFICATE-----\nMII", None),
        (b"0123 " + bytes(40) + SIGNED_DATA, None),
        (b"BZ", None),
        (b"", None),
    ],
)
def test_packed_files_are_told_by_their_first_bytes(head, kind):
    assert kind_of_packed(head) == kind


@pytest.mark.parametrize(
    ("text", "suffix", "kind"),
    [
        (HEADERS + "Subject: Tides\n\nAt dawn.", "", MAIL),
        (HEADERS + " folded\nX-Odd : 1\nDate: today\n", ".txt", MAIL),
        (HEADERS + "\nNo more.", "", None),
        (HEADERS + "Subject: x\nSnapshot-Content-Location: https://example.org\n", "", None),
        (HEADERS + "Subject: x\n", ".mht", None),
        (HEADERS + "\nNo more.", ".eml", MAIL),
        ("Dear all,\nTo: no header\n", ".eml", None),
        ("name: x\nversion: 1\ndate: 2\nauthor: y\n", "", None),
        ("From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a\n", ".eml", MAIL),
        ("From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a\n", "", MBOX),
        ("From here on: the tide at 10:30\n\nit rises", "", None),
    ],
)
def test_a_mail_begins_with_headers_of_mails(text, suffix, kind):
    assert kind_of_mail(text, suffix=suffix) == kind
