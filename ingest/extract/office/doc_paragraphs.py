"""What the paragraphs of an old Word document are: headings, list items, cells ([MS-DOC] 2.8.7, 2.9.175, 2.9.271).

A paragraph's properties are found by the place of its last character in the file. Whatever of them is damaged or missing
makes a plain paragraph.
"""

from bisect import bisect_right
from collections.abc import Iterator
from struct import error, unpack_from
from typing import Final, NamedTuple

STYLES_AT, PLACES_AT = 0xA2, 0x102
PAGE_BYTES = 512
DESCRIPTION_BYTES = 13
DEEPEST = 6
LONGEST_CHAIN = 10  # of styles; a hostile one may go in circles
MOST_STYLES = 5_000
TITLE: Final = 62  # numbers of built-in styles; 1 to 9 are the headings
LISTS = frozenset({48, 49, *range(54, 62)})
IN_TABLE, ENDS_ROW, OUTLINE, DEPTH, LIST = 0x2416, 0x2417, 0x2640, 0x260A, 0x460B
NO_LIST = frozenset({0, 0xF801})
OPERAND_BYTES = (
    1,
    1,
    2,
    4,
    2,
    2,
    0,
    3,
)  # by the three highest bits of the code; 0: the first byte says
LONG_OPERANDS = frozenset(
    {0xD608, 0xC615}
)  # tables and tab stops; nothing that matters stands behind them


class Look(NamedTuple):
    """`level` is a heading's, `depth` a list item's; 0 for neither."""

    level: int = 0
    depth: int = 0
    in_table: bool = False
    ends_row: bool = False


PLAIN = Look()


class Paragraphs:
    def __init__(self, stream: bytes, table: bytes) -> None:
        self._stream = stream
        self._starts: tuple[int, ...] = ()
        self._pages: tuple[int, ...] = ()
        self._styles: list[_Style] = []
        try:
            self._read_places(table)
            self._styles = list(_styles(table, *unpack_from("<II", stream, STYLES_AT)))
        except error:
            pass  # then paragraphs are plain

    def _read_places(self, table: bytes) -> None:
        place, length = unpack_from("<II", self._stream, PLACES_AT)
        count = max(0, (length - 4) // 8)
        self._starts = unpack_from(f"<{count}I", table, place)
        self._pages = unpack_from(f"<{count}I", table, place + 4 * (count + 1))

    def at(self, place: int) -> Look:
        """Return the look of the paragraph whose last character is there."""
        index = bisect_right(self._starts, place) - 1
        if index < 0:
            return PLAIN
        try:
            start = self._pages[index] * PAGE_BYTES
            return self._in_page(self._stream[start : start + PAGE_BYTES], place)
        except (error, IndexError):
            return PLAIN

    def _in_page(self, page: bytes, place: int) -> Look:
        count = page[PAGE_BYTES - 1]
        index = bisect_right(unpack_from(f"<{count + 1}I", page), place) - 1
        at = 2 * page[4 * (count + 1) + DESCRIPTION_BYTES * index]
        if not 0 <= index < count or at == 0:
            return PLAIN
        at, length = (at + 1, 2 * page[at] - 1) if page[at] else (at + 2, 2 * page[at + 1])
        style = unpack_from("<H", page, at)[0]
        return self._look(style, dict(_properties(page[at + 2 : at + length])))

    def _look(self, style: int, properties: dict[int, int]) -> Look:
        level, is_item = self._of_style(style)
        outline = properties.get(OUTLINE, DEEPEST + 9)
        if outline < 9:
            level = outline + 1
        if LIST in properties:
            is_item = properties[LIST] not in NO_LIST
        depth = min(properties.get(DEPTH, 0), 8) + 1
        return Look(
            level=min(level, DEEPEST),
            depth=depth if is_item else 0,
            in_table=properties.get(IN_TABLE, 0) == 1,
            ends_row=properties.get(ENDS_ROW, 0) == 1,
        )

    def _of_style(self, number: int) -> tuple[int, bool]:
        """Return the level of the style's headings and whether it is a list's, directly or through what it is based on."""
        for _ in range(LONGEST_CHAIN):
            if number >= len(self._styles):
                break
            style = self._styles[number]
            if 1 <= style.built_in <= 9 or style.built_in == TITLE:
                return (1 if style.built_in == TITLE else style.built_in), False
            if style.built_in in LISTS:
                return 0, True
            number = style.parent
        return 0, False


class _Style(NamedTuple):
    built_in: int
    parent: int


def _styles(table: bytes, place: int, length: int) -> Iterator[_Style]:
    end = place + length
    head_bytes, count = unpack_from("<HH", table, place)
    at = place + 2 + head_bytes
    for _ in range(min(count, MOST_STYLES)):
        size = unpack_from("<H", table, at)[0]
        if at + 2 + size > end:
            return
        built_in, parent = unpack_from("<HH", table, at + 2) if size >= 4 else (0xFFF, 0xFFFF)
        yield _Style(built_in & 0xFFF, parent >> 4)
        at += 2 + size + size % 2


def _properties(codes: bytes) -> Iterator[tuple[int, int]]:
    """Yield the numbers of properties with their values, up to the first that is too long to matter."""
    at = 0
    while at + 3 <= len(codes):
        code = unpack_from("<H", codes, at)[0]
        size = OPERAND_BYTES[code >> 13]
        if code in LONG_OPERANDS:
            return
        yield code, int.from_bytes(codes[at + 2 : at + 2 + min(size, 4)], "little")
        at += 2 + (size or 1 + codes[at + 2])
