"""What a signed message holds (CMS SignedData, RFC 5652), without looking at the signature: nothing here says it is genuine.

Reads DER and the BER that mail programs write: lengths may be left open, strings may come in pieces.
"""

from collections.abc import Iterator
from typing import NamedTuple

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, CONTEXT_0 = 0x06, 0x04, 0x30, 0xA0
CONSTRUCTED = 0x20
DEEPEST = 12


class Value(NamedTuple):
    """`start` and `end` are the content's place; `after` is where the next value begins."""

    tag: int
    start: int
    end: int
    after: int


def signed_content(data: bytes) -> bytes:
    """Return the content of a signed message, b"" where there is none or it is no such message."""
    try:
        outer = _value(data, 0, len(data), 0)
        kind, content, *_ = _inside(data, outer)
        if data[kind.start : kind.end] != SIGNED_DATA:
            return b""
        (signed,) = _inside(data, content)
        _version, _digests, encapsulated, *_ = _inside(data, signed)
        _kind, wrapper, *_ = _inside(data, encapsulated)
        return b"".join(_string(data, value) for value in _inside(data, wrapper))
    except (ValueError, IndexError):
        return b""


def _string(data: bytes, value: Value, depth: int = 0) -> bytes:
    if not value.tag & CONSTRUCTED:
        return data[value.start : value.end]
    if depth > DEEPEST:
        raise ValueError("too deep")
    return b"".join(_string(data, each, depth + 1) for each in _inside(data, value))


def _inside(data: bytes, value: Value) -> list[Value]:
    return list(_values(data, value.start, value.end, 0))


def _values(data: bytes, start: int, end: int, depth: int) -> Iterator[Value]:
    at = start
    while at < end:
        value = _value(data, at, end, depth)
        yield value
        at = value.after


def _value(data: bytes, at: int, end: int, depth: int) -> Value:
    tag, length, start = data[at], data[at + 1], at + 2
    if depth > DEEPEST or tag & 0x1F == 0x1F:
        raise ValueError("not such a message")
    if length == 0x80:
        return _open_ended(data, tag, start, end, depth)
    if length > 0x80:
        count = length - 0x80
        length, start = int.from_bytes(data[start : start + count]), start + count
    if start + length > end:
        raise ValueError("cut off")
    return Value(tag, start, start + length, start + length)


def _open_ended(data: bytes, tag: int, start: int, end: int, depth: int) -> Value:
    """Find the two zeros that end a value whose length was not known when it was begun."""
    at = start
    while data[at : at + 2] != b"\0\0":
        at = _value(data, at, end, depth + 1).after
    return Value(tag, start, at, at + 2)
