"""How a sandboxed child tells its parent what it read: length-limited frames on a pipe.

A frame is four bytes of length (little-endian) and NUL-separated UTF-8 fields; no text holds a NUL (see `clean`). The bytes
of a member and the pixels of a picture follow their fields as they are.
Imported on both sides, so it stays light; the parent trusts no field and lets a wrong one raise ValueError.
"""

from typing import NamedTuple

from ingest.extract.segment import (
    MOST_PIXELS,
    Item,
    Member,
    Picture,
    Problem,
    Properties,
    Segment,
    Unreadable,
)

MAX_FRAME_BYTES = MOST_PIXELS + 2**20  # a page of 1 M characters, most of them CJK, is 3 MB
LENGTH_BYTES = 4
NO_PASSWORD = -1  # in the place of the descriptor that it comes by
_PICTURE = b"picture\0"
LONGEST_PATH = 1500  # bytes of a member's path; a key of an index has to hold it
_MEMBER = b"member\0"


class Finished(NamedTuple):
    """The child's last frame; `next_ordinal` is where a fresh child goes on, None at the end of the file."""

    next_ordinal: int | None


Frame = Item | Picture | Unreadable | Finished


def pack(frame: Frame) -> bytes:
    """Return the frame's bytes, length first."""
    payload = "\0".join(_fields(frame)).encode()
    if isinstance(frame, Member):
        payload += frame.data
    elif isinstance(frame, Picture):
        payload += frame.pixels
    return len(payload).to_bytes(LENGTH_BYTES, "little") + payload


def _fields(frame: Frame) -> tuple[str, ...]:
    match frame:
        case Segment(ordinal, page, label, text, page_count):
            return ("segment", str(ordinal), _digits(page), label or "", _digits(page_count), text)
        case Problem(ordinal, page, code, message, remedy):
            return ("problem", str(ordinal), _digits(page), code, message, remedy)
        case Properties():
            return ("properties", *frame)
        case Picture():
            ordinal, page, label, text, page_count, width, height, _, above, below = frame
            numbers = (str(ordinal), _digits(page), _digits(page_count), str(width), str(height))
            return ("picture", *numbers, label or "", text, above, below, "")  # the pixels follow
        case Member(ordinal, path, _, is_last):
            return ("member", str(ordinal), path, "last" if is_last else "", "")
        case Unreadable():
            return ("unreadable", frame.code, frame.message, frame.remedy)
        case Finished(next_ordinal):
            return ("finished", _digits(next_ordinal))


def unpack(payload: bytes) -> Frame:
    """Return the frame of a payload; ValueError when it is none."""
    if payload.startswith(_MEMBER):
        return _unpack_member(payload)
    if payload.startswith(_PICTURE):
        return _unpack_picture(payload)
    match payload.decode().split("\0"):
        case ["segment", ordinal, page, label, page_count, text]:
            return Segment(int(ordinal), _number(page), label or None, text, _number(page_count))
        case ["problem", ordinal, page, code, message, remedy]:
            return Problem(int(ordinal), _number(page), code, message, remedy)
        case ["properties", title, author, created, modified, language]:
            return Properties(title, author, created, modified, language)
        case ["unreadable", code, message, remedy]:
            return Unreadable(code, message, remedy=remedy)
        case ["finished", next_ordinal]:
            return Finished(_number(next_ordinal))
        case _:
            raise ValueError("not a frame")


def _unpack_member(payload: bytes) -> Member:
    _, ordinal, path, last, data = payload.split(b"\0", 4)
    if len(path) > LONGEST_PATH:
        raise ValueError("a member's path over its limit")
    return Member(int(ordinal), path.decode(), data, last == b"last")


def _unpack_picture(payload: bytes) -> Picture:
    *head, pixels = payload.split(b"\0", 10)
    _, *numbers, label, text, above, below = (part.decode() for part in head)
    ordinal, page, page_count, width, height = numbers
    if len(pixels) != int(width) * int(height):
        raise ValueError("not as many pixels as it says")
    place = (int(ordinal), _number(page), label or None, text, _number(page_count))
    return Picture(*place, int(width), int(height), pixels, above, below)


def _digits(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(digits: str) -> int | None:
    return int(digits) if digits else None
