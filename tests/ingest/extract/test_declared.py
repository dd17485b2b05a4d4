import io

import pytest

from ingest.extract.declared import open_declared
from ingest.extract.segment import Unreadable


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>Grüße".encode(), "<p>Grüße"),
        ("charset=latin-1 Grüße".encode(), "charset=latin-1 Grüße"),
        ("encoding='windows-1251' Привет".encode("cp1251"), "encoding='windows-1251' Привет"),
        ("charset=base64 Grüße".encode("cp1252"), "charset=base64 Grüße"),
    ],
)
def test_valid_utf_8_counts_more_than_what_is_declared(content, expected):
    assert "".join(open_declared(io.BytesIO(content), most_characters=100)) == expected


@pytest.mark.parametrize(
    ("content", "code"), [(b"\0\1\2", "not_text"), (b"<p>" * 101, "too_much_text")]
)
def test_refused_before_the_first_piece(content, code):
    with pytest.raises(Unreadable) as refusal:
        open_declared(io.BytesIO(content), most_characters=100)
    assert refusal.value.code == code
