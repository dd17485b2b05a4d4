"""OpenDocument presentations, a page for each slide, hidden ones too: the title as a heading, notes under one of their own.

odf_story.py says how the rest is read and what is left out.
"""

from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.archive import open_archive
from ingest.extract.office.odf_package import CONTENT, odf_properties, refuse_encrypted
from ingest.extract.office.odf_story import Story
from ingest.extract.office.slide import slide_text
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Item, Segment, clean


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield the slides from index `first` on; the inflated size is limited, so `most_characters` is the caller's to watch."""
    del most_characters
    archive = open_archive(source)
    refuse_encrypted(archive)
    yield odf_properties(archive)
    show = _Show()
    index = 0
    for _ in parse(archive, CONTENT, show):
        for text in show.drain():
            if index >= first:
                yield Segment(index, index + 1, None, clean(text))
            index += 1


class _Show:
    """Begins a story with each slide, and another with its notes."""

    def __init__(self) -> None:
        self._slides: list[str] = []
        self._count = 0
        self._story = Story()
        self._slide = self._story

    def drain(self) -> list[str]:
        slides, self._slides = self._slides, []
        return slides

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "draw:page":
            self._slide = self._story = Story()
        elif name == "presentation:notes":
            self._story = Story()
        else:
            self._story.start(name, attributes)

    def data(self, text: str) -> None:
        self._story.data(text)

    def end(self, name: str) -> None:
        if name == "draw:page":
            self._count += 1
            notes = "" if self._story is self._slide else self._story.blocks.drain()
            title, pieces = " ".join(self._slide.titles), [self._slide.blocks.drain()]
            self._slides.append(slide_text(title, pieces, notes=notes, page=self._count))
        elif name != "presentation:notes":
            self._story.end(name)
