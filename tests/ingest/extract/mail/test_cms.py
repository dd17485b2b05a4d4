import base64

import pytest

from ingest.extract.mail.cms import SIGNED_DATA, signed_content


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x82]) + len(content).to_bytes(2) + content


def open_ended(tag: int, *contents: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def signed(wrap, content: bytes, kind: bytes = SIGNED_DATA) -> bytes:
    """A SignedData of one content, without the certificates and signatures behind it."""
    text = wrap(0x30, der(0x06, b"\x2a\x03"), wrap(0xA0, content))
    body = wrap(0x30, der(0x02, b"\x01"), der(0x31), text, der(0x31))
    return wrap(0x30, der(0x06, kind), wrap(0xA0, body))


@pytest.mark.parametrize("wrap", [der, open_ended])
def test_what_was_signed_comes_out(wrap):
    assert signed_content(signed(wrap, der(0x04, b"Tides" * 50))) == b"Tides" * 50
    pieces = wrap(0x24, der(0x04, b"Ti"), der(0x04, b"des"))
    assert signed_content(signed(wrap, pieces)) == b"Tides"


ENVELOPED = bytes.fromhex("2a864886f70d010703")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"\x30\x80" * 5000,
        b"\x30\x84\xff\xff\xff\xff",
        signed(der, der(0x04, b"x"), ENVELOPED),
        signed(der, der(0x04, b"Tides" * 50))[:-100],
        signed(der, b"\x24\x80" * 500),
        base64.b64encode(signed(der, der(0x04, b"x"))),
    ],
)
def test_what_is_no_signed_message_has_no_content(data):
    assert signed_content(data) == b""
