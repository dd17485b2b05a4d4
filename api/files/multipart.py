"""A multipart/form-data upload, read as it arrives: one file part, passed on in pieces, and a few short fields.

Nothing is kept but the current chunk and the fields. The parser is python-multipart's, which bounds the headers of a part;
how many parts and how long a field are bounded here.
"""

from collections.abc import AsyncGenerator, AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import InvalidInput

MAX_FIELD_BYTES = 4_096
MAX_PARTS = 16


class MultipartFile:
    """Iterate `file()` once; `filename` is known from its first piece on, `fields` are whole when it has ended."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        _, options = parse_options_header(content_type.encode("latin-1"))
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 200:
            raise InvalidInput.of("Content-Type", "names no boundary")
        self.filename: str | None = None
        self.fields: dict[str, str] = {}
        self._body = body
        self._parts = 0
        self._ended = False
        self._pieces: list[bytes] = []
        self._reset()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._reset,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    async def file(self) -> AsyncGenerator[bytes]:
        """Yield the file's bytes; raises InvalidInput for a body that is cut, malformed or without a file."""
        async for chunk in self._body:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise InvalidInput.of(
                    "body", f"is no valid multipart/form-data ({error})"
                ) from error
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
        if not self._ended:
            raise InvalidInput.of("body", "ended before its last boundary")
        if self.filename is None:
            raise InvalidInput.of("file", "is missing: send one part with a filename")

    def _reset(self) -> None:
        self._headers: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        self._field: str | None = None
        self._text = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidInput.of("body", "has too many parts")
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        if b"filename" not in options:
            self._field = _text(options.get(b"name", b""), "name")
        elif self.filename is not None:
            raise InvalidInput.of("file", "is there twice: send one file in one request")
        else:
            self.filename = _text(options[b"filename"], "filename")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._pieces.append(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > MAX_FIELD_BYTES:
            raise InvalidInput.of(self._field, "is too long")

    def _part_end(self) -> None:
        if self._field is not None:
            self.fields[self._field] = _text(self._text, self._field)

    def _end(self) -> None:
        self._ended = True


def _text(raw: bytes, field: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InvalidInput.of(field, "is not UTF-8") from None
