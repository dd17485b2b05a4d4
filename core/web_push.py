"""Web Push: a message encrypted for one browser (RFC 8291, aes128gcm of RFC 8188) and who sends it (VAPID, RFC 8292).

Pure but for the random salt and key of each message. Why not a library: docs/adr/0010-notifications.md.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST_BYTES: Final = 3993  # of a message; services take records of 4,096
AUTH_BYTES: Final = 16
_RECORD: Final = 4096
_LIFETIME: Final = timedelta(hours=12)
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


@dataclass(frozen=True, slots=True)
class Browser:
    """The keys of a subscription: its public point and its secret."""

    p256dh: bytes
    auth: bytes

    def is_usable(self) -> bool:
        """Say whether something can be encrypted for it."""
        try:
            _point(self.p256dh)
        except ValueError:
            return False
        return len(self.auth) == AUTH_BYTES


def sender_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key of this installation, made of its own secret."""
    number = int.from_bytes(hashlib.sha512(b"recollect vapid " + seed).digest()) % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, as browsers are given it (base64url) and messages carry it."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def vapid_headers(
    key: ec.EllipticCurvePrivateKey, *, endpoint: str, contact: str, now: datetime
) -> dict[str, str]:
    """Return the header that tells a push service who sends; `contact` is a mailto: or https: address."""
    url = httpx.URL(endpoint)
    claims = {
        "aud": f"{url.scheme}://{url.netloc.decode()}",
        "exp": int((now + _LIFETIME).timestamp()),
        "sub": contact,
    }
    head = {"typ": "JWT", "alg": "ES256"}
    signed = f"{base64url(orjson.dumps(head))}.{base64url(orjson.dumps(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"
    return {"Authorization": f"vapid t={token}, k={base64url(public_point(key))}"}


def encrypt(
    message: bytes,
    browser: Browser,
    *,
    salt: bytes | None = None,
    once: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return the body of a push; `salt` and `once` are given by tests alone."""
    if len(message) > MOST_BYTES:
        raise ValueError(f"A push holds at most {MOST_BYTES} bytes.")
    salt, once = salt or os.urandom(16), once or ec.generate_private_key(ec.SECP256R1())
    ours = public_point(once)
    shared = once.exchange(ec.ECDH(), _point(browser.p256dh))
    secret = _derive(shared, browser.auth, b"WebPush: info\0" + browser.p256dh + ours, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + _RECORD.to_bytes(4) + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Return the bytes, whatever the padding; ValueError for what is none."""
    return base64.b64decode(
        text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True
    )


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
