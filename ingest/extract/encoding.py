"""Which encoding a text is in: a byte order mark, else UTF-8, else UTF-16 by its zeros, else Windows-1252.

Left out: other old single-byte and East Asian encodings without a mark or declaration; they come out as wrong letters.
"""

import codecs
from typing import BinaryIO, NamedTuple

BOMS = (  # the longer first: UTF-16's mark opens UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OLD = "cp1252"
READ_BYTES = 2**20
ODD_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\v\f\r\x08\x1b")
MOST_CONTROLS = 0.005  # of the characters; compressed data has 0.1, text none
ZEROS_IN_UTF16 = (
    0.2  # of the high bytes; ASCII punctuation and spaces alone reach it in most languages
)


class Measured(NamedTuple):
    encoding: str
    characters: int


def sniff(head: bytes) -> str | None:
    """Return the encoding of a file that begins so, as far as its head tells, or None when it is no text."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if 0 in head:
        return _sniff_utf16(head)
    return "utf-8" if _is_text(head.decode("latin-1")) else None


def _is_text(text: str) -> bool:
    return sum(character in ODD_CONTROLS for character in text) <= MOST_CONTROLS * len(text)


def _sniff_utf16(head: bytes) -> str | None:
    for encoding, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        text = head.decode(encoding, "ignore")
        if text and high.count(0) > ZEROS_IN_UTF16 * len(high) and _is_text(text):
            return encoding
    return None


def is_sure(encoding: str) -> bool:
    """Whether it was known by a mark, by its zeros or as valid UTF-8, and not what is left when nothing fits."""
    return encoding != OLD


def measure(source: BinaryIO, encoding: str) -> Measured:
    """Return the encoding after a look at the whole file, and the number of characters it gives.

    UTF-8 needs to be mostly valid, not wholly: one broken sequence must not turn a text into Windows-1252, and the one
    accent behind megabytes of ASCII must not be lost.
    """
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    size_bytes = characters = bad = 0
    while piece := source.read(READ_BYTES):
        text = decoder.decode(piece)
        size_bytes += len(piece)
        characters += len(text)
        bad += text.count("\ufffd")
    rest = decoder.decode(b"", final=True)
    characters += len(rest)
    bad += len(rest)
    if encoding == "utf-8" and bad > size_bytes - characters:
        return Measured(OLD, size_bytes)
    return Measured(encoding, characters)
