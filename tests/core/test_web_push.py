"""The example of RFC 8291, section 5, byte by byte; and what a browser that decrypts by the RFC gets."""

from datetime import UTC, datetime

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from core.web_push import (
    MOST_BYTES,
    Browser,
    base64url,
    encrypt,
    from_base64url,
    public_point,
    sender_key,
    vapid_headers,
)
from tests.browser_keys import NewBrowser

TEXT = b"When I grow up, I want to be a watermelon"
BROWSER = Browser(
    from_base64url("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
    from_base64url("BTBZMqHH6r4Tts7J_aSIgg"),
)  # fmt: skip
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(text):
    return ec.derive_private_key(int.from_bytes(from_base64url(text)), ec.SECP256R1())


def test_the_example_of_the_rfc_comes_out_byte_by_byte():
    once = key_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    salt = from_base64url("DGv6ra1nlYgDCS1FRnbzlw")
    assert base64url(encrypt(TEXT, BROWSER, salt=salt, once=once)) == BODY


@pytest.mark.parametrize("size", [0, 1, MOST_BYTES])
def test_the_browser_reads_what_was_written(size):
    browser = NewBrowser()
    body = encrypt(b"x" * size, Browser(browser.p256dh, browser.auth))
    assert browser.decrypt(body) == b"x" * size
    assert len(body) <= 4096


def test_a_longer_message_is_refused():
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (MOST_BYTES + 1), BROWSER)


def test_the_sender_is_the_same_for_the_same_secret_and_signs_for_the_service():
    key, now = sender_key(b"seed"), datetime(2026, 1, 1, tzinfo=UTC)
    assert public_point(key) == public_point(sender_key(b"seed")) != public_point(sender_key(b"x"))
    headers = vapid_headers(
        key, endpoint="https://push.example:8443/a/b", contact="mailto:a@b", now=now
    )
    scheme, _, rest = headers["Authorization"].partition(" ")
    token, k = (part.partition("=")[2] for part in rest.split(", "))
    head, claims, signature = token.split(".")
    raw = from_base64url(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert (scheme, from_base64url(k)) == ("vapid", public_point(key))
    assert orjson.loads(from_base64url(claims)) == {
        "aud": "https://push.example:8443",
        "exp": int(now.timestamp()) + 43_200,
        "sub": "mailto:a@b",
    }


def test_keys_that_no_browser_has_are_known():
    assert BROWSER.is_usable()
    for p256dh, auth in ((b"", BROWSER.auth), (b"\x04" * 65, BROWSER.auth), (BROWSER.p256dh, b"x")):
        assert not Browser(p256dh, auth).is_usable()
