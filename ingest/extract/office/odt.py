"""OpenDocument texts in document order; headers and footers follow the body. odf_story.py says how and what is left out."""

from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZipFile

from ingest.extract.archive import open_archive
from ingest.extract.cut import segments
from ingest.extract.office.odf_package import CONTENT, STYLES, odf_properties, refuse_encrypted
from ingest.extract.office.odf_story import Story
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Item, clean

MARGINS = frozenset({"style:header", "style:footer"})


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; the inflated size is limited, so `most_characters` is the caller's to watch."""
    del most_characters
    archive = open_archive(source)
    refuse_encrypted(archive)
    yield odf_properties(archive)
    yield from segments(_texts(archive), first=first)


def _texts(archive: ZipFile) -> Iterator[str]:
    story = Story()
    for _ in parse(archive, CONTENT, story):
        yield clean(story.blocks.drain())
    for _ in parse(archive, STYLES, _Margins(story)):
        pass
    yield clean(story.blocks.drain())


class _Margins:
    """Lets a story hear nothing but headers and footers."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._inside = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in MARGINS or self._inside:
            self._inside += 1
            self._story.start(name, attributes)

    def data(self, text: str) -> None:
        if self._inside:
            self._story.data(text)

    def end(self, name: str) -> None:
        if self._inside:
            self._inside -= 1
            self._story.end(name)
