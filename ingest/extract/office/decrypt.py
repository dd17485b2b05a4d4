"""How Office encrypts archives under a password ([MS-OFFCRYPTO] 2.3.4): standard (Office 2007) and agile (since 2010).

Left out: other providers, ciphers than AES, certificates; what the file says of its integrity, since the archive has checksums.
"""

import hashlib
import hmac
from base64 import b64decode
from struct import pack, unpack_from
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.ElementTree import fromstring

STANDARD, AGILE = (2, 3, 4), (4, 4)  # major versions, of which 2 is the minor one; major and minor
STANDARD_SPINS, MOST_SPINS = 50_000, 1_000_000
SEGMENT_BYTES, BLOCK_BYTES = 4096, 16
VERIFIER_INPUT, VERIFIER_HASH, KEY_VALUE = (
    bytes.fromhex(each) for each in ("fea7d2763b4b9e79", "d7aa0f6d3061344e", "146e0be7abacd0d6")
)
_E: Final = "{http://schemas.microsoft.com/office/2006/encryption}"
_P: Final = "{http://schemas.microsoft.com/office/2006/keyEncryptor/password}"


def decrypted(info: bytes, package: bytes, password: str) -> bytes | None:
    """Return the archive, None for a wrong password; ValueError, KeyError or struct.error for what is sealed otherwise."""
    major, minor = unpack_from("<HH", info)
    (size_bytes,) = unpack_from("<Q", package)
    sealed = package[8 : 8 + (len(package) - 8) // BLOCK_BYTES * BLOCK_BYTES]
    if minor == 2 and major in STANDARD:
        key = _standard_key(info, password)
        return key and _ecb(key, sealed)[:size_bytes]
    if (major, minor) != AGILE:
        raise ValueError("another way of encrypting")
    root = _parsed(info[8:])
    of_key, of_data = root.find(f".//{_P}encryptedKey"), root.find(f"{_E}keyData")
    if of_key is None or of_data is None:
        raise ValueError("no password opens it")
    key = _agile_key(of_key, password)
    return key and _agile_package(of_data, key, sealed)[:size_bytes]


def _parsed(description: bytes) -> Element:
    try:
        return fromstring(description)
    except ParseError as exc:
        raise ValueError("no XML") from exc


def _standard_key(info: bytes, password: str) -> bytes | None:
    (header_bytes,) = unpack_from("<I", info, 8)
    (key_bits,) = unpack_from("<I", info, 12 + 16)
    salt, verifier, verifier_hash = unpack_from("<4x16s16s4x32s", info, 12 + header_bytes)
    spun = _spun("sha1", salt, password, STANDARD_SPINS)
    last = hashlib.sha1(spun + pack("<I", 0)).digest()
    halves = (_xored(last, byte) for byte in (0x36, 0x5C))
    key = b"".join(hashlib.sha1(half).digest() for half in halves)[: key_bits // 8]
    wanted = hashlib.sha1(_ecb(key, verifier)).digest()
    return key if hmac.compare_digest(wanted, _ecb(key, verifier_hash)[: len(wanted)]) else None


def _xored(digest: bytes, byte: int) -> bytes:
    return bytes(a ^ byte for a in digest.ljust(64, b"\0"))


class _Cipher(NamedTuple):
    """What an element of the agile description says of itself."""

    salt: bytes
    hash_name: str
    key_bytes: int


def _cipher(element: "Element") -> _Cipher:
    if (element.attrib["cipherAlgorithm"], element.attrib["cipherChaining"]) != (
        "AES",
        "ChainingModeCBC",
    ):
        raise ValueError("another cipher")
    hash_name = element.attrib["hashAlgorithm"].replace("-", "").lower()
    key_bytes = int(element.attrib["keyBits"]) // 8
    return _Cipher(b64decode(element.attrib["saltValue"]), hash_name, key_bytes)


def _agile_key(element: "Element", password: str) -> bytes | None:
    salt, hash_name, key_bytes = _cipher(element)
    spins = int(element.attrib["spinCount"])
    if spins > MOST_SPINS:
        raise ValueError("too many rounds")
    spun = _spun(hash_name, salt, password, spins)

    def value(name: str, block: bytes) -> bytes:
        key = _sized(hashlib.new(hash_name, spun + block).digest(), key_bytes)
        return _cbc(key, _sized(salt, BLOCK_BYTES), b64decode(element.attrib[name]))

    wanted = hashlib.new(hash_name, value("encryptedVerifierHashInput", VERIFIER_INPUT)).digest()
    found = value("encryptedVerifierHashValue", VERIFIER_HASH)[: len(wanted)]
    if not hmac.compare_digest(wanted, found):
        return None
    return value("encryptedKeyValue", KEY_VALUE)[:key_bytes]


def _agile_package(element: "Element", key: bytes, sealed: bytes) -> bytes:
    salt, hash_name, _ = _cipher(element)
    out = list[bytes]()
    for number, start in enumerate(range(0, len(sealed), SEGMENT_BYTES)):
        vector = _sized(hashlib.new(hash_name, salt + pack("<I", number)).digest(), BLOCK_BYTES)
        out.append(_cbc(key, vector, sealed[start : start + SEGMENT_BYTES]))
    return b"".join(out)


def _spun(hash_name: str, salt: bytes, password: str, spins: int) -> bytes:
    digest = hashlib.new(hash_name, salt + password.encode("utf-16-le")).digest()
    for number in range(spins):
        digest = hashlib.new(hash_name, pack("<I", number) + digest).digest()
    return digest


def _sized(value: bytes, length: int) -> bytes:
    return value[:length].ljust(length, b"\x36")


def _ecb(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(data) + decryptor.finalize()
