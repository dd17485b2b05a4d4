"""What a PDF says of itself: its information dictionary, and XMP where that is silent (ISO 16684-1).

XMP is meant to be found by a search for its marks, so the file is searched. Left out: XMP that is compressed.
"""

import mmap
import re
from typing import BinaryIO, Final
from xml.etree.ElementTree import ParseError

from ingest.extract.pdf.document import Document
from ingest.extract.segment import Properties, clean

_DATE: Final = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?)?)?)?"
)
_LANGUAGE: Final = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_XMP: Final = (b"<x:xmpmeta", b"</x:xmpmeta>")
MOST_XMP_BYTES: Final = 2**18
MOST_CHARACTERS: Final = 1_000
DC: Final = "{http://purl.org/dc/elements/1.1/}"
LI: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


def read_properties(document: Document, source: BinaryIO) -> Properties:
    title, author = document.fact("Title"), document.fact("Author")
    if not (title and author):
        other_title, other_author = _xmp(source)
        title, author = title or other_title, author or other_author
    language = document.language().strip()
    return Properties(
        _one_line(title),
        _one_line(author),
        iso_date(document.fact("CreationDate")),
        iso_date(document.fact("ModDate")),
        language if _LANGUAGE.fullmatch(language) else "",
    )


def iso_date(date: str) -> str:
    """Return D:20240131120000+01'00' as 2024-01-31T12:00:00+01:00, as precise as it is; "" when it is no date."""
    match = _DATE.match(date.strip())
    if match is None:
        return ""
    year, month, day, hour, minute, second, utc, sign, zone_h, zone_m = match.groups()
    days = "-".join(part for part in (year, month, day) if part)
    if hour is None:
        return days
    zone = "Z" if utc else f"{sign}{zone_h}:{zone_m or '00'}" if sign else ""
    return f"{days}T{hour}:{minute}:{second or '00'}{zone}"


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())[:MOST_CHARACTERS]


def _xmp(source: BinaryIO) -> tuple[str, str]:
    with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.rfind(_XMP[0])  # a file that was changed holds the older ones too
        end = content.find(_XMP[1], start, start + MOST_XMP_BYTES) if start >= 0 else -1
        packet = content[start : end + len(_XMP[1])] if end >= 0 else b""
    return _title_and_author(packet) if packet else ("", "")


def _title_and_author(packet: bytes) -> tuple[str, str]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring  # 10 ms that most files do without

    try:
        root = fromstring(packet)
    except (ParseError, DefusedXmlException, ValueError):
        return "", ""
    title = next((li.text or "" for each in root.iter(f"{DC}title") for li in each.iter(LI)), "")
    authors = [li.text or "" for each in root.iter(f"{DC}creator") for li in each.iter(LI)]
    return title, ", ".join(filter(None, authors))
