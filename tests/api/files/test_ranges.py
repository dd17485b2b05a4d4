import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.files.ranges import ByteRange, NotSatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-9", ByteRange(0, 10)),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=90-", ByteRange(90, 100)),
        ("bytes=-10", ByteRange(90, 100)),
        ("bytes=-1000", ByteRange(0, 100)),
        ("bytes=99-1000", ByteRange(99, 100)),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
    ],
)
def test_one_range_of_bytes_is_served_and_anything_else_ignored(header, expected):
    assert parse_range(header, size_bytes=100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_is_not_satisfiable(header):
    with pytest.raises(NotSatisfiable):
        parse_range(header, size_bytes=100)


def test_an_empty_file_has_no_range():
    with pytest.raises(NotSatisfiable):
        parse_range("bytes=0-", size_bytes=0)


def test_content_range_counts_from_nought_to_the_last_byte():
    assert ByteRange(0, 10).content_range(100) == "bytes 0-9/100"


@given(st.text(), st.integers(0, 10**6))
def test_any_header_has_a_reading(header, size_bytes):
    try:
        found = parse_range(header, size_bytes=size_bytes)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.start < found.end <= size_bytes
