import io

import pytest

from ingest.extract.encoding import Measured, is_sure, measure, sniff

TEXT = "Grüße – naïve Café"  # noqa: RUF001


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode()[:3], "utf-8"),  # cut inside a character
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "utf-8"),  # as far as the head tells
        ("Ārēji".encode("utf-16-le"), "utf-16-le"),  # Ā has a zero for its low byte
        (TEXT.encode("utf-32-le"), "utf-32-le"),
        (TEXT.encode("utf-32-be"), "utf-32-be"),
        ("人人生而自由。在尊严和权利上一律平等。\n".encode("utf-16-le"), "utf-16-le"),
        ("모든 인간은 태어날 때부터 자유로우며\n".encode("utf-16-be"), "utf-16-be"),
        (bytes((n * 7919) % 256 for n in range(4096)), None),
        (b"", "utf-8"),
        (b"\0\1\2", None),
        (b"\0", None),
        (b"text with \0 in it", None),
        (bytes(range(1, 32)), None),
        (b"\x1b[31mred\x1b[0m\f", "utf-8"),
    ],
)
def test_marks_then_zeros_then_utf_8(content, expected):
    assert sniff(content) == expected


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (TEXT.encode("cp1252"), "utf-8", Measured("cp1252", 18)),
        (TEXT.encode(), "utf-8", Measured("utf-8", 18)),
        (b"a" * 20_000 + "é".encode("cp1252"), "utf-8", Measured("cp1252", 20_001)),
        (TEXT.encode() + b"\xff", "utf-8", Measured("utf-8", 19)),
        (TEXT.encode("utf-16"), "utf-16", Measured("utf-16", 18)),
        ("люди рождаются свободными".encode("koi8-r"), "utf-8", Measured("koi8-r", 25)),
        ("すべての人間は、生まれながらに".encode("cp932"), "utf-8", Measured("cp932", 15)),
        ("é".encode() * 700_000, "utf-8", Measured("utf-8", 700_000)),
    ],
)
def test_a_look_at_the_whole_file_settles_it(content, encoding, expected):
    assert measure(io.BytesIO(content), encoding) == expected


def test_what_was_guessed_is_not_sure():
    assert [is_sure(name) for name in ("utf-8", "utf-16-le", "cp1252", "koi8-r")] == [
        True,
        True,
        False,
        False,
    ]
