"""Addresses that let whoever has them put one object into an S3 store, for a while: Signature Version 4 in the query.

Signed along are the headers that pin what is put, its length and its SHA-256: a store refuses another length, and those that
know checksums another content. (The `minio` client signs addresses without headers.) Source: AWS, "Authenticating Requests:
Using Query Parameters". Addresses are path-style, which every store understands.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from core.blobs import Presigned

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and for which store."""

    access_key: str
    secret_key: str
    region: str

    def sign(
        self, method: str, url: str, *, headers: dict[str, str], at: datetime, valid_s: int
    ) -> str:
        """Return `url`, which has no query yet, with a signature over it and the headers (host is always signed)."""
        place = urlsplit(url)
        signed = {"host": place.netloc} | {name.lower(): value for name, value in headers.items()}
        names = ";".join(sorted(signed))
        scope = f"{at:%Y%m%d}/{self.region}/s3/aws4_request"
        query = "&".join(
            f"{name}={quote(value, safe='')}"
            for name, value in (
                ("X-Amz-Algorithm", _ALGORITHM),
                ("X-Amz-Credential", f"{self.access_key}/{scope}"),
                ("X-Amz-Date", f"{at:%Y%m%dT%H%M%SZ}"),
                ("X-Amz-Expires", str(valid_s)),
                ("X-Amz-SignedHeaders", names),
            )
        )
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = f"{method}\n{place.path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{at:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}"
        signature = hmac.new(self._key(at), to_sign.encode(), hashlib.sha256).hexdigest()
        return f"{url}?{query}&X-Amz-Signature={signature}"

    def put(
        self, url: str, *, size_bytes: int, sha256: bytes, at: datetime, valid_s: int
    ) -> Presigned:
        """Return the address at which exactly these bytes may be put."""
        headers = {
            "Content-Length": str(size_bytes),
            "X-Amz-Checksum-Sha256": base64.b64encode(sha256).decode(),
        }
        signed = self.sign("PUT", url, headers=headers, at=at, valid_s=valid_s)
        return Presigned(signed, headers, at + timedelta(seconds=valid_s))

    def _key(self, at: datetime) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (f"{at:%Y%m%d}", self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
