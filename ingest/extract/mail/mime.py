"""The structure of a mail (RFC 5322, 2045-2047, 2231), read leniently: every mail has a body, whatever is wrong with it.

Parts are places in the mail's bytes, so that a large attachment is never copied as a whole. Why it is ours and not `email` is
measured in docs/adr/0008-formats.md.
Left out: what nests deeper than 30 parts or counts more than 10,000, which is read as if it had no structure.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ingest.extract.mail.mime_words import Valued, decoded_header, parameters

MOST_PARTS = 10_000
DEEPEST = 30
MOST_HEADER_BYTES = 2**20
MOST_HEADERS = 1_000
MOST_VALUE = (
    20_000  # characters of a header; a list of a thousand recipients has more, and nobody reads it
)
HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:")
FOLD = re.compile(rb"\r?\n[ \t]*")
LINE_END = re.compile(rb"\r?\n")
BOUNDARY_END = re.compile(rb"(--)?[ \t]*(\r?\n|\r|$)")


class Part(NamedTuple):
    """`start` and `end` are the body's place in the mail's bytes; `parts` are those of a multipart."""

    headers: dict[str, str]
    content_type: Valued
    start: int
    end: int
    parts: "tuple[Part, ...]" = ()

    @property
    def disposition(self) -> Valued:
        return parameters(self.headers.get("content-disposition", ""))

    @property
    def encoding(self) -> str:
        return self.headers.get("content-transfer-encoding", "").strip().lower()

    @property
    def filename(self) -> str:
        return self.disposition.parameters.get("filename") or self.content_type.parameters.get(
            "name", ""
        )

    def all(self) -> "Iterator[Part]":
        """Yield it and all below it, in order."""
        yield self
        for part in self.parts:
            yield from part.all()


def parse(data: bytes) -> Part:
    """Return the structure of a mail."""
    return _Parser(data).part(0, len(data), default="text/plain", depth=0)


class _Parser:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0

    def part(self, start: int, end: int, *, default: str, depth: int) -> Part:
        self._count += 1
        headers, body = read_headers(self._data, start, end)
        declared = parameters(headers.get("content-type", ""))
        kind = declared.kind if "/" in declared.kind else default
        content_type = Valued(kind, declared.parameters)
        boundary = declared.parameters.get("boundary", "")
        parts: tuple[Part, ...] = ()
        if kind.startswith("multipart/") and boundary and depth < DEEPEST:
            within = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            places = self._places(boundary.encode("utf-8", "surrogateescape"), body, end)
            parts = tuple(
                self.part(*place, default=within, depth=depth + 1)
                for place in places
                if self._count < MOST_PARTS
            )
        return Part(headers, content_type, body, end, parts)

    def _places(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the parts lie. What stands before the first and behind the last is for readers without MIME."""
        since: int | None = None
        for at, behind, is_last in self._delimiters(b"--" + boundary, start, end):
            if since is not None:
                yield since, max(since, at)
            since = behind
            if is_last:
                return
        if since is not None:
            yield since, end  # cut off before its last delimiter

    def _delimiters(self, line: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Yield where each delimiter's line break begins, where its line ends, and whether it is the last one."""
        at = self._data.find(line, start, end)
        while at >= 0:
            behind = BOUNDARY_END.match(self._data, at + len(line), end)
            begins_line = at == start or self._data[at - 1 : at] in (b"\n", b"\r")
            if behind is not None and begins_line:
                before = at - 2 if self._data[at - 2 : at] == b"\r\n" else at - 1
                yield max(before, start), behind.end(), behind[1] is not None
            at = self._data.find(line, at + len(line), end)


def read_headers(data: bytes, start: int, end: int) -> tuple[dict[str, str], int]:
    """Return the headers by lower-case name, decoded, the first of each name; and where the body begins.

    The body begins behind an empty line, or with the first line that is no header.
    """
    headers: dict[str, str] = {}
    at = _behind_envelope(data, start, end)
    stop = min(end, at + MOST_HEADER_BYTES)
    while at < stop:
        if (blank := LINE_END.match(data, at, end)) is not None:
            return headers, blank.end()
        header = HEADER.match(data, at, stop)
        if header is None:
            return headers, at
        line_end = _end_of_field(data, header.end(), stop)
        name = header[1].decode("ascii").lower()
        if name not in headers and len(headers) < MOST_HEADERS:
            value = FOLD.sub(b" ", data[header.end() : line_end].strip())
            headers[name] = decoded_header(value[:MOST_VALUE])
        at = line_end
    return headers, at


def _behind_envelope(data: bytes, start: int, end: int) -> int:
    """Skip the line that mailboxes and some servers put before a mail, and empty lines."""
    at = start
    while (blank := LINE_END.match(data, at, end)) is not None and at == start + blank.start():
        at = blank.end()
    if data[at : at + 5] in (b"From ", b">From"):
        line = data.find(b"\n", at, end)
        return line + 1 if line >= 0 else end
    return start if at == end else at


def _end_of_field(data: bytes, at: int, stop: int) -> int:
    """Return where the next field begins: behind the first line break that no folded line follows."""
    while True:
        line = data.find(b"\n", at, stop)
        if line < 0:
            return stop
        if data[line + 1 : line + 2] not in (b" ", b"\t"):
            return line + 1
        at = line + 1
