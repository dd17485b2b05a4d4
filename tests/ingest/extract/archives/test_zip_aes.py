"""Sealed members as 7-Zip writes them, made by the inverse of the reader; what becomes of them is read from the archive's items."""

import bz2
import hashlib
import hmac
import io
import struct
import zipfile
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ingest.extract.archives.zip_aes import AES_METHOD, Sealed, sealed
from ingest.extract.archives.zip_members import read
from ingest.extract.segment import Member, Problem
from tests.ingest.make_files import make_zip

DATA = b"Low water at noon. " * 9_000
PASSWORD = "s\u00e9same"


def seal(data: bytes, *, strength: int, method: int = 8) -> bytes:
    """An archive of one member "a.txt", under AES."""
    packed = {0: bytes, 8: _deflated, 12: bz2.compress}[method](data)
    key_bytes = 8 + 8 * strength
    salt = bytes(range(key_bytes // 2))
    keys = hashlib.pbkdf2_hmac("sha1", PASSWORD.encode(), salt, 1000, 2 * key_bytes + 2)
    encryptor = Cipher(algorithms.AES(keys[:key_bytes]), modes.ECB()).encryptor()
    blocks = range(1, 2 + len(packed) // 16)
    stream = b"".join(encryptor.update(n.to_bytes(16, "little")) for n in blocks)
    cipher = bytes(a ^ b for a, b in zip(packed, stream, strict=False))
    mac = hmac.new(keys[key_bytes : 2 * key_bytes], cipher, hashlib.sha1).digest()[:10]
    body = salt + keys[-2:] + cipher + mac
    extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", strength, method)
    common = struct.pack(
        "<HHHHHIIIHH", 51, 1, AES_METHOD, 0, 33, 0, len(body), len(data), 5, len(extra)
    )
    local = b"PK\3\4" + common + b"a.txt" + extra + body
    directory = b"PK\1\2" + struct.pack("<H", 51) + common + bytes(14) + b"a.txt" + extra
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(local), 0)
    return local + directory + b"PK\5\6" + end


def _deflated(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


def items_of(content: bytes, password: str = PASSWORD, *, first: int = 1):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6, password=password))


def problem_of(content: bytes, password: str = PASSWORD) -> Problem:
    last = items_of(content, password)[-1]
    assert isinstance(last, Problem)
    return last


def found(items) -> bytes:
    assert [type(item) for item in items] == [Member] * len(items)
    return b"".join(item.data for item in items)


@pytest.mark.parametrize("strength", [1, 2, 3])
@pytest.mark.parametrize("method", [0, 8, 12])
def test_a_sealed_member_comes_out_with_its_password(strength, method):
    assert found(items_of(seal(DATA, strength=strength, method=method))) == DATA


@pytest.mark.parametrize(
    ("password", "code"), [("", "encrypted_members"), ("sesame", "password_wrong")]
)
def test_without_it_or_with_another_it_stays_there(password, code):
    problem = problem_of(seal(DATA, strength=3), password)
    assert (problem.code, problem.message.endswith(": a.txt.")) == (code, True)


@pytest.mark.parametrize("at", [-170, 200])
def test_a_damaged_one_is_named(at):
    content = bytearray(seal(DATA, strength=3, method=0))
    content[at] ^= 1
    assert problem_of(bytes(content)).code == "broken_member"


def test_one_that_is_longer_than_it_says_is_not_given_out():
    content = seal(DATA, strength=3)
    lying = content.replace(struct.pack("<I", len(DATA)), struct.pack("<I", 10))
    assert problem_of(lying).code == "broken_member"


def test_one_that_is_packed_in_another_way_is_named():
    content = seal(DATA, strength=3).replace(b"AE\x03\x08\0", b"AE\x03\x62\0")
    assert problem_of(content).code == "unknown_packing"


@pytest.mark.parametrize(
    ("extra", "how"),
    [
        (b"", None),
        (struct.pack("<HHH2sBH", 0x9901, 7, 1, b"AE", 1, 8), Sealed(8, 16)),
        (b"\1\0\2\0xx" + struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 0), Sealed(0, 32)),
        (struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 9, 8), None),
        (struct.pack("<HHH", 0x9901, 7, 2), None),
    ],
)
def test_how_a_member_is_sealed_stands_in_its_extra_field(extra, how):
    member = zipfile.ZipInfo("a")
    member.compress_type, member.extra = AES_METHOD, extra
    assert sealed(member) == how


def test_an_open_member_is_not():
    with zipfile.ZipFile(io.BytesIO(make_zip({"a": "1"}))) as archive:
        assert sealed(archive.infolist()[0]) is None
