import base64
import io

import pytest

from ingest.extract.mail.signed import read
from ingest.extract.segment import Member, Segment, Unreadable
from tests.ingest.extract.mail.test_cms import der, open_ended, signed

INVOICE = signed(der, der(0x04, b"<invoice/>"))
PEM = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(INVOICE) + b"-----END PKCS7-----\n"


def items_of(content: bytes):
    return list(read(io.BytesIO(content), first=0, most_characters=100))


@pytest.mark.parametrize("content", [INVOICE, PEM, signed(open_ended, der(0x04, b"<invoice/>"))])
def test_what_was_signed_is_a_file_of_its_own(content):
    assert items_of(content) == [
        Segment(0, None, None, "One signed file.\n"),
        Member(1, "", b"<invoice/>", True),
    ]


@pytest.mark.parametrize("content", [signed(der, b""), INVOICE[:20], b"-----BEGIN X-----"])
def test_a_mere_signature_says_so(content):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "no_content"
