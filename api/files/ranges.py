"""The Range header (RFC 9110 §14): one range of bytes. Several ranges, other units and nonsense are as if it were absent."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))[ \t]*")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From `start` up to, not including, `end`."""

    start: int
    end: int

    def content_range(self, size_bytes: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{size_bytes}"


class NotSatisfiable(Exception):
    """The range begins behind the last byte."""


def parse_range(header: str | None, *, size_bytes: int) -> ByteRange | None:
    """Return the asked part of `size_bytes` bytes, None for all of them; raises NotSatisfiable."""
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(size_bytes - int(suffix), 0), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return None
    if start >= end:
        raise NotSatisfiable
    return ByteRange(start, end)
