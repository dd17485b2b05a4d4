"""Presentations of 1997 to 2003 ([MS-PPT]), a page for each slide in the order they are shown, hidden ones too.

A slide's title is a heading, its outline a list, its other texts paragraphs; the speaker's notes stand under a heading of their
own. Left out: comments, tables as rows (their cells are paragraphs), the depth of lists, charts, masters.
"""

from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.blocks import Blocks
from ingest.extract.office.compound import Compound
from ingest.extract.office.ppt_records import Presentation, Slide, Text
from ingest.extract.office.slide import slide_text
from ingest.extract.office.summary import summary
from ingest.extract.segment import Item, Segment, clean

TITLES, LISTS, NOTES = frozenset({0, 6}), frozenset({1, 5, 7, 8}), 2


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield the slides from index `first` on; the text is about as long as the file, so `most_characters` is the caller's to watch."""
    del most_characters
    file = Compound(source)
    presentation = Presentation(file)
    slides = presentation.slides()
    yield summary(file)
    for index in range(first, len(slides)):
        text = _text(presentation, slides[index], index + 1)
        yield Segment(index, index + 1, None, clean(text), len(slides))


def _text(presentation: Presentation, slide: Slide, page: int) -> str:
    titles: list[str] = []
    blocks, notes = Blocks(), Blocks()
    for text in presentation.texts(slide):
        lines = _lines(text)
        if text.kind in TITLES:
            titles += lines
        for line in () if text.kind in TITLES else lines:
            if text.kind in LISTS:
                blocks.item(line, depth=1, marker="-")
            else:
                blocks.paragraph(line)
    for text in presentation.notes(slide):
        for line in _lines(text) if text.kind == NOTES else ():
            notes.paragraph(line)
    return slide_text(" ".join(titles), [blocks.drain()], notes=notes.drain(), page=page)


def _lines(text: Text) -> list[str]:
    """Paragraphs end with a carriage return, lines in them with a vertical tab."""
    lines = (line.replace("\v", "\n").strip() for line in text.text.split("\r"))
    return list(filter(None, lines))
