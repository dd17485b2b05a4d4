"""PDF, page by page: one segment a page, its number the page's. PDFium reads it; what that cannot, pypdf tries.

A page's text comes with its form fields, notes and the names of attached files, which come last themselves. A page that shows its
text as a picture is handed on for OCR. A page that cannot be read is a problem and the rest goes on.
Left out: the appearance of tables, running heads (they stay in the text), text whose font does not say its letters.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from ingest.extract.locked import locked
from ingest.extract.pdf.attached import Attached, Attachment
from ingest.extract.pdf.document import Document, WrongPassword
from ingest.extract.pdf.headings import by_page, with_headings
from ingest.extract.pdf.hyphens import join_parted_words
from ingest.extract.pdf.layout import lines
from ingest.extract.pdf.page import Look, Page, PdfiumError
from ingest.extract.pdf.properties import read_properties
from ingest.extract.pdf.second import Second
from ingest.extract.segment import MOST_PIXELS, Item, Picture, Problem, Segment, clean

MOST_PAGE_CHARACTERS: Final = 1_000_000  # a dense page has 10,000
FEW_CHARACTERS: Final = 32  # a stamp or a page number on a scan
PICTURE_SHARE: Final = 0.3  # of a page that is a scan with a margin, at least
MOST_EARLIER_PAGES: Final = 2_000  # some 2 ms each
DOTS_PER_INCH: Final = 300  # what tesseract is trained for
PRINT_ANEW: Final = "Print it to a new PDF and upload that."


def read(
    source: BinaryIO, *, first: int, most_characters: int, password: str = ""
) -> Iterator[Item | Picture]:
    """Yield the pages from index `first` on, then what is attached; `most_characters` is the caller's to watch."""
    del most_characters
    second = Second(source, password=password)
    try:
        document = Document(source, password=password)
    except WrongPassword:
        raise locked("PDF", password) from None
    except PdfiumError:
        yield from _by_second_alone(second, first)
        return
    with document:
        if any(properties := read_properties(document, source)):
            yield properties
        reading = _Reading(document, second)
        for index in range(first, document.page_count):
            yield reading.page(index)
        yield from reading.attached(first)


def _by_second_alone(second: Second, first: int) -> Iterator[Item]:
    count = second.page_count
    for index in range(first, count):
        found = second.lines(index)
        if found is None:
            yield _lost(index)
        else:
            yield Segment(index, index + 1, None, _text(join_parted_words(found), []), count)


class _Reading:
    def __init__(self, document: Document, second: Second) -> None:
        self._document = document
        self._second = second
        self._headings = by_page(document.outline())
        self._pages_with_files: list[int] = []

    def page(self, index: int) -> Item | Picture:
        look: Look | None = None
        try:
            with self._document.page(index) as page:
                words = page.words(most_characters=MOST_PAGE_CHARACTERS)
                if words is None:
                    return _too_long(index)
                found, beside = (
                    lines(words),
                    [*page.fields(), *page.notes(), *self._pinned(page, index)],
                )
                if _is_picture(page, found):
                    look = page.look(dots_per_inch=DOTS_PER_INCH, most_pixels=MOST_PIXELS)
            if not found and look is None:
                found = self._second.lines(index)
        except PdfiumError:
            found, beside = self._second.lines(index), []
        if found is None and not beside:
            return _lost(index)
        return self._item(index, found or [], beside, look)

    def _item(
        self, index: int, found: list[str], beside: list[str], look: Look | None
    ) -> Segment | Picture:
        found, headings = join_parted_words(found), self._headings.get(index, [])
        count, number = self._document.page_count, index + 1
        if number == count:
            beside += _named(self._document.attachments())
        label = clean(self._document.label(index))
        shown = label if label not in ("", str(number)) else None
        if look is None:
            text = _text(with_headings(found, headings), beside)
            return Segment(index, number, shown, text, count)
        above = _text(with_headings([], headings), [])
        return Picture(
            *(index, number, shown, _text(found, []), count), *look, above, _text([], beside)
        )

    def _pinned(self, page: Page, index: int) -> list[str]:
        with page.attachments() as files:
            if files:
                self._pages_with_files.append(index)
            return _named(files)

    def attached(self, first: int) -> Iterator[Item]:
        """Yield what is attached; pages before `first`, which other children have read, are looked through where it is worth it."""
        document = self._document
        attached = Attached(next_ordinal=document.page_count, first=first)
        yield from attached.items(document.attachments())
        is_worth_it = first > 0 and document.mentions(b"/FileAttachment")
        earlier = range(min(first, document.page_count, MOST_EARLIER_PAGES) if is_worth_it else 0)
        for index in [*earlier, *self._pages_with_files]:
            with suppress(PdfiumError), document.page(index) as page, page.attachments() as files:
                yield from attached.items(files)


def _named(files: list[Attachment]) -> list[str]:
    return [f"Attached file: {each.name}" for each in files if each.name]


def _is_picture(page: Page, found: list[str]) -> bool:
    """Whether the page shows what it says: a scan, perhaps with a stamp on it, or letters drawn as shapes."""
    characters = sum(len(line) for line in found)
    if characters >= FEW_CHARACTERS:
        return False
    return page.picture_share() >= PICTURE_SHARE or not (characters or page.is_empty())


def _text(found: list[str], beside: list[str]) -> str:
    """Join lines; what stands beside the page's text follows it as a paragraph."""
    blocks = ["\n".join(block).strip("\n") for block in (found, beside)]
    text = clean("\n\n".join(block for block in blocks if block.strip()))
    return f"{text}\n" if text else ""


def _lost(index: int) -> Problem:
    return _problem(index, "page_unreadable", "is damaged and cannot be read")


def _too_long(index: int) -> Problem:
    return _problem(index, "page_too_long", f"holds more than {MOST_PAGE_CHARACTERS:,} characters")


def _problem(index: int, code: str, how: str) -> Problem:
    return Problem(index, index + 1, code, f"Page {index + 1} {how}.", PRINT_ANEW)
