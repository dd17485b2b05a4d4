"""tar archives, packed (gzip, bzip2, xz) or not, and single packed files: their list as text, each member as a file.

Read as a stream, so the list comes last. Bounds and what is left in the archive are those of zip_members.py; what a single
packed file unpacks to has no name of its own and is called like the packed one without its last suffix.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from ingest.container_kind import TAR_MAGIC, TAR_MAGIC_AT
from ingest.extract.archive import FREE_BYTES, MOST_INFLATED_BYTES, MOST_RATIO
from ingest.extract.archives.zip_members import INFLATING, UNPACK, UNSAFE
from ingest.extract.members import (
    Output,
    Skipped,
    is_junk,
    listing,
    pieces_of,
    safe_path,
)
from ingest.extract.segment import Item, Unreadable
from ingest.extract.zip_directory import MOST_MEMBERS

BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
PACKED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
BLOCK = 512
MORE = "and what follows it"


class TooMuch(Exception):
    """It unpacks to more than is taken out of a file."""


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    output, skipped = Output(first, most_characters), Skipped()
    stream = _Bounded(source)
    try:
        head = stream.peek(BLOCK)
    except BROKEN as exc:
        raise Unreadable(
            "broken_file", "The file is damaged and cannot be unpacked.", remedy=UNPACK
        ) from exc
    if stream.is_packed and not head[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        yield from output.text(listing([_original_name(source)]))
        yield from _single(stream, output)
    else:
        yield from _tar(stream, output, skipped)
    yield from skipped.report(output)


def _original_name(source: BinaryIO) -> str:
    """Return what a gzip file says the packed one was called (RFC 1952); the stream goes on where it was."""
    at = source.tell()
    source.seek(0)
    head = source.read(BLOCK)
    source.seek(at)
    has_name_only = head.startswith(b"\x1f\x8b\x08\x08")
    name = head[10:].partition(b"\0")[0].decode("latin-1") if has_name_only else ""
    return safe_path(name) or "one file without a name"


def _single(stream: "_Bounded", output: Output) -> Iterator[Item]:
    try:
        yield from output.member("", pieces_of(stream.read))
    except TooMuch:
        yield from output.problem(
            INFLATING.code, f"Not taken out, because {INFLATING.because}.", UNPACK
        )
    except BROKEN:
        yield from output.problem("broken_member", "What is in it is damaged.", UNPACK)


def _tar(stream: "_Bounded", output: Output, skipped: Skipped) -> Iterator[Item]:
    paths: list[str] = []
    broken: str | None = None
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for member in archive:
                if len(paths) >= MOST_MEMBERS:
                    skipped.add(
                        MORE, "too_many_files", because="it holds more than 10,000", remedy=UNPACK
                    )
                    break
                yield from _member(archive, member, paths, output, skipped)
    except TooMuch:
        skipped.add(MORE, INFLATING.code, because=INFLATING.because, remedy=UNPACK)
    except BROKEN:
        broken = "The archive is damaged or cut off; what came before was taken out."
    yield from output.text(listing(paths))
    yield from output.flush()
    if broken is not None:
        if not paths:
            raise Unreadable("broken_file", "The archive is damaged.", remedy=UNPACK)
        yield from output.problem(
            "broken_archive", broken, "Check the original and upload it again."
        )


def _member(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    paths: list[str],
    output: Output,
    skipped: Skipped,
) -> Iterator[Item]:
    path = safe_path(member.name)
    if member.isdir() or (path is not None and is_junk(path)):
        return
    if path is None or not member.isreg():
        skipped.add(member.name, UNSAFE.code, because=UNSAFE.because, remedy=UNSAFE.remedy)
        return
    paths.append(path)
    content = archive.extractfile(member)
    if content is not None and member.size and not output.skips(path):
        try:
            yield from output.member(path, pieces_of(content.read))
        except (*BROKEN, TooMuch):
            yield from output.problem(
                "broken_member", f"{path} in it could not be taken out whole.", UNPACK
            )
            raise


class _Bounded(io.RawIOBase):
    """The unpacked bytes; TooMuch at the first one over the limits."""

    def __init__(self, source: BinaryIO) -> None:
        size_bytes = source.seek(0, 2)
        source.seek(0)
        head = source.read(8)
        source.seek(0)
        unpack = next((unpack for magic, unpack in PACKED if head.startswith(magic)), None)
        self.is_packed = unpack is not None
        self._source = source if unpack is None else cast("BinaryIO", unpack(source))
        self._left_bytes = min(MOST_INFLATED_BYTES, max(FREE_BYTES, MOST_RATIO * size_bytes))
        self._peeked = b""

    def peek(self, count: int) -> bytes:
        self._peeked = self._source.read(count)
        return self._peeked

    def read(self, count: int = -1) -> bytes:
        """Return `count` bytes, fewer at the end only; tarfile relies on it."""
        wanted = self._left_bytes + 1 if count < 0 else count
        piece, self._peeked = self._peeked[:wanted], self._peeked[wanted:]
        if len(piece) < wanted:
            piece += self._source.read(min(wanted - len(piece), self._left_bytes + 1))
        self._left_bytes -= len(piece)
        if self._left_bytes < 0:
            raise TooMuch
        return piece
