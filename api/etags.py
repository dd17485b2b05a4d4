"""ETag and If-Match of resources that several people may change (RFC 9110 §13.1.1)."""

from typing import Annotated

from fastapi import Header

from core.errors import Stale

IfMatch = Annotated[
    str | None, Header(max_length=1024, description="Change only what still has this ETag")
]


def check_etag(if_match: str | None, etag: str) -> None:
    """Raise Stale unless the header is absent, * or names the ETag; weak tags never match."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag not in [part.strip() for part in if_match.split(",")]:
        raise Stale("If-Match does not name the current version; read it again.")
