"""One page of a PDF, read by PDFium: its words with their places, form fields, notes, and how it looks.

Left out: where links lead, text inside annotations' appearances, what layers (optional content) hide.
"""

import ctypes
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from ingest.extract.pdf.attached import Attachment, attachment
from ingest.extract.pdf.layout import Word
from ingest.extract.pdf.pdfium import (
    BUTTON,
    CHECKBOX,
    FILE,
    FORM_OBJECT,
    GREY,
    HIDDEN,
    IMAGE_OBJECT,
    LINK,
    POPUP,
    RADIO,
    SIGNATURE,
    WHITE,
    WIDGET,
    WITH_ANNOTATIONS,
    Rectangle,
    pdfium,
    string,
)

# PDFium writes U+FFFE for a hyphen that ends a line, and no line break behind it.
_TOKEN: Final = re.compile("\n|[^\\s\ufffe]*\ufffe|[^\\s\ufffe]+")
MOST_ANNOTATIONS: Final = 2_000
MOST_OBJECTS: Final = 5_000  # looked at for pictures
DEEPEST_FORM: Final = 4
POINTS_PER_INCH: Final = 72


class PdfiumError(Exception):
    """The library does not accept the file or the page."""


class Look(NamedTuple):
    """A page as a picture: one byte of grey a pixel, row after row."""

    width: int
    height: int
    pixels: bytes


class Page:
    def __init__(self, handle: int, form: int) -> None:
        self._handle = handle
        self._form = form

    def words(self, *, most_characters: int) -> list[Word] | None:
        """Return the words in the order of the file, None when there are more characters than that."""
        text_page = pdfium.FPDFText_LoadPage(self._handle)
        if not text_page:
            raise PdfiumError
        try:
            count = max(0, pdfium.FPDFText_CountChars(text_page))
            if count > most_characters:
                return None
            return _Words(text_page, count, pdfium.FPDFPage_GetRotation(self._handle)).read()
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def picture_share(self) -> float:
        """Return how much of the page its pictures cover, from 0; overlapping ones may make it more than 1."""
        area = self._width * self._height
        covered = sum(_area(handle) for handle in self._pictures(self._objects()))
        return covered / area if area else 0.0

    def is_empty(self) -> bool:
        return pdfium.FPDFPage_CountObjects(self._handle) == 0

    def fields(self) -> list[str]:
        """Return the filled-in form fields as `name: value`."""
        with self._annotations() as handles:
            lines = [self._field(handle) for handle in handles if _kind(handle) == WIDGET]
        return [line for line in dict.fromkeys(lines) if line]

    def notes(self) -> list[str]:
        """Return the texts of comments and marks."""
        with self._annotations() as handles:
            return [
                text
                for handle in handles
                if _kind(handle) not in (LINK, POPUP, WIDGET)
                if (text := _entry(handle, b"Contents").strip())
            ]

    @contextmanager
    def attachments(self) -> Generator[list[Attachment]]:
        """Lend the files that are attached to places on the page."""
        with self._annotations() as handles:
            files = [
                pdfium.FPDFAnnot_GetFileAttachment(each) for each in handles if _kind(each) == FILE
            ]
            yield [attachment(handle) for handle in files if handle]

    def look(self, *, dots_per_inch: int, most_pixels: int) -> Look:
        """Draw the page, at a lower resolution when it would have too many pixels; PdfiumError when it cannot be."""
        scale = dots_per_inch / POINTS_PER_INCH
        pixels = self._width * self._height * scale * scale
        if pixels > most_pixels:
            scale *= (most_pixels / pixels) ** 0.5
        width, height = max(1, int(self._width * scale)), max(1, int(self._height * scale))
        if width * height > most_pixels:  # a page a million times as long as wide
            raise PdfiumError
        buffer = ctypes.create_string_buffer(width * height)
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, GREY, buffer, width)
        if not bitmap:
            raise PdfiumError
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE)
        frame = (0, 0, width, height, 0, WITH_ANNOTATIONS)
        pdfium.FPDF_RenderPageBitmap(bitmap, self._handle, *frame)
        pdfium.FPDFBitmap_Destroy(bitmap)
        return Look(width, height, buffer.raw)

    @property
    def _width(self) -> float:
        return pdfium.FPDF_GetPageWidthF(self._handle)

    @property
    def _height(self) -> float:
        return pdfium.FPDF_GetPageHeightF(self._handle)

    def _objects(self) -> Iterator[int]:
        count = min(pdfium.FPDFPage_CountObjects(self._handle), MOST_OBJECTS)
        return (pdfium.FPDFPage_GetObject(self._handle, n) for n in range(count))

    def _pictures(self, handles: Iterator[int], *, depth: int = 0) -> Iterator[int]:
        for handle in handles:
            kind = pdfium.FPDFPageObj_GetType(handle)
            if kind == IMAGE_OBJECT or (kind == FORM_OBJECT and depth == DEEPEST_FORM):
                yield handle
            elif kind == FORM_OBJECT and any(
                True for _ in self._pictures(_parts(handle), depth=depth + 1)
            ):
                yield handle  # the places of its parts are its own; its bounds are the page's

    @contextmanager
    def _annotations(self) -> Generator[list[int]]:
        count = min(pdfium.FPDFPage_GetAnnotCount(self._handle), MOST_ANNOTATIONS)
        handles = [pdfium.FPDFPage_GetAnnot(self._handle, n) for n in range(count)]
        try:
            yield [h for h in handles if h and not pdfium.FPDFAnnot_GetFlags(h) & HIDDEN]
        finally:
            for handle in handles:
                pdfium.FPDFPage_CloseAnnot(handle)

    def _field(self, handle: int) -> str:
        form = self._form
        kind = pdfium.FPDFAnnot_GetFormFieldType(form, handle)
        if kind in (CHECKBOX, RADIO) and not pdfium.FPDFAnnot_IsChecked(form, handle):
            return ""
        value = string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldValue(form, handle, b, n)).strip()
        if kind in (BUTTON, SIGNATURE) or not value:
            return ""
        name = string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, handle, b, n))
        if not name.strip():
            whole = string(lambda b, n: pdfium.FPDFAnnot_GetFormFieldName(form, handle, b, n))
            name = whole.rpartition(".")[2].partition("[")[0]
        return f"{' '.join(name.split())}: {value}"


def _kind(annotation: int) -> int:
    return pdfium.FPDFAnnot_GetSubtype(annotation)


def _entry(annotation: int, key: bytes) -> str:
    return string(lambda b, n: pdfium.FPDFAnnot_GetStringValue(annotation, key, b, n))


def _parts(form: int) -> Iterator[int]:
    count = min(pdfium.FPDFFormObj_CountObjects(form), MOST_OBJECTS)
    return (pdfium.FPDFFormObj_GetObject(form, n) for n in range(count))


def _area(handle: int) -> float:
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(handle, *map(ctypes.byref, sides)):
        return 0.0
    left, bottom, right, top = (side.value for side in sides)
    return max(0.0, right - left) * max(0.0, top - bottom)


class _Words:
    """Cuts the text of a page into words and asks where each begins and ends."""

    def __init__(self, text_page: int, count: int, rotation: int) -> None:
        self._page = text_page
        self._count = count
        self._rotation = rotation
        self._box = Rectangle()
        self._pointer = ctypes.byref(self._box)

    def read(self) -> list[Word]:
        text = self._text()
        has_gaps = len(text) != self._count  # characters without a meaning are not in the text
        words = list[Word]()
        is_new_line = True
        for match in _TOKEN.finditer(text):
            token = match.group()
            if token == "\n":
                is_new_line = True
                continue
            first, last = match.start(), match.end() - 1
            if has_gaps:
                first, last = self._character(first), self._character(last)
            words.append(Word(token, *self._span(first, last), is_new_line))
            is_new_line = token.endswith("\ufffe")
        return words

    def _text(self) -> str:
        buffer = ctypes.create_string_buffer(2 * (2 * self._count + 1))
        written = pdfium.FPDFText_GetText(self._page, 0, self._count, buffer)
        return buffer.raw[: 2 * max(0, written - 1)].decode("utf-16-le", "ignore")

    def _character(self, index: int) -> int:
        return pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, index)

    def _span(self, first: int, last: int) -> tuple[float, float, float, float]:
        """Return left, right, bottom, top as the page is seen."""
        a, b = self._place(first), self._place(last)
        return min(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3])

    def _place(self, index: int) -> tuple[float, float, float, float]:
        box = self._box
        if not pdfium.FPDFText_GetLooseCharBox(self._page, index, self._pointer):
            return 0.0, 0.0, 0.0, 0.0
        left, right, bottom, top = box.left, box.right, box.bottom, box.top
        if self._rotation == 1:  # a quarter turn clockwise
            return bottom, top, -right, -left
        if self._rotation == 2:
            return -right, -left, -top, -bottom
        if self._rotation == 3:
            return -top, -bottom, left, right
        return left, right, bottom, top
