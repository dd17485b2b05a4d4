"""A PDF opened by PDFium: how many pages, their labels, the outline, what it says of itself, what is attached.

A file that PDFium does not accept is PdfiumError; one that needs another password is WrongPassword.
"""

import ctypes
import mmap
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, NamedTuple

from ingest.extract.pdf.attached import Attachment, attachment
from ingest.extract.pdf.page import Page, PdfiumError
from ingest.extract.pdf.pdfium import PASSWORD_ERROR, form_of, pdfium, string

MOST_ENTRIES: Final = 20_000  # of an outline; a damaged one may be a circle
DEEPEST_ENTRY: Final = 32
MOST_ATTACHMENTS: Final = 1_000


class WrongPassword(PdfiumError):
    """The file is encrypted, and not with this password."""


class Entry(NamedTuple):
    """A line of the outline; `page` is an index, `level` 1 the outermost."""

    title: str
    level: int
    page: int


class Document:
    def __init__(self, source: BinaryIO, *, password: str = "") -> None:
        # A private copy, because ctypes takes the address of writable memory only; nothing is copied until written.
        self._bytes = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_COPY)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._bytes))
        handle = pdfium.FPDF_LoadMemDocument64(address, len(self._bytes), password.encode())
        if not handle:
            wants_password = pdfium.FPDF_GetLastError() == PASSWORD_ERROR
            raise WrongPassword if wants_password else PdfiumError
        self._handle: int = handle
        self._form = form_of(handle)
        self.page_count: int = pdfium.FPDF_GetPageCount(handle)

    def __enter__(self) -> "Document":
        return self

    def __exit__(self, *_: object) -> None:
        pdfium.FPDFDOC_ExitFormFillEnvironment(self._form)
        pdfium.FPDF_CloseDocument(self._handle)

    @contextmanager
    def page(self, index: int) -> Generator[Page]:
        """Open a page; PdfiumError when it cannot be."""
        handle = pdfium.FPDF_LoadPage(self._handle, index)
        if not handle:
            raise PdfiumError
        try:
            yield Page(handle, self._form)
        finally:
            pdfium.FPDF_ClosePage(handle)

    def label(self, index: int) -> str:
        """Return the printed number of a page, "" where the file does not number its pages."""
        return string(lambda b, n: pdfium.FPDF_GetPageLabel(self._handle, index, b, n))

    def fact(self, key: str) -> str:
        """Return an entry of the information dictionary: Title, Author, CreationDate, ModDate."""
        name = key.encode()
        return string(lambda b, n: pdfium.FPDF_GetMetaText(self._handle, name, b, n))

    def language(self) -> str:
        return string(lambda b, n: pdfium.FPDFCatalog_GetLanguage(self._handle, b, n))

    def mentions(self, word: bytes) -> bool:
        """Say whether the file's bytes hold it; what is packed they hide."""
        return self._bytes.find(word) >= 0

    def attachments(self) -> list[Attachment]:
        """Return the files that are attached to the whole."""
        count = min(pdfium.FPDFDoc_GetAttachmentCount(self._handle), MOST_ATTACHMENTS)
        handles = [pdfium.FPDFDoc_GetAttachment(self._handle, n) for n in range(count)]
        return [attachment(handle) for handle in handles if handle]

    def outline(self) -> Iterator[Entry]:
        """Yield the entries that lead to a page, in their order."""
        first = pdfium.FPDFBookmark_GetFirstChild(self._handle, None)
        waiting = [(first, 1)] if first else []
        for _ in range(MOST_ENTRIES):
            if not waiting:
                return
            entry, level = waiting.pop()
            page = self._page_of(entry)
            if page >= 0:
                yield Entry(_title(entry), level, page)
            for handle, depth in (
                (pdfium.FPDFBookmark_GetNextSibling(self._handle, entry), level),
                (pdfium.FPDFBookmark_GetFirstChild(self._handle, entry), level + 1),
            ):
                if handle and depth <= DEEPEST_ENTRY:
                    waiting.append((handle, depth))

    def _page_of(self, entry: int) -> int:
        place = pdfium.FPDFBookmark_GetDest(self._handle, entry)
        if not place and (action := pdfium.FPDFBookmark_GetAction(entry)):
            place = pdfium.FPDFAction_GetDest(self._handle, action)
        return pdfium.FPDFDest_GetDestPageIndex(self._handle, place) if place else -1


def _title(entry: int) -> str:
    return string(lambda b, n: pdfium.FPDFBookmark_GetTitle(entry, b, n))
