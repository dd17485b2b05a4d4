"""Hostile pictures: giants in a few bytes, circles of pages, bombs in comments, garbage under right marks."""

import struct
import zlib
from collections.abc import Callable, Mapping

from tests.hostile.lure import Lure

PNG = b"\x89PNG\r\n\x1a\n"


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {
        "million-by-million.png": lambda: _png(1_000_000, 1_000_000),
        "two-billion-wide.png": lambda: _png(0x7FFFFFFF, 1),
        "no-width.png": lambda: _png(0, 0),
        "billion-pixels.png": lambda: _png(32_000, 32_000, _zeros(26)),
        "bomb-in-two-pixels.png": lambda: _png(2, 1, _zeros(27)),
        "text-bomb.png": lambda: _png(2, 1, before=_chunk(b"zTXt", b"a\0\0" + _zeros(27))),
        "profile-bomb.png": lambda: _png(2, 1, before=_chunk(b"iCCP", b"a\0\0" + _zeros(27))),
        "hundred-thousand-chunks.png": lambda: _png(2, 1, before=_chunk(b"tEXt", b"a\0b") * 100_000),
        "animation-of-four-billion.png": lambda: _png(2, 1, before=_chunk(b"acTL", b"\xff" * 8)),
        "interlaced.png": lambda: _png(60_000, 60_000, interlaced=1),
        "wrong-sums.png": lambda: _png(2, 1).replace(b"IDAT", b"IDAT\0", 1),
        "only-a-mark.png": lambda: PNG,
        "chunk-of-4-gb.png": lambda: PNG + b"\xff\xff\xff\xffIHDR",
        "circle.tiff": lambda: _tiff(following=8),
        "two-billion.tiff": lambda: _tiff(width=0x7FFFFFFF, height=0x7FFFFFFF),
        "eleven-thousand-pages.tiff": _tiff_of_pages,
        "entries-without-end.tiff": lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 4000,
        "page-nowhere.tiff": lambda: b"II*\0\xff\xff\xff\xff",
        "bits-of-65535.tiff": lambda: _tiff(bits=65_535),
        "unknown-packing.tiff": lambda: _tiff(packing=34_712),
        "giant.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0xF7, 0, 0) + bytes(768) + _frame(65_535, 65_535),
        "frame-outside.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0xF0, 0, 0) + bytes(6) + _frame(65_535, 65_535),
        "ten-thousand-frames.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0xF0, 0, 0) + bytes(6) + _frame(9, 9)[:-1] * 10_000 + b";",
        "only-a-mark.gif": lambda: b"GIF89a",
        "two-billion.bmp": lambda: _bmp(0x7FFFFFFF, 0x7FFFFFFF),
        "negative.bmp": lambda: _bmp(-5, -0x7FFFFFFF),
        "run-lengths.bmp": lambda: _bmp(30_000, 30_000, packing=1),
        "giant.jpeg": lambda: b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65_500, 65_500, 3) + b"\1\x22\0\2\x11\1\3\x11\1\xff\xd9",
        "markers.jpeg": lambda: b"\xff\xd8" + b"\xff\xe1\0\x02" * 200_000 + b"\xff\xd9",
        "exif-circle.jpeg": lambda: _exif(),
        "giant.webp": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8X" + struct.pack("<I", 10) + b"\x12\0\0\0" + b"\xff" * 6,
        "garbage.webp": lambda: b"RIFF" + struct.pack("<I", 5000) + b"WEBPVP8 " + b"\xa5" * 5000,
        "script.svg": lambda: _svg(lure, '<script>fetch("{url}")</script><text>Words</text>'),
        "pictures-from-afar.svg": lambda: _svg(lure, '<image href="{url}/i"/><use xlink:href="{url}/u#a"/><image xlink:href="file:///etc/passwd"/>'),
        "foreign.svg": lambda: _svg(lure, '<foreignObject><iframe src="{url}"/></foreignObject><style>@import "{url}/c";</style><text>Words</text>'),
        "uses-itself.svg": lambda: _svg(lure, '<g id="a">' + '<use xlink:href="#a"/>' * 1000 + "</g><text>Words</text>"),
        "doctype.svg": lambda: f'<!DOCTYPE svg SYSTEM "{lure.url}/svg.dtd"><svg xmlns="http://www.w3.org/2000/svg"><text>Words</text></svg>'.encode(),
    }  # fmt: skip


def _zeros(power: int) -> bytes:
    pack = zlib.compressobj(1)
    piece = bytes(2**20)
    return b"".join([*(pack.compress(piece) for _ in range(2 ** (power - 20))), pack.flush()])


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _png(width: int, height: int, data: bytes = b"", *, before: bytes = b"", interlaced: int = 0) -> bytes:  # fmt: skip
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlaced))
    rows = data or zlib.compress(b"\0\xff\xff")
    return PNG + head + before + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _tiff(*, width: int = 2, height: int = 1, bits: int = 8, packing: int = 1, following: int = 0) -> bytes:  # fmt: skip
    fields = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, packing), (262, 3, 1)]
    fields += [(273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, 2)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in fields)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + struct.pack("<I", following)  # fmt: skip


def _tiff_of_pages() -> bytes:
    one = _tiff()[8:]
    pages = [one[:-4] + struct.pack("<I", 8 + len(one) * (n + 1)) for n in range(11_000)]
    return b"II*\0\x08\0\0\0" + b"".join(pages)[:-4] + bytes(4)


def _frame(width: int, height: int) -> bytes:
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0;"


def _bmp(width: int, height: int, *, packing: int = 0) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, packing, 0, 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 9999, 0, 0, 62) + head + bytes(8) + b"\xff\1" * 500


def _exif() -> bytes:
    """A directory of EXIF whose next one is itself."""
    tags = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)  # fmt: skip
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(tags) + 2) + tags + b"\xff\xd9"


def _svg(lure: Lure, content: str) -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {names}>{content.replace('{url}', lure.url)}</svg>".encode()
