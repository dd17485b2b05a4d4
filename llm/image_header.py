"""What the first bytes of a file say of an image: its kind, and its width and height. Only the kinds that chat models are shown.

Nothing is decoded in this process: sizes stand in the headers (PNG IHDR, JPEG SOFn, GIF logical screen, WebP VP8, VP8L, VP8X).
"""

import struct
from typing import Final, Literal

MediaType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
HEAD_BYTES: Final = 16  # say which kind

_MOST_SEGMENTS: Final = 1_000  # of a JPEG, in front of the one with its size
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_LAST: Final = frozenset({0xD9, 0xDA})


def media_type(head: bytes) -> MediaType | None:
    """Return the kind of image that begins so; None for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return the width and height of an image; None where its header is cut off or says nothing that can be."""
    try:
        width, height = _read_size(data)
    except (struct.error, IndexError):
        return None
    return (width, height) if width and height else None


def _read_size(data: bytes) -> tuple[int, int]:
    match media_type(data[:HEAD_BYTES]):
        case "image/png":
            return _two(data, ">II", 16) if data[12:16] == b"IHDR" else (0, 0)
        case "image/gif":
            return _two(data, "<HH", 6)
        case "image/webp":
            return _webp(data)
        case "image/jpeg":
            return _jpeg(data)
        case None:
            return 0, 0


def _two(data: bytes, form: str, at: int) -> tuple[int, int]:
    one, other = struct.unpack_from(form, data, at)
    return int(one), int(other)


def _webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            width, height = _two(data, "<HH", 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L" if data[20] == 0x2F:
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= 30:
            sizes = data[24:27], data[27:30]
            return int.from_bytes(sizes[0], "little") + 1, int.from_bytes(sizes[1], "little") + 1
        case _:
            return 0, 0


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if data[at] != 0xFF or (kind := data[at + 1]) in _LAST:
            break
        if kind in _SIZES:
            height, width = _two(data, ">HH", at + 5)
            return width, height
        if kind == 0xFF:
            at += 1
        elif kind in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0
