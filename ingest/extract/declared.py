"""The decoded text of a file that may declare its encoding within itself: HTML and XML.

Valid UTF-8 is UTF-8 whatever the file declares, as files are saved anew by programs that know nothing of declarations.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.encoding import Measured, is_sure, measure, sniff
from ingest.extract.plain import HEAD_BYTES, not_text, pieces
from ingest.extract.segment import too_much_text

DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
# Browsers read the first two as Windows-1252.
NOT_TRUSTED = frozenset({"iso8859-1", "ascii", "utf-8"})
MARKUP = 3  # times as much source as text is read: 60 M characters, a hundred times a long page


def open_declared(source: BinaryIO, *, most_characters: int) -> Iterator[str]:
    """Return the source in pieces; raise Unreadable where it is no text or far too long."""
    measured = _measure(source)
    if measured.characters > MARKUP * most_characters:
        raise too_much_text(most_characters)
    return pieces(source, measured.encoding)


def _measure(source: BinaryIO) -> Measured:
    head = source.read(HEAD_BYTES)
    guess = sniff(head)
    if guess is None:
        raise not_text()
    declared = _declared(head)
    if declared.startswith("iso2022"):  # seven bits, so valid UTF-8 too
        return measure(source, declared)
    found = measure(source, guess)
    return found if is_sure(found.encoding) or not declared else measure(source, declared)


def _declared(head: bytes) -> str:
    match = DECLARED.search(head)
    try:
        name = codecs.lookup(match[1].decode()).name if match else ""
        b" ".decode(name or "ascii")
    except (LookupError, UnicodeDecodeError):
        return ""  # unknown, no text encoding (base64), or UTF-16, which it is not
    return "" if name in NOT_TRUSTED else name
