"""A ZIP archive from a stranger: refused when it would inflate beyond its limits, read in small pieces."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.office.compound import SIGNATURE
from ingest.extract.segment import Unreadable
from ingest.extract.zip_directory import member_names

MOST_INFLATED_BYTES = 200 * 2**20
MOST_RATIO = 100
FREE_BYTES = 2**20  # a small part may be as repetitive as it likes: empty style sheets reach 1:200
READ_BYTES = 2**16
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # all that OOXML allows
ENCRYPTED_FLAG = 1


def open_archive(source: BinaryIO) -> zipfile.ZipFile:
    """Return the archive once its directory is known to be harmless; raise Unreadable otherwise."""
    source.seek(0)
    if (
        source.read(len(SIGNATURE)) == SIGNATURE
    ):  # Office wraps encrypted archives in a compound file
        raise encrypted()
    if not member_names(source):
        raise _damaged()
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:  # a name that is no UTF-8
        raise _damaged() from exc
    members = archive.infolist()
    for member in members:
        _check(member)
    if sum(member.file_size for member in members) > MOST_INFLATED_BYTES:
        raise _bomb()
    return archive


def _check(member: zipfile.ZipInfo) -> None:
    if member.flag_bits & ENCRYPTED_FLAG:
        raise encrypted()
    parts = member.filename.split("/")
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if is_link or ".." in parts or parts[0] == "" or member.compress_type not in METHODS:
        raise _damaged()
    if member.file_size > max(FREE_BYTES, MOST_RATIO * member.compress_size):
        raise _bomb()


def inflate(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a member's bytes, nothing for an absent one; never more than it declares, and its checksum must be right."""
    if name not in archive.NameToInfo:
        return
    try:
        with archive.open(name) as member:
            while piece := member.read(READ_BYTES):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as exc:
        raise _damaged() from exc


def encrypted() -> Unreadable:
    return Unreadable(
        "encrypted",
        "The file is encrypted.",
        remedy="Save it without a password and upload it.",
    )


def _bomb() -> Unreadable:
    return Unreadable(
        "archive_too_large",
        "The file unpacks to far more than it could honestly hold.",
        remedy="Save it again in its own program; if it is genuine, export it as PDF.",
    )


def _damaged() -> Unreadable:
    return Unreadable(
        "broken_file",
        "The file is damaged: its parts cannot be unpacked.",
        remedy="Open it in its own program, save it again and upload it.",
    )
