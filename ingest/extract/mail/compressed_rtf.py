"""RTF as Outlook packs it into messages (MS-OXRTFCP): a dictionary of 4 kB that knows the beginning of every RTF file."""

import io
from struct import unpack_from

from ingest.extract.segment import Segment

PACKED, PLAIN = 0x75465A4C, 0x414C454D
HEADER_BYTES = 16
WINDOW = 4096
MOST_BYTES = 20 * 2**20
KNOWN = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompressed(data: bytes) -> bytes:
    """Return the RTF; of a damaged one as much as there is, of anything else b""."""
    if len(data) < HEADER_BYTES:
        return b""
    _, size_bytes, kind = unpack_from("<III", data)
    content = data[HEADER_BYTES:]
    if kind == PLAIN:
        return content[:size_bytes]
    return _unpacked(content, min(size_bytes, MOST_BYTES)) if kind == PACKED else b""


def rtf_text(data: bytes) -> str:
    """Return the text of packed RTF."""
    content = decompressed(data)
    if not content:
        return ""
    from ingest.extract.office import rtf  # most messages have another body

    items = rtf.read(io.BytesIO(content), first=0, most_characters=10 * len(content))
    return "".join(item.text for item in items if isinstance(item, Segment))


def _unpacked(content: bytes, size_bytes: int) -> bytes:
    """Eight tokens follow a byte of flags: a byte as it is, or a place in the dictionary and a length."""
    out = bytearray(KNOWN)
    most = len(KNOWN) + size_bytes
    at = 0
    while at < len(content) and len(out) < most:
        flags, at = content[at], at + 1
        for bit in range(8):
            if flags >> bit & 1:
                if at + 2 > len(content):
                    return bytes(out[len(KNOWN) :])
                token, at = int.from_bytes(content[at : at + 2]), at + 2
                if not _repeat(out, token >> 4, (token & 15) + 2):
                    return bytes(out[len(KNOWN) :])
            elif at < len(content):
                out.append(content[at])
                at += 1
    return bytes(out[len(KNOWN) : most])


def _repeat(out: bytearray, place: int, count: int) -> bool:
    """Copy `count` bytes from a place of the window; False where it says the end, or where nothing was written yet."""
    back = (len(out) - place) % WINDOW
    if back == 0 or back > len(out):
        return False
    for _ in range(count):
        out.append(out[-back])
    return True
