"""A ZIP archive's list of members, read without trusting it and without `zipfile`, which takes any size into memory.

Format: PKWARE APPNOTE 4.3.12 and 4.3.16. ZIP64 is not read: nothing under its limits needs it.
"""

from collections.abc import Iterator
from typing import BinaryIO

END_SIGNATURE, MEMBER_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02"
END_BYTES, MEMBER_BYTES = 22, 46
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
    at = _end_record(source)
    if at is None:
        return 0
    source.seek(at + 10)
    return int.from_bytes(source.read(2), "little")


def _end_record(source: BinaryIO) -> int | None:
    """Return where the record begins that ends every archive."""
    size = source.seek(0, 2)
    source.seek(max(0, size - END_BYTES - LONGEST_COMMENT))
    tail = source.read()
    end = tail.rfind(END_SIGNATURE)
    return size - len(tail) + end if 0 <= end <= len(tail) - END_BYTES else None


def _directory(source: BinaryIO) -> bytes:
    end = _end_record(source)
    if end is None:
        return b""
    source.seek(end + 12)
    length = int.from_bytes(source.read(4), "little")
    start = end - length  # the directory ends where the end record begins
    if length > MOST_DIRECTORY_BYTES or start < 0:
        return b""
    source.seek(start)
    return source.read(length)


def _names(directory: bytes) -> Iterator[str]:
    at = 0
    while directory[at : at + 4] == MEMBER_SIGNATURE:
        name, extra, comment = (
            int.from_bytes(directory[at + field : at + field + 2], "little")
            for field in (28, 30, 32)
        )
        yield directory[at + MEMBER_BYTES : at + MEMBER_BYTES + name].decode("utf-8", "replace")
        at += MEMBER_BYTES + name + extra + comment
