"""A browser that takes pushes: its keys, and how it reads a message, written from RFC 8188 and 8291 and not from our code."""

import os
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def mac(key: bytes, data: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


class NewBrowser:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.p256dh = self.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    @property
    def keys(self) -> dict[str, str]:
        """As the browser tells them to the page."""
        return {"p256dh": _text(self.p256dh), "auth": _text(self.auth)}

    def decrypt(self, body: bytes) -> bytes:
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = mac(self.auth, self.key.exchange(ec.ECDH(), point))
        secret = mac(shared, b"WebPush: info\0" + self.p256dh + sender + b"\x01")
        extracted = mac(salt, secret)
        key = mac(extracted, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = mac(extracted, b"Content-Encoding: nonce\0\x01")[:12]
        text = AESGCM(key).decrypt(nonce, sealed, None)
        assert text[-1:] == b"\x02", "the last record"
        return text[:-1]
