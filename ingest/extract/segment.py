r"""What an extractor yields: segments of text in order, files within the file, and the problems met on the way.

The document's text is its segments' texts joined with nothing; a segment's offset is the sum of the lengths before it.
Text is kept as extracted (no NFC), but for three things: NULs and lone surrogates go, every line break is "\n".
A segment that is not empty ends with "\n", unless a line longer than a segment had to be cut; then no character is added.
Named tuples, not dataclasses: importing `dataclasses` would cost every sandboxed child 6 ms more of CPU.
"""

import re
from typing import NamedTuple

UNWANTED = re.compile("[\x00\ud800-\udfff]")
MEMBER_PIECE = 2**20


class Segment(NamedTuple):
    """`page` is 1-based, `label` the page's printed number where it differs; both None for formats without pages."""

    ordinal: int
    page: int | None
    label: str | None
    text: str
    page_count: int | None = None


class Problem(NamedTuple):
    """Something that could not be read; the rest of the file goes on. `page` None: the whole file."""

    ordinal: int
    page: int | None
    code: str
    message: str
    remedy: str


class Properties(NamedTuple):
    """What the file says of itself, "" where it does not; yielded once, before the first segment, in any run.

    `created` and `modified` are ISO 8601 dates or times, as precise as the file gives them; `language` is a BCP 47 tag.
    """

    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    language: str = ""


class Member(NamedTuple):
    """A piece of a file within the file: an attachment, an archive's member. All its pieces have its ordinal, in a row.

    `path` has / between its parts and is unique in the file; a piece is at most MEMBER_PIECE bytes.
    """

    ordinal: int
    path: str
    data: bytes
    is_last: bool


class Picture(NamedTuple):
    """A page that shows its text instead of saying it, for OCR: one byte of grey a pixel, row after row.

    `text` is the little that it says; `above` and `below` (headings; form fields, notes) stand beside what it says or shows.
    Only children yield it; the parent makes a segment of it.
    """

    ordinal: int
    page: int | None
    label: str | None
    text: str
    page_count: int | None
    width: int
    height: int
    pixels: bytes
    above: str = ""
    below: str = ""

    def with_text(self, text: str) -> str:
        """Return the text of the page where this is what it says."""
        return "\n".join(block for block in (self.above, text, self.below) if block)


MOST_PIXELS = 12_000_000  # of a picture; a page of A4 at 300 dots per inch has 8.7 M

Item = Segment | Problem | Properties | Member


class Unreadable(Exception):
    """The file as a whole will never be read; `code` is stable, the rest is for a person."""

    def __init__(self, code: str, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


def clean(text: str) -> str:
    r"""Return text that PostgreSQL can hold, with "\n" for every line break."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNWANTED.sub("", text)


def too_much_text(most: int) -> Unreadable:
    return Unreadable(
        "too_much_text",
        f"The file holds more than {most:,} characters of text.",
        remedy="Split it and upload the parts.",
    )
