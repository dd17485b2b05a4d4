"""Presentations (ECMA-376 part 1, PresentationML), a page for each slide in the order they are shown, hidden ones too.

A slide's title is a heading; lists, tables, grouped shapes, descriptions of pictures, what charts and diagrams say, and
the speaker's notes under a heading of their own. A slide that is damaged is a problem and the rest goes on.
Left out: comments, slide numbers, dates of the moment, footers, the layouts that slides are made from.
"""

from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZipFile

from ingest.extract.archive import open_archive
from ingest.extract.office.chart import chart_lines
from ingest.extract.office.ooxml import Relation, main_part, related
from ingest.extract.office.opc_properties import core_properties
from ingest.extract.office.protected import unlocked
from ingest.extract.office.shapes import LISTS, Shapes
from ingest.extract.office.slide import slide_text
from ingest.extract.office.xml_parts import Attributes, parse
from ingest.extract.segment import Item, Problem, Segment, Unreadable, clean


def read(
    source: BinaryIO, *, first: int, most_characters: int, password: str = ""
) -> Iterator[Item]:
    """Yield the slides from index `first` on; the inflated size is limited, so `most_characters` is the caller's to watch."""
    del most_characters
    archive = open_archive(unlocked(source, password))
    slides = _slides(archive)
    yield core_properties(archive)
    for index in range(first, len(slides)):
        page = index + 1
        try:
            text = _text(archive, slides[index], page)
        except Unreadable:
            yield Problem(
                index,
                page,
                "page_unreadable",
                f"Slide {page} is damaged and cannot be read.",
                "Open it in its own program, save it again and upload it.",
            )
        else:
            yield Segment(index, page, None, text, len(slides))


def _slides(archive: ZipFile) -> list[str]:
    main = main_part(archive)
    order = Attributes("p:sldId", "r:id")
    for _ in parse(archive, main, order):
        pass
    parts = {relation.key: relation.part for relation in related(archive, main)}
    return [parts[key] for key in order.found if parts.get(key) in archive.NameToInfo]


def _text(archive: ZipFile, part: str, page: int) -> str:
    slide = _shapes(archive, part, lists=LISTS)
    relations = related(archive, part)
    pieces = [slide.blocks.drain(), *(_said_elsewhere(archive, each) for each in relations)]
    notes = [_shapes(archive, each.part) for each in relations if each.kind == "notesSlide"]
    said = "\n".join(filter(None, (each.blocks.drain() for each in notes)))
    return clean(slide_text(slide.title, pieces, notes=said, page=page))


def _said_elsewhere(archive: ZipFile, relation: Relation) -> str:
    """Charts and diagrams are parts of their own."""
    if relation.kind == "chart":
        return "".join(f"{line}\n" for line in chart_lines(archive, relation.part))
    if relation.kind == "diagramData":
        return _shapes(archive, relation.part).blocks.drain()
    return ""


def _shapes(archive: ZipFile, part: str, *, lists: frozenset[str] = frozenset()) -> Shapes:
    shapes = Shapes(lists=lists)
    for _ in parse(archive, part, shapes):
        pass
    return shapes
