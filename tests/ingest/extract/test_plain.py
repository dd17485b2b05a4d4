import io

import pytest

from ingest.extract.plain import LONGEST_LINE, lines, read
from ingest.extract.segment import Segment, Unreadable


def text_of(content):
    return "".join(one.text for one in read(io.BytesIO(content), first=0, most_characters=10**6))


def test_text_is_kept_as_it_is():
    content = "# Über\r\n\r\n\tnaïve e\u0301\n"
    expected = [Segment(0, None, None, "# Über\n\n\tnaïve e\u0301\n")]
    assert list(read(io.BytesIO(content.encode()), first=0, most_characters=99)) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_found(encoding):
    assert text_of("Grüße\n".encode(encoding)) == "Grüße\n"


def test_a_character_that_is_cut_off_at_the_end_is_replaced():
    assert text_of("Grüße é".encode()[:-1]) == "Grüße \ufffd\n"


def test_what_does_not_decode_is_replaced():
    assert text_of("Grüße ".encode() + b"\xff\n") == "Grüße \ufffd\n"


def test_a_line_break_between_two_reads_is_one():
    assert text_of(b"a" * 65_535 + b"\r\nb") == "a" * 65_535 + "\nb\n"


@pytest.mark.parametrize(
    ("content", "code"), [(b"\0\1\2", "not_text"), (b"a" * 2_000_000, "too_much_text")]
)
def test_refused_before_the_first_segment(content, code):
    with pytest.raises(Unreadable) as refusal:
        read(io.BytesIO(content), first=0, most_characters=10**6)
    assert refusal.value.code == code


def test_lines_end_where_the_text_says_and_are_bounded():
    assert list(lines(["a", "b\n\nc\u2028", "d"])) == ["ab\n", "\n", "c\u2028d"]
    assert [len(line) for line in lines(["x" * LONGEST_LINE, "y", "z\n"])] == [LONGEST_LINE + 1, 2]
