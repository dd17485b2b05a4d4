import random
import struct
from collections.abc import Mapping, Sequence

import pytest

from ingest.extract.mail.tnef import (
    ATTACHED,
    ATTACHMENT,
    BINARY,
    BODY,
    CODE_PAGE,
    DATA,
    MESSAGE,
    OBJECT,
    PAGE,
    PLAIN,
    RENDERING,
    RTF,
    SEVERAL,
    SIGNATURE,
    STRING,
    STRING8,
    SUBJECT,
    TITLE,
    Attached,
    Package,
    unpacked,
)

GUID = bytes(16)


def attribute(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(data)) + data + b"\0\0"


def value(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def mapi(*properties: tuple[int, int, bytes], before: bytes = b"", count: int = 0) -> bytes:
    """Properties by tag, type and bytes; `before` are `count` more, as they are."""
    rows = [struct.pack("<HHI", kind, tag, 1) + value(data) for tag, kind, data in properties]
    return struct.pack("<I", len(rows) + count) + before + b"".join(rows)


def make_tnef(
    *,
    message: bytes = b"",
    attributes: Mapping[int, bytes] | None = None,
    attached: Sequence[Mapping[int, bytes]] = (),
) -> bytes:
    """A winmail.dat: attributes and properties of its message, attributes of its attachments."""
    out = [attribute(1, kind, data) for kind, data in (attributes or {}).items()]
    out.append(attribute(1, MESSAGE, message))
    for each in attached:
        out.append(attribute(2, RENDERING, bytes(14)))
        out += [attribute(2, kind, data) for kind, data in each.items()]
    return SIGNATURE + b"\1\0" + b"".join(out)


def test_the_old_attributes_in_their_code_page():
    packed = make_tnef(
        attributes={
            CODE_PAGE: struct.pack("<II", 1251, 0),
            SUBJECT: "Тайна\0".encode("cp1251"),
            BODY: "Вода\r\n\0".encode("cp1251"),
        },
        attached=[{TITLE: "план.txt\0".encode("cp1251"), DATA: b"1"}],
    )
    assert unpacked(packed) == Package(
        "Тайна", "Вода\r\n", "", b"", (Attached("план.txt", b"1", ""),)
    )


def test_properties_say_more_than_attributes():
    packed = make_tnef(
        message=mapi(
            (PLAIN, STRING, "Низкая вода".encode("utf-16-le")),
            (PAGE, BINARY, b"<p>x"),
            (RTF, BINARY, b"packed"),
        ),
        attributes={BODY: b"old\0"},
        attached=[
            {
                TITLE: b"LONGNA~1.TXT\0",
                ATTACHMENT: mapi(
                    (0x3707, STRING8, b"long name.txt\0"),
                    (0x3712, STRING8, b"<1@a>\0"),
                    (ATTACHED, OBJECT, GUID + SIGNATURE),
                ),
            }
        ],
    )
    assert unpacked(packed) == Package(
        "", "Низкая вода", "<p>x", b"packed", (Attached("long name.txt", SIGNATURE, "1@a"),)
    )


NAMED = struct.pack("<HH", 3, 0x8001) + GUID
OTHERS = (
    struct.pack("<HHI", 3, 0x0001, 7)
    + struct.pack("<HHQ", 0x40, 0x0002, 7)
    + struct.pack("<HHH2x", 2, 0x0003, 7)
    + NAMED + struct.pack("<III", 0, 9, 7)  # a name that is a number
    + NAMED + struct.pack("<I", 1) + value(b"a\0b\0c\0") + struct.pack("<I", 7)
    + struct.pack("<HHIII", SEVERAL | 3, 0x0004, 2, 7, 8)
    + struct.pack("<HHI", SEVERAL | STRING8, 0x0005, 2) + value(b"x") + value(b"yz")
)  # fmt: skip


def test_properties_of_all_types_are_stepped_over():
    message = mapi((PLAIN, STRING8, b"text\0"), before=OTHERS, count=7)
    assert unpacked(make_tnef(message=message)) == Package("", "text", "", b"", ())


def test_an_attachment_without_bytes_is_left_out_and_one_without_a_beginning_is_not():
    packed = make_tnef(attached=[{TITLE: b"empty\0"}]) + attribute(2, DATA, b"1")
    assert unpacked(packed) == Package("", "", "", b"", (Attached("empty", b"1", ""),))
    alone = SIGNATURE + b"\0\0" + attribute(2, DATA, b"1")
    assert unpacked(alone) == Package("", "", "", b"", (Attached("", b"1", ""),))


@pytest.mark.parametrize("data", [b"", b"x" * 40, SIGNATURE[:3]])
def test_anything_else_is_none(data):
    assert unpacked(data) is None


def test_whatever_is_damaged_the_rest_comes_out():
    packed = make_tnef(
        message=mapi((PLAIN, STRING8, b"text\0"), before=OTHERS, count=7),
        attributes={CODE_PAGE: struct.pack("<I", 65001), SUBJECT: b"Tides\0"},
        attached=[{DATA: b"1", ATTACHMENT: mapi((0x3707, STRING8, b"a.txt\0"))}] * 2,
    )
    for end in range(len(packed)):
        assert (unpacked(packed[:end]) is None) == (end < len(SIGNATURE))
    chance = random.Random(5)
    for _ in range(3_000):
        odd = bytearray(packed)
        for _ in range(chance.randint(1, 4)):
            odd[chance.randrange(len(SIGNATURE), len(odd))] = chance.randrange(256)
        assert isinstance(unpacked(bytes(odd)), Package)
