"""Hostile archives: bombs, lies in directories, names and links that lead out, archives within archives.

Left out: an archive that holds itself (a quine); nesting has the same bound and is tried forty deep.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

from tests.hostile.lure import Lure
from tests.ingest.make_files import make_docx, make_pdf, paragraph, show

DAY = (2026, 1, 1, 0, 0, 0)
WORDS = b"The harbour opens at dawn.\n"
LINK, DEVICE, FIFO = 0o120777 << 16, 0o020666 << 16, 0o010666 << 16


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {**_zips(lure), **_tars(lure), **_packed(lure)}


def _zips(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    out = lure.way_out
    return {
        "bomb.zip": lambda: zipped(("a.txt", bytes(300_000_000))),
        "many-bombs.zip": lambda: zipped(*((f"{n}.txt", bytes(1_000_000)) for n in range(250))),
        "bomb-in-bomb.zip": lambda: _sixteen_bombs(),
        "forty-deep.zip": lambda: _wrapped(WORDS, 40),
        "overlapping.zip": _overlapping,
        "twenty-thousand.zip": lambda: zipped(*((f"{n}", b"") for n in range(20_000))),
        "deep-folders.zip": lambda: zipped(("a/" * 20_000 + "a.txt", WORDS)),
        "traversal.zip": lambda: zipped(*((name, WORDS) for name in ways_out(lure))),
        "absolute.zip": lambda: zipped((lure.escape, WORDS), ("C:\\" + lure.escape, WORDS)),
        "links.zip": lambda: zipped(("l", b"/etc/passwd"), ("m", out.encode()), attributes=LINK),
        "devices.zip": lambda: zipped(("d", b""), ("e", WORDS), attributes=DEVICE),
        "fifo.zip": lambda: zipped(("f", WORDS), attributes=FIFO),
        "same-name.zip": lambda: zipped(*(("a.txt", b"%d" % n) for n in range(300))),
        "names-of-nothing.zip": lambda: zipped(("/", b""), ("\u202e", WORDS), (" ", WORDS), ("./.", WORDS)),
        "long-name.zip": lambda: zipped(("n" * 60_000 + ".txt", WORDS)),
        "claims-to-be-locked.zip": lambda: patched(zipped(("a.txt", WORDS)), flag=1),
        "unknown-packing.zip": lambda: patched(zipped(("a.txt", WORDS)), method=99),
        "says-less.zip": lambda: patched(zipped(("a.txt", bytes(900_000))), size=10),
        "says-more.zip": lambda: patched(zipped(("a.txt", WORDS)), size=0xFFFFFFFE),
        "negative.zip": lambda: patched(zipped(("a.txt", WORDS)), size=0xFFFFFFFF),
        "directory-before-the-file.zip": lambda: _end_of(zipped(("a.txt", WORDS)), offset=0xFFFFFFF0),
        "directory-of-a-million.zip": lambda: _end_of(zipped(("a.txt", WORDS)), count=0xFFFF),
        "two-ends.zip": lambda: zipped(("a.txt", WORDS)) + b"PK\x05\x06" + bytes(18),
        "only-an-end.zip": lambda: b"PK\x05\x06" + bytes(18),
        "only-a-head.zip": lambda: b"PK\x03\x04" + bytes(26),
        "wrong-sum.zip": lambda: zipped(("a.txt", WORDS * 9), method=0).replace(b"dawn", b"dusk", 1),
        "locked-and-open.zip": lambda: patched(zipped(("a.txt", WORDS), ("b.txt", WORDS)), flag=1, only=1),
        "pdf-and-zip.pdf": lambda: make_pdf([show("Both.")]) + zipped(("a.txt", WORDS)),
        "zip-and-html.html": lambda: b"<html><script>alert(1)</script><p>Both.</p>" + zipped(("a.txt", WORDS)),
        "gif-and-zip.gif": lambda: b"GIF89a\x01\0\x01\0\0\0\0" + zipped(("a.txt", WORDS)),
        "documents.zip": lambda: zipped(
            ("a.docx", make_docx(paragraph("a" * 30_000_000))), ("b.pdf", make_pdf([])[:80]), ("c.txt", WORDS)
        ),
    }  # fmt: skip


def ways_out(lure: Lure) -> list[str]:
    out, away = lure.way_out, lure.escape
    return [
        out, f"a/{out}", out.replace("/", "\\"), f"./{out}", f"/{out}", away, f"//{away}", f"\\\\?\\C:{away}", f"C:{away}",
        "..", "../", "a/../../b", "..\\..\\b", f"a/b/c/{out}", "\u202e/../x", "..\0/x", ". ./x", "%2e%2e/x", "..;/x", "~/x",
    ]  # fmt: skip


def zipped(*members: tuple[str, bytes], attributes: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, DAY)
            info.external_attr, info.compress_type = attributes, method
            _append(archive, info, content)
    return out.getvalue()


def _append(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: bytes) -> None:
    """Add a member without `zipfile`'s word on two of one name."""
    archive.NameToInfo.pop(info.filename, None)
    archive.writestr(info, content, compresslevel=1)


def patched(data: bytes, *, flag: int | None = None, method: int | None = None, size: int | None = None, only: int | None = None) -> bytes:  # fmt: skip
    """Change what the headers of all members, or one, say of them."""
    out = bytearray(data)
    for magic, base in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        places = list[int]()
        while (at := data.find(magic, at + 1)) >= 0:
            places.append(at)
        for place in places if only is None else places[only : only + 1]:
            if flag is not None:
                struct.pack_into("<H", out, place + base, flag)
            if method is not None:
                struct.pack_into("<H", out, place + base + 2, method)
            if size is not None:
                struct.pack_into("<I", out, place + base + 16, size)
    return bytes(out)


def _end_of(data: bytes, *, offset: int | None = None, count: int | None = None) -> bytes:
    out, at = bytearray(data), data.rindex(b"PK\x05\x06")
    if offset is not None:
        struct.pack_into("<I", out, at + 16, offset)
    if count is not None:
        struct.pack_into("<HH", out, at + 8, count, count)
    return bytes(out)


def _sixteen_bombs() -> bytes:
    bomb = zipped(("a.txt", bytes(90_000_000)))
    return zipped(*((f"{n}.zip", bomb) for n in range(16)))


def _wrapped(data: bytes, depth: int) -> bytes:
    for n in range(depth):
        data = zipped((f"{n}.zip" if n else "a.txt", data))
    return data


def _overlapping() -> bytes:
    """A thousand entries of the directory name one member of 10 MB (D. Fifield, "A better zip bomb", 2019)."""
    one = zipped(("a.txt", bytes(10_000_000)))
    end = one.rindex(b"PK\x05\x06")
    start = one.index(b"PK\x01\x02")
    entry = one[start:end]
    entries = b"".join(entry.replace(b"a.txt", b"%05d" % n) for n in range(1000))
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1000, 1000, len(entries), start, 0)
    return one[:start] + entries + tail


def _tars(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {
        "traversal.tar": lambda: tarred(*(tar_member(name) for name in ways_out(lure) if "\0" not in name)),
        "links.tar": lambda: tarred(
            tar_member("a", kind=tarfile.SYMTYPE, to="/etc/passwd"), tar_member("b", kind=tarfile.LNKTYPE, to="/etc/passwd"),
            tar_member("c", kind=tarfile.SYMTYPE, to=".."), tar_member(f"c/{lure.way_out}"), tar_member("a"),
        ),
        "devices.tar": lambda: tarred(
            tar_member("zero", kind=tarfile.CHRTYPE), tar_member("sda", kind=tarfile.BLKTYPE), tar_member("p", kind=tarfile.FIFOTYPE)
        ),
        "link-to-itself.tar": lambda: tarred(tar_member("a", kind=tarfile.LNKTYPE, to="a")),
        "unknown-kinds.tar": lambda: tarred(*(tar_member(f"{n}", kind=bytes([n])) for n in range(128, 255))),
        "sparse.tar": lambda: tarred(tar_member("s", kind=tarfile.GNUTYPE_SPARSE))[:386] + b"77777777777\0" * 20 + bytes(9000),
        "negative.tar": lambda: _summed(tarred(tar_member("a")), 124, b"\xff" * 12),
        "giant.tar": lambda: _summed(tarred(tar_member("a")), 124, b"\x80" + b"\x7f" * 11),
        "size-of-words.tar": lambda: _summed(tarred(tar_member("a")), 124, b"harbour dawn"),
        "wrong-sum.tar": lambda: tarred(tar_member("a")).replace(b"ustar", b"ustar", 1)[:148] + b"0000000\0" + bytes(9000),
        "giant-pax.tar": lambda: _pax(b"99999999999 path=a\n"),
        "pax-way-out.tar": lambda: _pax(_record("path", lure.way_out)),
        "pax-of-no-length.tar": lambda: _pax(b"0 path=a\n" * 100),
        "pax-of-pax.tar": lambda: b"".join(_pax(b"")[:1024] for _ in range(3000)) + bytes(1024),
        "forty-thousand.tar": lambda: b"".join(_head(f"{n}") for n in range(40_000)) + bytes(1024),
        "same-name.tar": lambda: tarred(*(tar_member("a.txt") for _ in range(200))),
    }  # fmt: skip


def tar_member(name: str, *, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    info.size = len(WORDS) if kind == tarfile.REGTYPE else 0
    return info


def tarred(*members: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(WORDS))
    return out.getvalue()


def _head(name: str) -> bytes:
    return tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT)


def _summed(data: bytes, at: int, value: bytes) -> bytes:
    """Change a field of the first header and its sum."""
    head = bytearray(data[:512])
    head[at : at + len(value)] = value
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[512:]


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n"
    size = len(body) + len(str(len(body) + 3))
    return f"{size}{body}".encode()


def _pax(records: bytes) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    padded = records + bytes(-len(records) % 512)
    return info.tobuf(tarfile.USTAR_FORMAT) + (padded or bytes(512)) + tarred(tar_member("a"))


def _packed(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {
        "bomb.gz": lambda: gzip.compress(bytes(300_000_000), 1, mtime=0),
        "bomb.txt.bz2": lambda: bz2.compress(bytes(40_000_000)) * 8,
        "bomb.xz": lambda: lzma.compress(bytes(100_000_000), preset=1) * 3,
        "bomb.tar.gz": lambda: gzip.compress(_summed(tarred(tar_member("a")), 124, b"00000000000\0")[:512] + bytes(220_000_000), mtime=0),
        "thirty-times.gz": lambda: _again_and_again(gzip.compress, 30),
        "ten-thousand-members.gz": lambda: gzip.compress(b"a", mtime=0) * 10_000,
        "named-way-out.gz": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + lure.way_out.encode() + b"\0" + gzip.compress(WORDS, mtime=0)[10:],
        "endless-name.gz": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 5_000_000,
        "wrong-sum.gz": lambda: gzip.compress(WORDS * 99, mtime=0)[:-8] + bytes(8),
        "wants-4-gb.xz": lambda: _with_dictionary(lzma.compress(WORDS), 40),
        "only-a-head.bz2": lambda: b"BZh9",
        "only-a-head.xz": lambda: b"\xfd7zXZ\0",
        "raw-deflate.gz": lambda: b"\x1f\x8b\x08\0" + bytes(6) + zlib.compress(WORDS),
    }  # fmt: skip


def _again_and_again(pack: Callable[[bytes], bytes], times: int) -> bytes:
    data = bytes(1_000_000)
    for _ in range(times):
        data = pack(data)
    return data


def _with_dictionary(data: bytes, size: int) -> bytes:
    """Let the first block of an .xz say how large a dictionary its reader has to keep (40: 4 GB)."""
    head = bytearray(data)
    length = (head[12] + 1) * 4
    head[12 + 4] = size
    head[12 + length - 4 : 12 + length] = zlib.crc32(head[12 : 12 + length - 4]).to_bytes(
        4, "little"
    )
    return bytes(head)
