"""Images for tests, as Pillow writes them."""

import io
import struct
import zlib

from PIL import Image

_CHUNK_BYTES = 12  # around what a chunk of a PNG holds; IEND, the last one, holds nothing


def make_image(
    kind: str = "PNG", size: tuple[int, int] = (7, 5), *, padded_to: int = 0, **how: object
) -> bytes:
    """Return a black image; `padded_to` makes a PNG as many bytes long by data that no pixel takes."""
    written = io.BytesIO()
    Image.new("RGB", size).save(written, kind, **how)
    content = written.getvalue()
    if not padded_to:
        return content
    unused = bytes(padded_to - len(content) - _CHUNK_BYTES)
    chunk = struct.pack(">I4s", len(unused), b"IDAT") + unused
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    return content[:-_CHUNK_BYTES] + chunk + content[-_CHUNK_BYTES:]
