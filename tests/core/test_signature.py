import base64
import hashlib
import hmac
from datetime import UTC, datetime
from uuid import UUID

from core.signature import signed_headers, webhook_secret

KEY = b"k" * 32
CALL = UUID("0199b9a1-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_secret_is_the_same_each_time_and_another_for_each_webhook_and_installation():
    secret = webhook_secret(KEY, CALL)
    assert secret == webhook_secret(KEY, CALL)
    assert len({secret, webhook_secret(b"o" * 32, CALL), webhook_secret(KEY, UUID(int=1))}) == 3
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


def test_a_receiver_that_follows_standard_webhooks_finds_the_signature_right():
    secret = webhook_secret(KEY, CALL)
    headers = signed_headers(secret, call_id=CALL, at=AT, body=b'{"a":1}')
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + b'{"a":1}'
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers == {
        "Webhook-Id": str(CALL),
        "Webhook-Timestamp": "1772366400",
        "Webhook-Signature": f"v1,{wanted}",
        "Content-Type": "application/json",
    }
