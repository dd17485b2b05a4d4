"""winmail.dat, as Outlook packs what a mail cannot hold (TNEF, [MS-OXTNEF]): a message's texts and its attachments.

Read leniently: what comes before damage is kept, checksums are not looked at. Left out: calendars, contacts and tasks but for
their text, named properties, several values in one property.
"""

from collections.abc import Iterator
from struct import error as StructError
from struct import unpack_from
from typing import Final, NamedTuple

from ingest.extract.mail.mime_words import code_page, decoded
from ingest.extract.zip_directory import MOST_MEMBERS

SIGNATURE: Final = (0x223E9F78).to_bytes(4, "little")
FIRST_ATTRIBUTE: Final = 6  # behind the signature and a key
OF_ATTACHMENT: Final = 2  # an attribute's level
# Attributes: of the message, and of the attachment that RENDERING begins.
CODE_PAGE, SUBJECT, BODY, MESSAGE = 0x00069007, 0x00018004, 0x0002800C, 0x00069003
RENDERING, DATA, TITLE, ATTACHMENT = 0x00069002, 0x0006800F, 0x00018010, 0x00069005
# Properties ([MS-OXPROPS]) and their types.
PLAIN, PAGE, RTF, CONTENT_ID, ATTACHED = 0x1000, 0x1013, 0x1009, 0x3712, 0x3701
NAMES: Final = (0x3707, 0x3704, 0x3001)
STRING8, STRING, OBJECT, BINARY = 0x1E, 0x1F, 0x0D, 0x102
SIZES: Final = {2: 4, 3: 4, 4: 4, 0x0A: 4, 0x0B: 4, 5: 8, 6: 8, 7: 8, 0x14: 8, 0x40: 8, 0x48: 16}
SEVERAL, NAMED_FROM, GUID_BYTES = 0x1000, 0x8000, 16
MOST_VALUES: Final = 10_000


class Attached(NamedTuple):
    """`name` is "" where it has none; a message within has the bytes of a winmail.dat."""

    name: str
    data: bytes
    content_id: str


class Package(NamedTuple):
    """`page` is HTML and `rtf` packed RTF; a message has one of the three as a rule."""

    subject: str
    plain: str
    page: str
    rtf: bytes
    attached: tuple[Attached, ...]


class _Parts:
    """The attributes of a message or an attachment, and the properties in them."""

    def __init__(self) -> None:
        self.attributes: dict[int, bytes] = {}
        self.properties: dict[int, tuple[int, bytes]] = {}


def unpacked(data: bytes) -> Package | None:
    """Return what is in it; None for what is no winmail.dat."""
    if not data.startswith(SIGNATURE):
        return None
    message, attachments = _Parts(), list[_Parts]()
    for level, kind, content in _attributes(data):
        if kind == RENDERING or (level == OF_ATTACHMENT and not attachments):
            if len(attachments) == MOST_MEMBERS:
                break
            attachments.append(_Parts())
        owner = attachments[-1] if attachments else message
        owner.attributes[kind] = content
        if kind in (MESSAGE, ATTACHMENT):
            owner.properties |= _properties(content)
    return _package(message, attachments)


def _package(message: _Parts, attachments: list[_Parts]) -> Package:
    charset = code_page(int.from_bytes(message.attributes.get(CODE_PAGE, b"")[:4], "little"))
    subject, body = (message.attributes.get(each, b"") for each in (SUBJECT, BODY))
    return Package(
        decoded(subject.rstrip(b"\0"), charset),
        _text(message, PLAIN, charset) or decoded(body.rstrip(b"\0"), charset),
        _text(message, PAGE, charset),
        _value(message, RTF),
        tuple(each for parts in attachments if (each := _attached(parts, charset)).data),
    )


def _attached(parts: _Parts, charset: str) -> Attached:
    title = decoded(parts.attributes.get(TITLE, b"").rstrip(b"\0"), charset)
    names = (_text(parts, each, charset) for each in NAMES)
    data = _value(parts, ATTACHED)
    if parts.properties.get(ATTACHED, (0, b""))[0] == OBJECT:
        data = data[GUID_BYTES:]  # what kind of object it is
    content_id = _text(parts, CONTENT_ID, charset).strip("<>")
    return Attached(
        next(filter(None, names), title), parts.attributes.get(DATA) or data, content_id
    )


def _value(parts: _Parts, tag: int) -> bytes:
    return parts.properties.get(tag, (0, b""))[1]


def _text(parts: _Parts, tag: int, charset: str) -> str:
    kind, data = parts.properties.get(tag, (0, b""))
    if kind == STRING:
        return data.decode("utf-16-le", errors="replace").rstrip("\0")
    return decoded(data.rstrip(b"\0"), charset)


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = FIRST_ATTRIBUTE
    while at + 9 <= len(data):
        level, kind, length = unpack_from("<BII", data, at)
        at += 9
        yield level, kind, data[at : at + length]
        at += length + 2  # a checksum


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Return type and value of each property, up to the first that makes no sense."""
    found = dict[int, tuple[int, bytes]]()
    try:
        (count,) = unpack_from("<I", data)
        at = 4
        for _ in range(min(count, MOST_VALUES)):
            kind, tag = unpack_from("<HH", data, at)
            at += 4
            if tag >= NAMED_FROM:
                at = _behind_name(data, at)
            values, at = _values(data, at, kind)
            if values and not kind & SEVERAL:
                found.setdefault(tag, (kind, values[0]))
    except StructError:
        pass
    return found


def _behind_name(data: bytes, at: int) -> int:
    (is_text,) = unpack_from("<I", data, at + GUID_BYTES)
    at += GUID_BYTES + 4
    if not is_text:
        return at + 4
    (length,) = unpack_from("<I", data, at)
    return at + 4 + _padded(length)


def _values(data: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
    """Return a property's values and where the next one begins; texts, objects and bytes come with their number."""
    plain, count = kind & ~SEVERAL, 1
    size = SIZES.get(plain)
    if size is None and plain not in (STRING8, STRING, OBJECT, BINARY):
        raise StructError("no such type")
    if size is None or kind & SEVERAL:
        (count,) = unpack_from("<I", data, at)
        at += 4
    values = list[bytes]()
    for _ in range(min(count, MOST_VALUES)):
        length = size
        if length is None:
            (length,) = unpack_from("<I", data, at)
            at += 4
        values.append(data[at : at + length])
        at += _padded(length)
        if at > len(data) + 3:
            raise StructError("cut off")
    return values, at


def _padded(length: int) -> int:
    return length + -length % 4
