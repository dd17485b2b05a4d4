"""What an Office file of before 2007 says of itself: the property set in its SummaryInformation stream ([MS-OLEPS])."""

import codecs
from datetime import UTC, datetime, timedelta
from struct import error, unpack_from

from ingest.extract.facts import properties
from ingest.extract.office.compound import Compound
from ingest.extract.segment import Properties, Unreadable

STREAM = "\x05SummaryInformation"
MOST_BYTES = 2**20
CODE_PAGE, TITLE, AUTHOR, CREATED, SAVED = 1, 2, 4, 12, 13
NAMES = {TITLE: "title", AUTHOR: "author", CREATED: "created", SAVED: "modified"}
BYTES, UTF16, FILETIME = 30, 31, 64
MOST_PROPERTIES = 200
ANSI = "cp1252"
PAGES = {65001: "utf-8", 1200: "utf-16-le", 10000: "mac-roman"}  # others are Windows' own
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def summary(file: Compound) -> Properties:
    """Return the properties, empty where there are none; damaged ones must not cost the text."""
    found: dict[str, list[str]] = {}
    try:
        stream = file.read(STREAM, most_bytes=MOST_BYTES)
        start = unpack_from("<I", stream, 44)[0]
        count = min(unpack_from("<I", stream, start + 4)[0], MOST_PROPERTIES)
        places = dict(unpack_from("<II", stream, start + 8 + 8 * n) for n in range(count))
        encoding = _encoding(stream, start + places[CODE_PAGE]) if CODE_PAGE in places else ANSI
        for number, name in NAMES.items():
            if number in places:
                found[name] = [_value(stream, start + places[number], encoding)]
    except (error, Unreadable, OverflowError):
        pass  # what was found before is right
    return properties(found)


def _encoding(stream: bytes, at: int) -> str:
    page = unpack_from("<4xH", stream, at)[0]
    name = PAGES.get(page, f"cp{page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ANSI


def _value(stream: bytes, at: int, encoding: str) -> str:
    kind, length = unpack_from("<II", stream, at)
    if kind == FILETIME:
        ticks = unpack_from("<Q", stream, at + 4)[0]
        moment = EPOCH + timedelta(microseconds=ticks // 10)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if ticks else ""
    if kind not in (BYTES, UTF16):
        return ""
    size, encoding = (2 * length, "utf-16-le") if kind == UTF16 else (length, encoding)
    return stream[at + 8 : at + 8 + size].decode(encoding, "replace").partition("\0")[0]
