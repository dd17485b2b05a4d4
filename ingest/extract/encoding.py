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
ODD_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x08\x1b")
MOST_CONTROLS = 0.005  # of the bytes; compressed data has 0.1, text none
ZEROS_IN_UTF16 = (
    0.2  # of the high or low bytes; ASCII punctuation and spaces alone reach it in most languages
)


class Measured(NamedTuple):
    encoding: str
    characters: int


def sniff(head: bytes) -> str | None:
    """Return the encoding of a file that begins so, or None when it is no text."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if 0 in head:
        return _sniff_utf16(head)
    if sum(byte in ODD_CONTROLS for byte in head) > MOST_CONTROLS * len(head):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return OLD
    return "utf-8"


def _sniff_utf16(head: bytes) -> str | None:
    pairs = len(head) // 2
    for encoding, zeros, letters in (
        ("utf-16-le", head[1::2], head[0::2]),
        ("utf-16-be", head[0::2], head[1::2]),
    ):
        if pairs and zeros.count(0) > ZEROS_IN_UTF16 * pairs and letters.count(0) == 0:
            return encoding
    return None


def measure(source: BinaryIO, encoding: str) -> Measured:
    """Return the encoding after a look at the whole file, and the number of characters it gives.

    UTF-8 by its head stays UTF-8 when most of what is not ASCII is valid: a cut sequence must not turn a text into
    Windows-1252, and one accent behind megabytes of ASCII must not be lost.
    """
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    size_bytes = characters = bad = 0
    while piece := source.read(READ_BYTES):
        text = decoder.decode(piece)
        size_bytes += len(piece)
        characters += len(text)
        bad += text.count("\ufffd")
    characters += len(decoder.decode(b"", final=True))
    if encoding == "utf-8" and bad > size_bytes - characters:
        return Measured(OLD, size_bytes)
    return Measured(encoding, characters)
