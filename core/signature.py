"""Sign what a webhook receives, by the rules of standardwebhooks.com, so that its libraries check it.

A secret is derived from the installation's key and the webhook's id: it is shown once and stored nowhere.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from uuid import UUID


def webhook_secret(key: bytes, webhook_id: UUID) -> str:
    """Return the secret of one webhook, as its owner is shown it."""
    derived = hmac.digest(key, b"webhook\0" + webhook_id.bytes, hashlib.sha256)
    return "whsec_" + base64.b64encode(derived).decode()


def signed_headers(secret: str, *, call_id: UUID, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one call; `call_id` stays the same when it is sent again."""
    timestamp = str(int(at.timestamp()))
    signed = f"{call_id}.{timestamp}.".encode() + body
    mac = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    return {
        "Webhook-Id": str(call_id),
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": "v1," + base64.b64encode(mac).decode(),
        "Content-Type": "application/json",
    }
