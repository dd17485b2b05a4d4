"""Which encoding a text is in: a byte order mark, else UTF-16 or UTF-32 by their zeros, else UTF-8, else an old one (legacy.py)."""

import codecs
from typing import BinaryIO, NamedTuple

BOMS = (  # the longer first: UTF-16's mark opens UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
READ_BYTES = 2**20
ODD_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\v\f\r\x08\x1b")
MOST_CONTROLS = 0.005  # of the characters; compressed data has 0.1, text none
ZEROS_IN_UTF16 = (
    0.2  # of the high bytes; ASCII punctuation and spaces alone reach it in most languages
)
ZERO_PLANES = 0.9  # of a text's characters are in the first plane
SHORTEST_EAST_ASIAN, EAST_ASIAN = 16, 0.95


class Measured(NamedTuple):
    encoding: str
    characters: int


def sniff(head: bytes) -> str | None:
    """Return the encoding of a file that begins so, as far as its head tells, or None when it is no text."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if 0 in head:
        return _sniff_utf32(head) or _sniff_utf16(head)
    return "utf-8" if _is_text(head.decode("latin-1")) else None


def _is_text(text: str) -> bool:
    return sum(character in ODD_CONTROLS for character in text) <= MOST_CONTROLS * len(text)


def _sniff_utf32(head: bytes) -> str | None:
    for encoding, plane, high in (("utf-32-le", 2, 3), ("utf-32-be", 1, 0)):
        planes = head[plane::4]
        is_wide = (
            len(head) >= 8
            and not any(head[high::4])
            and planes.count(0) > ZERO_PLANES * len(planes)
        )
        if is_wide and _is_text(head.decode(encoding, "ignore")):
            return encoding
    return None


def _sniff_utf16(head: bytes) -> str | None:
    for encoding, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        text = head.decode(encoding, "ignore")
        has_zeros = high.count(0) > ZEROS_IN_UTF16 * len(high)
        if text and (has_zeros or _is_east_asian(text)) and _is_text(text):
            return encoding
    return None


def _is_east_asian(text: str) -> bool:
    """Whether it has letters of East Asia and hardly anything else; of arbitrary bytes read as UTF-16 half are."""
    known = sum(
        0x3000 <= ord(one) <= 0x9FFF or 0xAC00 <= ord(one) <= 0xD7A3 or one < "\x7f" for one in text
    )
    return len(text) >= SHORTEST_EAST_ASIAN and known >= EAST_ASIAN * len(text)


def is_sure(encoding: str) -> bool:
    """Whether it was known by a mark, by its zeros or as valid UTF-8, and not guessed."""
    return encoding.startswith("utf")


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
        return measure(source, _legacy(source))
    return Measured(encoding, characters)


def _legacy(source: BinaryIO) -> str:
    from ingest.extract.legacy import SAMPLE_BYTES, legacy_encoding, not_ascii  # few files need it

    source.seek(0)
    sample = b""
    while len(sample) < SAMPLE_BYTES and (piece := source.read(READ_BYTES)):
        sample += not_ascii(piece)
    return legacy_encoding(sample)
