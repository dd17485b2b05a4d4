"""Members of ZIP archives that AES protects, as 7-Zip and WinZip do (AE-1 and AE-2, winzip.com/win/en/aes_info.html).

PBKDF2 gives the keys, AES in counter mode the bytes, an HMAC says that they are whole. `zipfile` reads none of it.
"""

import bz2
import hashlib
import hmac
import zlib
from collections.abc import Iterator
from struct import unpack_from
from typing import BinaryIO, Final, NamedTuple, Protocol
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipInfo

AES_METHOD, EXTRA_ID = 99, 0x9901
KEY_BYTES: Final = {1: 16, 2: 24, 3: 32}  # by the strength that a member names
PACKED_AS: Final = frozenset({ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2})
ROUNDS, CHECK_BYTES, MAC_BYTES, BLOCK = 1_000, 2, 10, 16
LOCAL_HEADER_BYTES = 30
PIECE_BYTES = 2**16  # whole blocks


class Sealed(NamedTuple):
    """`method` is how the member is packed under the cipher."""

    method: int
    key_bytes: int

    @property
    def salt_bytes(self) -> int:
        return self.key_bytes // 2


class _Unpacking(Protocol):
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def sealed(member: ZipInfo) -> Sealed | None:
    """Return how a member is sealed; None when it is not, or in a way that is not known."""
    extra, at = member.extra, 0
    while member.compress_type == AES_METHOD and at + 4 <= len(extra):
        kind, length = unpack_from("<HH", extra, at)
        if kind == EXTRA_ID and length == 7 and at + 11 <= len(extra):
            strength, method = unpack_from("<BH", extra, at + 8)
            return Sealed(method, KEY_BYTES[strength]) if strength in KEY_BYTES else None
        at += 4 + length
    return None


class AesMember:
    """A sealed member, opened with a password; BadZipFile when it is damaged."""

    def __init__(self, source: BinaryIO, member: ZipInfo, how: Sealed, *, password: bytes) -> None:
        self._source = source
        self._member = member
        self._how = how
        source.seek(member.header_offset)
        header = source.read(LOCAL_HEADER_BYTES)
        if len(header) < LOCAL_HEADER_BYTES:
            raise BadZipFile
        source.seek(sum(unpack_from("<HH", header, 26)), 1)
        salt, check = source.read(how.salt_bytes), source.read(CHECK_BYTES)
        keys = hashlib.pbkdf2_hmac("sha1", password, salt, ROUNDS, 2 * how.key_bytes + CHECK_BYTES)
        self._key, self._mac_key = keys[: how.key_bytes], keys[how.key_bytes : 2 * how.key_bytes]
        self.opens = hmac.compare_digest(keys[-CHECK_BYTES:], check)
        self._at = source.tell()

    def pieces(self) -> Iterator[bytes]:
        """Yield the unpacked bytes, never more than the member declares."""
        left_bytes = self._member.file_size
        unpacking = _unpacking(self._how.method)
        for plain in self._plain():
            piece = unpacking.decompress(plain, left_bytes + 1) if unpacking else plain
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise BadZipFile
            yield piece
        if left_bytes:
            raise BadZipFile

    def _plain(self) -> Iterator[bytes]:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        encryptor = Cipher(algorithms.AES(self._key), modes.ECB()).encryptor()
        mac = hmac.new(self._mac_key, digestmod=hashlib.sha1)
        overhead = self._how.salt_bytes + CHECK_BYTES + MAC_BYTES
        left_bytes, counter = self._member.compress_size - overhead, 1
        self._source.seek(self._at)
        while left_bytes > 0:
            data = self._source.read(min(PIECE_BYTES, left_bytes))
            if not data:
                raise BadZipFile
            mac.update(data)
            blocks = range(counter, counter + -(-len(data) // BLOCK))
            stream = encryptor.update(b"".join(n.to_bytes(BLOCK, "little") for n in blocks))
            yield _xored(data, stream)
            left_bytes, counter = left_bytes - len(data), blocks.stop
        if not hmac.compare_digest(mac.digest()[:MAC_BYTES], self._source.read(MAC_BYTES)):
            raise BadZipFile


def _xored(data: bytes, stream: bytes) -> bytes:
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream[: len(data)], "little")
    return mixed.to_bytes(len(data), "little")


def _unpacking(method: int) -> _Unpacking | None:
    if method == ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS)
    return bz2.BZ2Decompressor() if method == ZIP_BZIP2 else None
