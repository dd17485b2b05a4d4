import io
import struct

import pytest

from ingest.extract.office.compound import Compound
from ingest.extract.office.summary import STREAM, summary
from ingest.extract.segment import Properties
from tests.ingest.make_office import make_compound

SAVED_AT = struct.pack("<IQ", 64, 132_223_104_000_000_000)  # 100 ns since 1601


def properties_of(values):
    """A property set of these values by number."""
    places, body = b"", b""
    for number, value in values.items():
        places += struct.pack("<II", number, 8 + 8 * len(values) + len(body))
        body += value
    section = struct.pack("<II", 8 + len(places) + len(body), len(values)) + places + body
    stream = bytes(44) + struct.pack("<I", 48) + section
    return summary(Compound(io.BytesIO(make_compound({STREAM: stream}))))


def text(value):
    return struct.pack("<II", 30, len(value)) + value


def test_text_in_its_code_page_and_dates():
    values = {1: struct.pack("<IH2x", 2, 1251), 2: text("Отчёт\0".encode("cp1251")), 13: SAVED_AT}
    assert properties_of(values) == Properties(title="Отчёт", modified="2020-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("page", "expected"), [(10000, "Té"), (65001, "T\ufffd"), (9, "TŽ")]
)  # 9 is none
def test_a_code_page_by_its_number(page, expected):
    values = {1: struct.pack("<IH2x", 2, page), 2: text(b"T\x8e")}
    assert properties_of(values) == Properties(title=expected)


def test_wide_text_and_none():
    wide = struct.pack("<II", 31, 4) + "Ada\0".encode("utf-16-le")
    assert properties_of({4: wide, 2: struct.pack("<II", 3, 7), 12: struct.pack("<IQ", 64, 0)}) == (
        Properties(author="Ada")
    )


@pytest.mark.parametrize(
    "values",
    [
        {12: struct.pack("<IQ", 64, 2**64 - 1)},  # the year 60056
        {2: struct.pack("<I", 30)},
        {},
    ],
)
def test_damaged_ones_say_nothing(values):
    assert properties_of(values) == Properties()


def test_a_file_without_them_says_nothing():
    assert summary(Compound(io.BytesIO(make_compound({"x": b"y"})))) == Properties()
