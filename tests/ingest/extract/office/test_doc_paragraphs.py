import struct

import pytest

from ingest.extract.office.doc_paragraphs import PLAIN, Look, Paragraphs

PAGE = 3  # where the page of properties lies


def make_page(*paragraphs):
    """A page of paragraphs of ten characters each from place 100 on: style and further properties."""
    count = len(paragraphs)
    head = struct.pack(f"<{count + 1}I", *range(100, 101 + 10 * count, 10))
    body, places = b"", []
    start = len(head) + 13 * count + (len(head) + 13 * count) % 2
    for style, properties in paragraphs:
        data = struct.pack("<H", style) + properties
        data = (
            bytes([len(data) // 2 + 1]) + data
            if len(data) % 2
            else bytes([0, len(data) // 2]) + data
        )
        places.append((start + len(body)) // 2)
        body += data + b"\0" * (len(data) % 2)
    descriptions = b"".join(bytes([place]) + bytes(12) for place in places)
    return (
        (head + descriptions).ljust(start, b"\0") + body.ljust(511 - start, b"\0") + bytes([count])
    )


def looks(*paragraphs, styles=()):
    entries = b"".join(struct.pack("<3H", 4, kind, parent << 4) for kind, parent in styles)
    sheet = struct.pack("<HHH", 4, len(styles), 10) + entries
    places = struct.pack("<III", 100, 10_000, PAGE)
    stream = bytearray(2048)
    struct.pack_into("<II", stream, 0xA2, 0, len(sheet))
    struct.pack_into("<II", stream, 0x102, len(sheet), len(places))
    stream[PAGE * 512 : PAGE * 512 + 512] = make_page(*paragraphs)
    found = Paragraphs(bytes(stream), sheet + places)
    return [found.at(109 + 10 * n) for n in range(len(paragraphs))]


def code(number, value, size):
    return struct.pack("<H", number) + value.to_bytes(size, "little")


STYLES = [(0, 0xFFF), (2, 0), (62, 0), (54, 0), (0xFFE, 1), (0xFFE, 5)]


@pytest.mark.parametrize(
    ("style", "properties", "expected"),
    [
        (0, b"", PLAIN),
        (1, b"", Look(level=2)),
        (2, b"", Look(level=1)),
        (3, b"", Look(depth=1)),
        (4, b"", Look(level=2)),  # based on a heading
        (5, b"", PLAIN),  # based on itself
        (99, b"", PLAIN),
        (0, code(0x2640, 8, 1), Look(level=6)),
        (1, code(0x2640, 9, 1), Look(level=2)),
        (0, code(0x260A, 2, 1) + code(0x460B, 7, 2), Look(depth=3)),
        (3, code(0x460B, 0, 2), PLAIN),
        (0, code(0x2416, 1, 1), Look(in_table=True)),
        (0, code(0xC60D, 2, 1) + b"ab" + code(0x2416, 1, 1) + code(0x2417, 1, 1), Look(in_table=True, ends_row=True)),
        (0, code(0xD608, 9, 2) + code(0x2416, 1, 1), PLAIN),
    ],
)  # fmt: skip
def test_looks_by_style_and_own_properties(style, properties, expected):
    assert looks((0, b""), (style, properties), styles=STYLES) == [PLAIN, expected]


def test_places_outside_all_paragraphs_are_plain():
    found = Paragraphs(bytes(1024), b"")
    assert [found.at(-1), found.at(0), found.at(10**9)] == [PLAIN] * 3


def test_damaged_tables_make_plain_paragraphs():
    stream = bytearray(1024)
    struct.pack_into("<II", stream, 0x102, 0, 12)
    assert Paragraphs(bytes(stream), struct.pack("<III", 0, 50, 2**31)).at(10) == PLAIN
    assert Paragraphs(b"", b"").at(10) == PLAIN
