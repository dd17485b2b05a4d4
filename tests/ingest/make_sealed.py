"""Office files under a password, sealed as Office seals them: the inverse of ingest/extract/office/decrypt.py, from the same document."""

import hashlib
from base64 import b64encode
from struct import pack

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.ingest.make_office import make_compound

SALT, SECRET, VERIFIER = bytes(range(16)), bytes(range(32)), bytes(range(16, 32))
SPINS = 1_000
AGILE = """<?xml version="1.0"?>
<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password">
<keyData {cipher}/><keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password">
<p:encryptedKey spinCount="{spins}" {cipher} encryptedVerifierHashInput="{input}" encryptedVerifierHashValue="{hash}" encryptedKeyValue="{key}"/>
</keyEncryptor></keyEncryptors></encryption>"""
CIPHER = (
    'saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC"'
    f' hashAlgorithm="SHA512" saltValue="{b64encode(SALT).decode()}"'
)


def seal_standard(archive: bytes, password: str) -> bytes:
    spun = _spun("sha1", password, 50_000)
    last = hashlib.sha1(spun + bytes(4)).digest().ljust(64, b"\0")
    key = hashlib.sha1(bytes(each ^ 0x36 for each in last)).digest()[:16]
    hashed = hashlib.sha1(VERIFIER).digest().ljust(32, b"\0")
    header = pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + "AES\0".encode("utf-16-le")
    verifier = pack("<I", 16) + SALT + _ecb(key, VERIFIER) + pack("<I", 20) + _ecb(key, hashed)
    info = pack("<HHII", 4, 2, 0x24, len(header)) + header + verifier
    return _compound(info, archive, _ecb(key, _padded(archive)))


def seal_agile(archive: bytes, password: str, *, spins: int = SPINS) -> bytes:
    spun = _spun("sha512", password, min(spins, SPINS))
    values = {
        name: b64encode(_cbc(_key(spun, block), SALT, value)).decode()
        for name, block, value in (
            ("input", "fea7d2763b4b9e79", VERIFIER),
            ("hash", "d7aa0f6d3061344e", hashlib.sha512(VERIFIER).digest()),
            ("key", "146e0be7abacd0d6", SECRET),
        )
    }
    info = pack("<HHI", 4, 4, 0x40) + AGILE.format(cipher=CIPHER, spins=spins, **values).encode()
    sealed = b""
    for number, start in enumerate(range(0, len(archive), 4096)):
        vector = hashlib.sha512(SALT + pack("<I", number)).digest()[:16]
        sealed += _cbc(SECRET, vector, _padded(archive[start : start + 4096]))
    return _compound(info, archive, sealed)


def _compound(info: bytes, archive: bytes, sealed: bytes) -> bytes:
    package = pack("<Q", len(archive)) + sealed
    return make_compound({"EncryptionInfo": info, "EncryptedPackage": package})


def _spun(hash_name: str, password: str, spins: int) -> bytes:
    digest = hashlib.new(hash_name, SALT + password.encode("utf-16-le")).digest()
    for number in range(spins):
        digest = hashlib.new(hash_name, pack("<I", number) + digest).digest()
    return digest


def _key(spun: bytes, block: str) -> bytes:
    return hashlib.sha512(spun + bytes.fromhex(block)).digest()[:32]


def _ecb(key: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data)


def _cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor().update(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)
