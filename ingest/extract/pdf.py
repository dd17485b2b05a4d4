"""PDF by pypdf, page by page: one segment a page, its number the page's, lines that the outline names as headings.

A page that cannot be read is a problem and the rest goes on. Left out: scans (no OCR), form values, annotations.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TypeVar

from pypdf import PasswordType, PdfReader
from pypdf.generic import Destination

from ingest.extract.segment import Problem, Segment, Unreadable, clean

T = TypeVar("T")

MOST_PAGE_CHARACTERS = 1_000_000  # a dense page has 10,000
DEEPEST_HEADING = 6
PRINT_ANEW = "Print it to a new PDF and upload that."


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment | Problem]:
    """Yield the pages from index `first` on; `most_characters` is the caller's to watch."""
    del most_characters
    reader = _open(source)
    count = len(reader.pages)
    headings = _or_nothing(lambda: _headings(reader)) or {}
    labels = _or_nothing(lambda: _labels(reader)) or []
    for index in range(first, count):
        label = labels[index] if index < len(labels) else None
        item = _page(reader, index, headings.get(index, {}))
        if isinstance(item, str):
            item = Segment(index, index + 1, label, item, count)
        yield item


def _open(source: BinaryIO) -> PdfReader:
    reader = PdfReader(source)
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise Unreadable(
            "encrypted",
            "The PDF is protected by a password.",
            remedy="Save it without a password and upload it.",
        )
    return reader


def _page(reader: PdfReader, index: int, headings: dict[str, int]) -> str | Problem:
    try:
        text = clean(reader.pages[index].extract_text())
    except MemoryError:
        return _lost(index, "too_large", "needs more memory than a reader may take")
    except Exception:  # noqa: BLE001  pypdf raises anything on a damaged page; the next one may be whole
        return _lost(index, "page_unreadable", "is damaged and cannot be read")
    if len(text) > MOST_PAGE_CHARACTERS:
        return _lost(index, "page_too_long", f"holds more than {MOST_PAGE_CHARACTERS:,} characters")
    if headings:
        text = "\n".join(_marked(line, headings) for line in text.split("\n"))
    return text if not text or text.endswith("\n") else text + "\n"


def _lost(index: int, code: str, how: str) -> Problem:
    return Problem(index, index + 1, code, f"Page {index + 1} {how}.", PRINT_ANEW)


def _marked(line: str, headings: dict[str, int]) -> str:
    """Mark a line that is a heading of the outline, once; an outline often leaves out the line's number."""
    whole = line.split()
    for words in (whole, whole[1:]):
        level = headings.pop(_normal(words), 0)
        if level:
            return f"{'#' * level} {line.strip()}"
    return line


def _normal(words: list[str]) -> str:
    return "".join(words).casefold()


def _headings(reader: PdfReader) -> dict[int, dict[str, int]]:
    """Return by page the normalised titles of the outline and their levels."""
    found: dict[int, dict[str, int]] = {}
    for destination, level in _entries(reader.outline, level=1):
        index = reader.get_destination_page_number(destination)
        title = _normal((destination.title or "").split())
        if index is not None and title:
            found.setdefault(index, {})[title] = min(level, DEEPEST_HEADING)
    return found


def _entries(
    outline: Sequence[Destination | Sequence[Destination | Sequence[Destination]]], *, level: int
) -> Iterator[tuple[Destination, int]]:
    for entry in outline:
        if isinstance(entry, Sequence):
            yield from _entries(entry, level=level + 1)
        else:
            yield entry, level


def _labels(reader: PdfReader) -> list[str | None]:
    """Return the printed page numbers where they are not simply 1, 2, 3."""
    if "/PageLabels" not in reader.root_object:
        return []
    return [
        label if label != str(number) else None
        for number, label in enumerate(reader.page_labels, start=1)
    ]


def _or_nothing(optional: Callable[[], T]) -> T | None:
    """Do without what only embellishes the text when the file is too damaged to tell."""
    try:
        return optional()
    except Exception:  # noqa: BLE001  as for a page
        return None
