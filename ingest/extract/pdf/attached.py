"""Files attached to a PDF, to the whole of it or to a place on a page: each a file of its own, behind the pages.

A portfolio is a PDF whose pages only say so. Ordinals go on behind those of the pages, one for each file, so that a child
that was started anew finds its place. Left out: files pinned to a page that an earlier child read, where the file's bytes do not
say openly that there are any (to load all pages again costs time, and may kill that child too); the page's text names them.
"""

import ctypes
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ingest.extract.members import safe_path, unique
from ingest.extract.pdf.pdfium import pdfium, string
from ingest.extract.segment import MEMBER_PIECE, Item, Member, Problem, Segment, clean

MOST_BYTES: Final = 100 * 2**20  # of one; it is in memory twice
MOST_TOTAL_BYTES: Final = 200 * 2**20  # as of an archive
SAVE_IT: Final = "Save it from the PDF and upload it."
_FOLDER: Final = re.compile(r"^<\d+>")  # of a portfolio, before the name


class Attachment(NamedTuple):
    """One file, by PDFium's handle; valid as long as what it was found in is open."""

    handle: int
    name: str


def attachment(handle: int) -> Attachment:
    name = string(lambda b, n: pdfium.FPDFAttachment_GetName(handle, b, n))
    return Attachment(handle, " ".join(clean(_FOLDER.sub("", name)).split()))


class Attached:
    """Numbers attached files from the ordinal `next_ordinal` on; what comes before `first` was sent by an earlier child."""

    def __init__(self, *, next_ordinal: int, first: int) -> None:
        self._ordinal = next_ordinal
        self._first = first
        self._names: dict[str, int] = {}
        self._left_bytes = MOST_TOTAL_BYTES

    def items(self, attachments: list[Attachment]) -> Iterator[Item]:
        """Yield each file's pieces, or a problem in their place; one without bytes is an empty segment."""
        for each in attachments:
            flat = each.name.replace("/", " ").replace("\\", " ")
            path = unique(safe_path(flat) or "attached file", self._names)
            if self._ordinal >= self._first:
                yield from self._pieces(each, path)
            self._ordinal += 1

    def _pieces(self, each: Attachment, path: str) -> Iterator[Item]:
        size_bytes = _size(each.handle)
        if size_bytes is None:
            yield self._problem("broken_attachment", f"The attached file {path} is damaged.")
        elif size_bytes > min(MOST_BYTES, self._left_bytes):
            message = f"The attached file {path} was not taken out, because it is too large."
            yield self._problem("attachment_too_large", message)
        elif size_bytes == 0:
            yield Segment(self._ordinal, None, None, "")
        else:
            self._left_bytes -= size_bytes
            data = memoryview(_content(each.handle, size_bytes))
            for start in range(0, size_bytes, MEMBER_PIECE):
                end = start + MEMBER_PIECE
                yield Member(self._ordinal, path, bytes(data[start:end]), end >= size_bytes)

    def _problem(self, code: str, message: str) -> Problem:
        return Problem(self._ordinal, None, code, message, SAVE_IT)


def _size(handle: int) -> int | None:
    size = ctypes.c_ulong()
    known = pdfium.FPDFAttachment_GetFile(handle, None, 0, ctypes.byref(size))
    return size.value if known else None


def _content(handle: int, size_bytes: int) -> "ctypes.Array[ctypes.c_char]":
    buffer = ctypes.create_string_buffer(size_bytes)
    pdfium.FPDFAttachment_GetFile(handle, buffer, size_bytes, ctypes.byref(ctypes.c_ulong()))
    return buffer
