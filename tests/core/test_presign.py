from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from core.presign import Signer

AWS = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
THEN = datetime(2013, 5, 24, tzinfo=UTC)


def test_the_example_of_the_documentation_is_signed_as_there():
    """AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"."""
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    assert AWS.sign("GET", url, headers={}, at=THEN, valid_s=86_400) == (
        f"{url}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_length_and_content_are_pinned_by_headers_that_are_signed():
    put = AWS.put("https://s3.example.org/b/k", size_bytes=3, sha256=b"x" * 32, at=THEN, valid_s=60)
    signed = parse_qs(urlsplit(put.url).query)["X-Amz-SignedHeaders"]
    assert signed == ["content-length;host;x-amz-checksum-sha256"]
    assert put.headers == {
        "Content-Length": "3",
        "X-Amz-Checksum-Sha256": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",
    }
    assert put.expires_at == datetime(2013, 5, 24, 0, 1, tzinfo=UTC)
    other = AWS.put(
        "https://s3.example.org/b/k", size_bytes=4, sha256=b"x" * 32, at=THEN, valid_s=60
    )
    assert other.url != put.url


def test_the_address_is_not_in_the_words_of_a_log():
    put = AWS.put("https://s3.example.org/b/k", size_bytes=3, sha256=b"x" * 32, at=THEN, valid_s=60)
    assert "Signature" not in repr(put)
