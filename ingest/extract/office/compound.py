"""A compound file (OLE2: what Office wrote until 2003, and wraps encrypted files in), its root's streams only ([MS-CFB]).

Reads sectors as they are asked for and never more than the file holds. Our own, not olefile: that one costs each child 16 ms
of import, and detection runs it outside of any child.
"""

from array import array
from collections.abc import Iterator
from struct import error, unpack_from
from typing import BinaryIO, NamedTuple

from ingest.extract.segment import Unreadable

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage"  # the stream that an encrypted DOCX, XLSX or PPTX is in
HEADER_BYTES = 512
ENTRY_BYTES = 128
MOST_DIRECTORY_BYTES = 8 * 2**20  # 64,000 streams; a message with its attachments has hundreds
LAST = 0xFFFFFFFA  # sector numbers from here on are marks
STREAM, ROOT = 2, 5
SECTOR_SHIFTS = (9, 12)


class _Entry(NamedTuple):
    name: str
    kind: int
    left: int
    right: int
    child: int
    first_sector: int
    size: int


class Compound:
    """Raises Unreadable when the file's own tables do not fit together."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        source.seek(0)
        header = source.read(HEADER_BYTES)
        try:
            self._shift, mini_shift = unpack_from("<HH", header, 30)
            first_directory, self._mini_below = unpack_from("<I4xI", header, 48)
            first_mini_fat = unpack_from("<I", header, 60)[0]
            if self._shift not in SECTOR_SHIFTS or mini_shift >= self._shift:
                raise damaged()
            self._most = source.seek(0, 2) >> self._shift  # sectors in the file
            self._fat = self._table(self._fat_sectors(header))
            self._directory = self._sectors(first_directory, MOST_DIRECTORY_BYTES >> self._shift)
            self.streams = {each.name: each for each in self._of_root()}
            self._by_name = {each.name.lower(): each for each in self.streams.values()}
        except error as exc:
            raise damaged() from exc
        self._mini_shift, self._first_mini_fat = mini_shift, first_mini_fat

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """Return a stream of the root, empty for an absent one; Unreadable for one that is too long. Case does not matter."""
        entry = self._by_name.get(name.lower())
        if entry is None or entry.kind != STREAM:
            return b""
        if entry.size > most_bytes:
            raise Unreadable(
                "too_large",
                "The file is too large to be read in its old format.",
                remedy="Save it in its program's present format and upload that.",
            )
        if entry.size >= self._mini_below:
            return self._chain(entry.first_sector, entry.size)
        return self._mini_chain(entry.first_sector, entry.size)

    def _fat_sectors(self, header: bytes) -> Iterator[int]:
        """109 in the header, the rest in a chain of sectors whose last number leads on."""
        yield from unpack_from("<109I", header, 76)
        sector = unpack_from("<I", header, 68)[0]
        for _ in range(self._most):
            if sector >= LAST:
                return
            *numbers, sector = self._numbers(sector)
            yield from numbers

    def _table(self, sectors: Iterator[int]) -> "array[int]":
        table = array("I")
        for sector in sectors:
            if sector < LAST and len(table) <= self._most:
                table.extend(self._numbers(sector))
        return table

    def _numbers(self, sector: int) -> tuple[int, ...]:
        content = self._sector(sector).ljust(1 << self._shift, b"\xff")  # a cut file's last one
        return unpack_from(f"<{1 << self._shift - 2}I", content)

    def _sector(self, number: int) -> bytes:
        self._source.seek((number + 1) << self._shift)
        return self._source.read(1 << self._shift)

    def _follow(self, sector: int, count: int) -> Iterator[int]:
        for _ in range(count):
            if sector >= len(self._fat):
                return
            yield sector
            sector = self._fat[sector]

    def _sectors(self, first: int, count: int) -> bytes:
        return b"".join(map(self._sector, self._follow(first, min(count, self._most))))

    def _entry(self, number: int) -> _Entry:
        at = number * ENTRY_BYTES
        length, kind = unpack_from("<HB", self._directory, at + 64)
        name = self._directory[at : at + min(64, max(0, length - 2))].decode("utf-16-le", "replace")
        return _Entry(
            name,
            kind,
            *unpack_from("<3I", self._directory, at + 68),
            *unpack_from("<II", self._directory, at + 116),
        )

    def _of_root(self) -> Iterator[_Entry]:
        """The root's children are a binary tree; a hostile one may go in circles."""
        self._root = self._entry(0)
        if self._root.kind != ROOT:
            raise damaged()
        count = len(self._directory) // ENTRY_BYTES
        waiting, seen = [self._root.child], set[int]()
        while waiting:
            number = waiting.pop()
            if number < count and number not in seen:
                seen.add(number)
                entry = self._entry(number)
                waiting += [entry.left, entry.right]
                yield entry

    def _chain(self, first: int, size: int) -> bytes:
        return self._sectors(first, -(-size >> self._shift))[:size]

    def _mini_chain(self, first: int, size: int) -> bytes:
        """Short streams share the root's, in small sectors with a table of their own."""
        shared = self._chain(self._root.first_sector, self._root.size)
        table = self._table(self._follow(self._first_mini_fat, self._most))
        pieces: list[bytes] = []
        sector, step = first, 1 << self._mini_shift
        for _ in range(-(-size >> self._mini_shift)):
            if sector >= len(table):
                break
            pieces.append(shared[sector * step : (sector + 1) * step])
            sector = table[sector]
        return b"".join(pieces)[:size]


def damaged() -> Unreadable:
    return Unreadable(
        "broken_file",
        "The file is damaged: its parts do not fit together.",
        remedy="Open it in its own program, save it again and upload it.",
    )
