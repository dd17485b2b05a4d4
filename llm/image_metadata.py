"""An image without what its camera and its programs wrote into it: place, owner, comments, previews, what follows its end.

Parts are kept or left out whole, by lists of those that pixels and their colours need (ITU T.81, PNG 3, GIF89a, RFC 9649);
no pixel is decoded. How a photo is to be turned is kept, as it could not be read otherwise. Left out too: PNG animations.
"""

import re
from collections.abc import Iterator
from struct import error, pack, unpack_from
from typing import Final

from llm.image_header import HEAD_BYTES, media_type

# JPEG: what stands between segments, or the pixels, end at a marker; in pixels FF is written FF00, and RSTn belong to them.
_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_END, _SCAN = 0xD9, 0xDA
_PIXELS: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_COLOURS: Final = frozenset({(0xE2, b"ICC_P"), (0xEE, b"Adobe")})
_JFIF, _EXIF = (0xE0, b"JFIF\0"), (0xE1, b"Exif\0")
_JFIF_HEAD: Final = 12  # version and density; a preview's size and the preview follow
_ORIENTATION, _SHORT = 0x0112, 3

_PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP"})  # fmt: skip
_FRAME_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_CHUNKS: Final = _FRAME_CHUNKS | {b"VP8X", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_METADATA_FLAGS: Final = 0b1100  # of VP8X: there is EXIF, there is XMP
_FRAME_HEAD: Final = 16  # of ANMF, in front of chunks of its own

_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF
_GIF_LOOP: Final = b"\x0bNETSCAPE2.0"


def without_metadata(data: bytes) -> bytes | None:
    """Return the image, never longer than it was; None for what is no whole image."""
    try:
        return b"".join(_kept(data))
    except (error, IndexError, EOFError):
        return None


def _kept(data: bytes) -> Iterator[bytes]:
    match media_type(data[:HEAD_BYTES]):
        case "image/jpeg":
            return _jpeg(data)
        case "image/png":
            return _png(data)
        case "image/webp":
            return _webp(data)
        case "image/gif":
            return _gif(data)
        case None:
            raise EOFError


def _part(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise EOFError
    return data[at : at + length]


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at, in_pixels = 2, False
    while marker := _MARKER.search(data, at):
        if in_pixels:
            yield data[at : marker.start()]
        kind = marker[1][0]
        if kind == _END:
            yield b"\xff\xd9"
            return
        (length,) = unpack_from(">H", data, marker.end())
        if length < 2:
            break
        content = _part(data, marker.end(), length)[2:]
        if content := _of_segment(kind, content):
            yield bytes((0xFF, kind)) + pack(">H", len(content) + 2) + content
        at, in_pixels = marker.end() + length, kind == _SCAN
    raise EOFError


def _of_segment(kind: int, content: bytes) -> bytes:
    """Return what is kept of a segment's content; nothing where all of it is left out."""
    named = kind, content[:5]
    if kind in _PIXELS or named in _COLOURS:
        return content
    if named == _JFIF:
        return content[:_JFIF_HEAD] + bytes(len(content[_JFIF_HEAD : _JFIF_HEAD + 2]))
    return _orientation_alone(content) if named == _EXIF else b""


def _orientation_alone(exif: bytes) -> bytes:
    """Return an EXIF block with nothing but how the image is turned; an upright one needs none."""
    try:
        turned = _orientation(exif[6:])
    except error:
        return b""
    alone = b"Exif\0\0MM\0*" + pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, turned, 0, 0)
    return alone if 2 <= turned <= 8 and len(alone) <= len(exif) else b""


def _orientation(tiff: bytes) -> int:
    order = "<" if tiff.startswith(b"II") else ">"
    (directory,) = unpack_from(f"{order}I", tiff, 4)
    (count,) = unpack_from(f"{order}H", tiff, directory)
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, _, value = unpack_from(f"{order}HHIH", tiff, at)
        if (tag, kind) == (_ORIENTATION, _SHORT):
            return int(value)
    return 1


def _png(data: bytes) -> Iterator[bytes]:
    yield data[:8]
    at, name = 8, b""
    while name != b"IEND":
        length, name = unpack_from(">I4s", data, at)
        chunk = _part(data, at, length + 12)
        if name in _PNG_CHUNKS:
            yield chunk
        at += length + 12


def _webp(data: bytes) -> Iterator[bytes]:
    (length,) = unpack_from("<I", data, 4)
    chunks = b"".join(_webp_chunks(_part(data, 8, length)[4:], _WEBP_CHUNKS))
    yield b"RIFF" + pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _webp_chunks(data: bytes, wanted: frozenset[bytes]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        name, length = unpack_from("<4sI", data, at)
        padded = length + length % 2
        content = _part(data, at + 8, padded)[:length]
        if name in wanted:
            content = _of_chunk(name, content)
            yield name + pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        at += 8 + padded


def _of_chunk(name: bytes, content: bytes) -> bytes:
    if name == b"VP8X":
        return bytes((content[0] & ~_WEBP_METADATA_FLAGS,)) + content[1:]
    if name == b"ANMF":
        frame = _webp_chunks(content[_FRAME_HEAD:], _FRAME_CHUNKS)
        return content[:_FRAME_HEAD] + b"".join(frame)
    return content


def _gif(data: bytes) -> Iterator[bytes]:
    at = 13 + _table_bytes(data[10])
    yield _part(data, 0, at)
    while data[at] != 0x3B:
        if data[at] == 0x21:
            head, kept = 2, _is_kept(data[at + 1], data[at + 2 : at + 14])
        elif data[at] == 0x2C:
            head, kept = 11 + _table_bytes(data[at + 9]), True
        else:
            raise EOFError
        end = _end_of_blocks(data, at + head)
        if kept:
            yield data[at:end]
        at = end
    yield b";"


def _table_bytes(flags: int) -> int:
    """Return how long a table of colours is, by the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _is_kept(label: int, block: bytes) -> bool:
    return label == _GIF_CONTROL or (label == _GIF_APPLICATION and block == _GIF_LOOP)


def _end_of_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1
