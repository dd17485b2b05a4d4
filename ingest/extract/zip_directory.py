"""A ZIP archive's list of members, read without trusting it and without `zipfile`, which takes any size into memory.

Format: PKWARE APPNOTE 4.3.12 and 4.3.14 to 4.3.16: programs that write a stream use ZIP64 for small archives too.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

END_SIGNATURE, MEMBER_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02"
END64_SIGNATURE, LOCATOR_SIGNATURE = b"PK\x06\x06", b"PK\x06\x07"
END_BYTES, MEMBER_BYTES, END64_BYTES, LOCATOR_BYTES = 22, 46, 56, 20
LONGEST_COMMENT = 2**16
MOST_MEMBERS = 10_000
MOST_DIRECTORY_BYTES = 4 * 2**20


def member_names(source: BinaryIO) -> list[str]:
    """Return the names in directory order; empty when the directory is damaged or over its limits."""
    directory = _directory(source)
    names = list(_names(directory))
    return names if len(names) <= MOST_MEMBERS else []


def member_count(source: BinaryIO) -> int:
    """Return how many members the archive says it has, 0 for none or no archive."""
    end = _end(source)
    return end.members if end is not None else 0


class _End(NamedTuple):
    """What ends an archive: the directory lies before `at`."""

    at: int
    members: int
    length: int


def _end(source: BinaryIO) -> _End | None:
    size = source.seek(0, 2)
    source.seek(max(0, size - END_BYTES - LONGEST_COMMENT - LOCATOR_BYTES))
    tail = source.read()
    found = tail.rfind(END_SIGNATURE)
    if not 0 <= found <= len(tail) - END_BYTES:
        return None
    locator = tail[max(0, found - LOCATOR_BYTES) : found]
    if locator.startswith(LOCATOR_SIGNATURE):
        source.seek(min(_number(locator, 8, 8), size))
        record = source.read(END64_BYTES)
        if record.startswith(END64_SIGNATURE) and len(record) == END64_BYTES:
            return _End(_number(locator, 8, 8), _number(record, 32, 8), _number(record, 40, 8))
    at = size - len(tail) + found
    return _End(at, _number(tail, found + 10, 2), _number(tail, found + 12, 4))


def _directory(source: BinaryIO) -> bytes:
    end = _end(source)
    if end is None:
        return b""
    start = end.at - end.length  # the directory ends where the end record begins
    if end.length > MOST_DIRECTORY_BYTES or start < 0:
        return b""
    source.seek(start)
    return source.read(end.length)


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")


def _names(directory: bytes) -> Iterator[str]:
    at = 0
    while directory[at : at + 4] == MEMBER_SIGNATURE:
        name, extra, comment = (_number(directory, at + field, 2) for field in (28, 30, 32))
        yield directory[at + MEMBER_BYTES : at + MEMBER_BYTES + name].decode("utf-8", "replace")
        at += MEMBER_BYTES + name + extra + comment
