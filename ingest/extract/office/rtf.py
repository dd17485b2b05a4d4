"""Rich Text Format (1.9.1) in document order: headings by style or outline level, lists, tables as rows, notes behind their paragraph.

Text is in the code page of its font, or in Unicode beside it. Left out: pictures, what fields are computed from, comments,
deleted and hidden text.
"""

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.facts import properties
from ingest.extract.office.rtf_groups import Groups
from ingest.extract.office.rtf_tokens import tokens
from ingest.extract.segment import Item, Unreadable, clean

MOST_BYTES = 200 * 2**20


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; the text is never longer than the file, so `most_characters` is the caller's to watch."""
    del most_characters
    content = source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Unreadable(
            "too_large",
            f"The file is larger than {MOST_BYTES >> 20} MB.",
            remedy="Save it without pictures and upload that.",
        )
    groups = Groups()
    texts = _texts(groups, content)
    opening = next(texts, "")  # the header stands before all text
    yield properties(groups.header.found())
    yield from segments(chain([opening], texts), first=first)


def _texts(groups: Groups, content: bytes) -> Iterator[str]:
    for token in tokens(content):
        groups.take(token)
        if text := groups.story.blocks.drain():
            yield clean(text)
    groups.end()
    yield clean(groups.story.blocks.drain())
