"""Seal a short secret for a while (AES-256-GCM): whoever reads the row, or a copy of it, learns no more than its length.

It is bound to what it is for, so that it opens nothing in another row. Left out: exchanging the key; what a lost key
sealed is asked for again.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal(key: bytes, secret: str, *, bound_to: bytes) -> bytes:
    """Return what only `unseal` with the same key and `bound_to` opens."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), bound_to)


def unseal(key: bytes, sealed: bytes, *, bound_to: bytes) -> str | None:
    """Return the secret; None for bytes that were not sealed so."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to).decode()
    except (InvalidTag, ValueError):
        return None
