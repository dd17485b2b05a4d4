"""The two examples of MS-OXRTFCP, section 4."""

import pytest

from ingest.extract.mail.compressed_rtf import KNOWN, decompressed

SIMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
OVERLAPPING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def test_the_dictionary_is_the_standards():
    assert len(KNOWN) == 207


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (SIMPLE, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"),
        (OVERLAPPING, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
        (bytes.fromhex("1000000003000000") + b"MELA" + bytes(4) + b"abcdef", b"abc"),
    ],
)
def test_it_is_unpacked(data, text):
    assert decompressed(data) == text


@pytest.mark.parametrize("end", range(len(SIMPLE)))
def test_a_damaged_one_gives_what_there_is(end):
    whole = decompressed(SIMPLE)
    assert whole.startswith(decompressed(SIMPLE[:end]))


def test_what_is_none_gives_nothing_and_a_lie_about_the_size_no_more_than_there_is():
    assert decompressed(b"") == decompressed(bytes(99)) == b""
    lying = SIMPLE[:4] + b"\xff\xff\xff\xff" + SIMPLE[8:]
    assert decompressed(lying) == decompressed(SIMPLE)
