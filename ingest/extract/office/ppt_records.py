"""The records of an old PowerPoint file ([MS-PPT] 2.3): which slides there are after the last save, and the texts in each.

Saving appends: the newest edit's directory says where each object is now, what stands elsewhere is of earlier versions.
"""

from collections.abc import Iterator
from struct import error, unpack_from
from typing import Final, NamedTuple

from ingest.extract.archive import encrypted
from ingest.extract.office.compound import Compound, damaged
from ingest.extract.segment import Unreadable

MOST_BYTES = 200 * 2**20
MOST_EDITS = 10_000
DEEPEST = 100  # records in records; groups of shapes nest, hostile ones without end
HEADER_BYTES = 8
POWERPOINT_95 = "Text_Content"  # a stream that later versions do not write
ENCRYPTED_TOKEN: Final = 0xF3D1C4DF
CONTAINER: Final = 0xF
EDIT, DIRECTORY, LIST_OF_SLIDES, SLIDE_PLACE, SLIDE_FACTS = 0x0FF5, 0x1772, 0x0FF0, 0x03F3, 0x03EF
TEXT_KIND, WIDE_TEXT, NARROW_TEXT, OUTLINE_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
OF_SLIDES, OF_NOTES = 0, 2
OTHER_TEXT: Final = 4


class _Record(NamedTuple):
    kind: int
    instance: int
    is_container: bool
    start: int
    end: int


class Text(NamedTuple):
    kind: int
    text: str


class Slide(NamedTuple):
    """`outline` are the texts that the list of slides holds for it; its shapes refer to them."""

    place: int
    outline: list[Text]


class Presentation:
    """Raises Unreadable when the file is encrypted or does not fit together."""

    def __init__(self, file: Compound) -> None:
        if POWERPOINT_95 in file.streams:
            raise Unreadable(
                "old_format",
                "The file was written by PowerPoint 95.",
                remedy="Open it in a present program, save it as PPTX and upload that.",
            )
        self._stream = file.read("PowerPoint Document", most_bytes=MOST_BYTES)
        current = file.read("Current User", most_bytes=2**16)
        try:
            token, edit = unpack_from("<II", current, 12)
            if token == ENCRYPTED_TOKEN:
                raise encrypted()
            self._places, document = self._directory(edit)
            self._document = self._record(self._places[document])
            self._notes = {number: notes for notes, number in self._listed(OF_NOTES)}
        except (error, KeyError) as exc:
            raise damaged() from exc

    def slides(self) -> list[Slide]:
        return [slide for slide, _ in self._listed(OF_SLIDES)]

    def texts(self, slide: Slide) -> Iterator[Text]:
        """Yield the slide's texts in the order of its shapes."""
        kind = OTHER_TEXT
        for record in self._walk(slide.place):
            if record.kind == TEXT_KIND:
                kind = self._number(record, 0)
            elif record.kind == OUTLINE_REFERENCE:
                index = self._number(record, 0)
                yield from slide.outline[index : index + 1]
            elif record.kind in (WIDE_TEXT, NARROW_TEXT):
                yield Text(kind, self._text(record))

    def notes(self, slide: Slide) -> Iterator[Text]:
        facts = next((each for each in self._walk(slide.place) if each.kind == SLIDE_FACTS), None)
        notes = self._notes.get(self._number(facts, 16)) if facts else None
        return self.texts(notes) if notes else iter(())

    def _directory(self, edit: int) -> tuple[dict[int, int], int]:
        """Return where each object is by its number, and the number of the document; newer edits come first."""
        places: dict[int, int] = {}
        document = 0
        for _ in range(MOST_EDITS):
            record = self._record(edit)
            if record.kind != EDIT:
                raise damaged()
            previous, directory, number = unpack_from("<3I", self._stream, record.start + 8)
            document = document or number
            for key, place in self._entries(self._record(directory)):
                places.setdefault(key, place)
            if not previous or previous >= edit:
                break
            edit = previous
        return places, document

    def _entries(self, record: _Record) -> Iterator[tuple[int, int]]:
        at = record.start
        while at + 4 <= record.end:
            head = unpack_from("<I", self._stream, at)[0]
            first, count = head & 0xFFFFF, head >> 20
            for n in range(count):
                yield first + n, unpack_from("<I", self._stream, at + 4 + 4 * n)[0]
            at += 4 + 4 * count

    def _listed(self, instance: int) -> Iterator[tuple[Slide, int]]:
        """Yield the slides of a list with the numbers that others know them by."""
        slide: Slide | None = None
        number = 0
        kind = OTHER_TEXT
        for record in self._lists(instance):
            if record.kind == SLIDE_PLACE:
                if slide:
                    yield slide, number
                slide = self._slide(record)
                number = self._number(record, 12)
            elif slide and record.kind == TEXT_KIND:
                kind = self._number(record, 0)
                slide.outline.append(Text(kind, ""))
            elif slide and record.kind in (WIDE_TEXT, NARROW_TEXT):
                slide.outline[-1:] = [Text(kind, self._text(record))]
        if slide:
            yield slide, number

    def _slide(self, record: _Record) -> Slide | None:
        place = self._places.get(self._number(record, 0))
        return None if place is None else Slide(place, [])

    def _lists(self, instance: int) -> Iterator[_Record]:
        for record in self._children(self._document):
            if record.kind == LIST_OF_SLIDES and record.instance == instance:
                yield from self._children(record)

    def _record(self, at: int) -> _Record:
        head, kind, length = unpack_from("<HHI", self._stream, at)
        start = at + HEADER_BYTES
        end = min(start + length, len(self._stream))
        return _Record(kind, head >> 4, head & 0xF == CONTAINER, start, end)

    def _children(self, record: _Record) -> Iterator[_Record]:
        at = record.start
        while at + HEADER_BYTES <= record.end:
            child = self._record(at)
            yield child._replace(end=min(child.end, record.end))
            at = child.end

    def _walk(self, place: int) -> Iterator[_Record]:
        """Yield the records in a container and in those within, in the file's order."""
        try:
            open_ones = [self._children(self._record(place))]
        except error:
            return
        while open_ones:
            record = next(open_ones[-1], None)
            if record is None:
                open_ones.pop()
            elif record.is_container and len(open_ones) < DEEPEST:
                open_ones.append(self._children(record))
            else:
                yield record

    def _number(self, record: _Record, at: int) -> int:
        if record.start + at + 4 > record.end:
            return 0
        return unpack_from("<I", self._stream, record.start + at)[0]

    def _text(self, record: _Record) -> str:
        content = self._stream[record.start : record.end]
        return content.decode("utf-16-le" if record.kind == WIDE_TEXT else "latin-1", "replace")
