"""ZIP archives: their list of members as text, and each member as a file of its own.

Bounds as for any archive: 10,000 members, 200 MB and a hundredfold when inflated. What is encrypted,
a link, damaged, over a bound or named to lead out of the archive is left in it and named as a problem; the rest comes out.
Encrypted members come out with their password.
Left out: archives in several parts, Deflate64 and PPMd.
"""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, cast

from ingest.extract.archive import ENCRYPTED_FLAG, FREE_BYTES, MOST_INFLATED_BYTES, MOST_RATIO
from ingest.extract.archives.zip_aes import PACKED_AS, AesMember, Sealed, sealed
from ingest.extract.members import Output, Skipped, is_junk, listing, pieces_of, safe_path
from ingest.extract.segment import Item, Unreadable
from ingest.extract.zip_directory import END_SIGNATURE, MOST_MEMBERS, member_count, member_names

UTF8_FLAG = 0x800
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
UNPACK = "Unpack it and upload what you need."


class Reason(NamedTuple):
    code: str
    because: str
    remedy: str


ENCRYPTED = Reason("encrypted_members", "they are encrypted", "Read it again with its password.")
WRONG = Reason(
    "password_wrong", "the password does not open them", "Read it again with the right password."
)
UNSAFE = Reason("unsafe_members", "they are links or their names lead out of the archive", UNPACK)
UNKNOWN = Reason(
    "unknown_packing", "they are packed or encrypted in a way that is not read", UNPACK
)
INFLATING = Reason("archive_too_large", "it unpacks to more than is taken out", UNPACK)


def read(
    source: BinaryIO, *, first: int, most_characters: int, password: str = ""
) -> Iterator[Item]:
    """Yield the list, then the members in the directory's order, then what was left in it."""
    archive = _open(source)
    archive.setpassword(password.encode())
    output, skipped = Output(first, most_characters), Skipped()
    members = list(_members(archive, skipped))
    yield from output.text(listing(path for _, path in members))
    yield from output.flush()
    left_bytes = MOST_INFLATED_BYTES
    for member, path in members:
        left_bytes -= member.file_size
        reason = _reason(archive, member, left_bytes)
        if reason is not None:
            left_bytes += member.file_size
            skipped.add(path, reason.code, because=reason.because, remedy=reason.remedy)
        elif member.file_size and not output.skips(path):
            yield from _member(archive, member, path, output)
    yield from skipped.report(output)


def _open(source: BinaryIO) -> zipfile.ZipFile:
    if not member_names(source):
        raise _refusal(source)
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
        raise _damaged() from exc


def _refusal(source: BinaryIO) -> Unreadable:
    source.seek(0)
    if source.read(4) == END_SIGNATURE:
        return Unreadable(
            "empty_archive", "The archive is empty.", remedy="Check the original and upload it."
        )
    if member_count(source) > MOST_MEMBERS:
        return Unreadable(
            "too_many_files",
            f"The archive holds more than {MOST_MEMBERS:,} files.",
            remedy="Unpack it and upload the folder.",
        )
    return _damaged()


def _members(archive: zipfile.ZipFile, skipped: Skipped) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    for member in archive.infolist():
        name = _name(member)
        path = safe_path(name)
        if path is None or stat.S_ISLNK(member.external_attr >> 16):
            skipped.add(name, UNSAFE.code, because=UNSAFE.because, remedy=UNSAFE.remedy)
        elif not name.endswith(("/", "\\")) and not is_junk(path):
            yield member, path


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name; many programs write UTF-8 without saying so, which `zipfile` reads as code page 437."""
    if member.flag_bits & UTF8_FLAG:
        return member.filename
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename


def _reason(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left_bytes: int) -> Reason | None:
    is_encrypted = bool(member.flag_bits & ENCRYPTED_FLAG)
    if is_encrypted and not archive.pwd:
        return ENCRYPTED
    how = sealed(member)
    if (how is None or how.method not in PACKED_AS) and member.compress_type not in METHODS:
        return UNKNOWN
    if is_encrypted and not _opens(archive, member):
        return WRONG
    if left_bytes < 0 or member.file_size > max(FREE_BYTES, MOST_RATIO * member.compress_size):
        return INFLATING
    return None


def _opens(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Say whether the password may be that of the member: of many wrong ones one passes, and its bytes are damaged then."""
    try:
        if (how := sealed(member)) is not None:
            return _aes(archive, member, how).opens
        archive.open(member).close()
    except RuntimeError:
        return False
    except BROKEN:
        return True
    return True


def _aes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, how: Sealed) -> AesMember:
    assert archive.fp is not None  # it is open
    assert archive.pwd is not None  # else it was left in the archive
    return AesMember(cast("BinaryIO", archive.fp), member, how, password=archive.pwd)


def _contents(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    if (how := sealed(member)) is not None:
        yield from _aes(archive, member, how).pieces()
        return
    with archive.open(member) as content:
        yield from pieces_of(content.read)


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str, output: Output
) -> Iterator[Item]:
    try:
        yield from output.member(path, _contents(archive, member))
    except BROKEN:
        yield from output.problem("broken_member", f"{path} in it is damaged.", UNPACK)


def _damaged() -> Unreadable:
    return Unreadable(
        "broken_file",
        "The archive is damaged.",
        remedy="Unpack it and upload what is in it.",
    )
