"""Which picture a file is, by its first bytes; and of what is not text at all, what to call it. A part of detect.py."""

from typing import Final, NamedTuple

from ingest.formats import BMP, GIF, JPEG, NOT_READ_REMEDY, PNG, TIFF, WEBP

PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
)
SOUND_OR_FILM: Final = (
    b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"fLaC", b"OggS", b"MThd", b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11", b"FLV\x01", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"#!AMR",
)  # fmt: skip
ARCHIVES: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")  # fmt: skip


class NotRead(NamedTuple):
    """Why a file is only stored, for a person."""

    message: str
    remedy: str


ANY: Final = NotRead("Files of this type are stored but not read.", NOT_READ_REMEDY)
HEIF: Final = NotRead(
    "HEIC and AVIF pictures are stored but not read.", "Save it as JPEG or PNG and upload that."
)
MEDIA: Final = NotRead("Sound and film are stored but not read.", "Upload what is said as text.")
ARCHIVE: Final = NotRead(
    "RAR and 7z archives are stored but not read.", "Unpack it and upload the files or a ZIP."
)


def picture_kind(head: bytes) -> str | None:
    """Return the media type of a picture that is read."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"BM") and head[6:10] == bytes(4):  # reserved; a text has letters there
        return BMP
    return next((kind for magic, kind in PICTURES if head.startswith(magic)), None)


def why_not_read(head: bytes) -> NotRead:
    """Return the reason for a file that detect() does not know."""
    if head[4:8] == b"ftyp":
        return HEIF if head[8:12] in HEIF_BRANDS else MEDIA
    if head.startswith(ARCHIVES):
        return ARCHIVE
    if head.startswith(b"RIFF") or (head.startswith(b"FORM") and head[8:11] == b"AIF"):
        return MEDIA
    return MEDIA if head.startswith(SOUND_OR_FILM) else ANY
