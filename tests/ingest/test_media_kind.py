import pytest

from ingest.media_kind import ANY, ARCHIVE, HEIF, MEDIA, picture_kind, why_not_read


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xe1Exif", "image/jpeg"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x36\xd5\x01\0\0\0\0\0\x36", "image/bmp"),
        (b"BM: minutes of the meeting", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"", None),
    ],
)
def test_pictures_are_told_by_their_first_bytes(head, expected):
    assert picture_kind(head) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x18ftypheic", HEIF),
        (b"Rar!\x1a\x07\x01\0", ARCHIVE),
        (b"7z\xbc\xaf\x27\x1c\0\x04", ARCHIVE),
        (b"\0\0\0\x18ftypavif", HEIF),
        (b"\0\0\0\x18ftypM4A ", MEDIA),
        (b"\0\0\0\x18ftypisom", MEDIA),
        (b"ID3\x04", MEDIA),
        (b"\xff\xfb\x90", MEDIA),
        (b"RIFF\0\0\0\0WAVEfmt ", MEDIA),
        (b"FORM\0\0\0\0AIFF", MEDIA),
        (b"OggS", MEDIA),
        (b"\x1aE\xdf\xa3webm", MEDIA),
        (b"\x7fELF", ANY),
        (b"", ANY),
    ],
)
def test_what_is_not_read_is_named(head, expected):
    assert why_not_read(head) == expected
