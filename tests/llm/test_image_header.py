import pytest

from llm.image_header import media_type, size_of
from tests.llm.make_image import make_image

KINDS = [
    ("PNG", {}, "image/png"),
    ("GIF", {}, "image/gif"),
    ("JPEG", {}, "image/jpeg"),
    ("JPEG", {"progressive": True, "exif": b"Exif\0\0" + b"\xff" * 9_000}, "image/jpeg"),
    ("WEBP", {}, "image/webp"),
    ("WEBP", {"lossless": True}, "image/webp"),
    ("WEBP", {"exif": b"Exif\0\0"}, "image/webp"),
]


@pytest.mark.parametrize(("kind", "how", "expected"), KINDS)
def test_kind_and_size_stand_in_the_header(kind, how, expected):
    data = make_image(kind, (301, 17), **how)
    assert (media_type(data[:16]), size_of(data)) == (expected, (301, 17))


@pytest.mark.parametrize(("kind", "how", "expected"), KINDS)
def test_one_that_is_cut_off_anywhere_has_its_size_or_none(kind, how, expected):
    data = make_image(kind, (301, 17), **how)
    assert {size_of(data[:length]) for length in range(len(data))} == {None, (301, 17)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"<svg/>",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"BM" + b"\0" * 30,
        b"GIF88a\x01\0\x01\0",
    ],
)
def test_what_is_no_image_that_models_are_shown_is_none(data):
    assert (media_type(data[:16]), size_of(data)) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIDAT" + b"\1" * 20,
        b"GIF89a\0\0\0\0",
        b"\xff\xd8\xff\xe0" + b"\0\2\xff\xe0" * 3_000,
        b"\xff\xd8" + b"\xff" * 3_000,
        b"RIFF\0\0\0\0WEBPVP8 " + b"\1" * 30,
    ],
)
def test_a_header_without_a_size_in_reach_has_none(data):
    assert size_of(data) is None
