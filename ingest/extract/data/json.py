"""JSON as `key: value` lines, each value beside the names that lead to it; an object of a list is a block of its own.

Read as a stream. What is no JSON is given as it is, from the place on where it ceases to be. Left out: nulls, empty strings,
data in letters and digits (base64), and of long lists of numbers all but the first; the text says so.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.data.json_tokens import Kind, Token, tokens
from ingest.extract.plain import open_text
from ingest.extract.segment import Segment, clean

MARKUP = 3  # times as much source as text is read: names stand in it again and again
NAMES = 3  # of the path, the innermost ones
LONGEST_LINE = 300  # characters of a list's values in one line
MOST_NUMBERS = 50
DEEPEST = 1_000
DATA = re.compile(r"[\w+/=-]{1000,}\Z", re.ASCII)


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = open_text(source, most_characters=MARKUP * most_characters)
    return segments(JsonText().write(tokens(text)), first=first)


class _Frame:
    """An open object or list."""

    __slots__ = ("is_object", "key", "more_numbers", "numbers", "values")

    def __init__(self, *, is_object: bool) -> None:
        self.is_object = is_object
        self.key: str | None = None  # of an object: the name whose value comes next
        self.values: list[str] = []  # of a list, not yet written
        self.numbers = 0
        self.more_numbers = 0


class JsonText:
    """Writes tokens as text; `is_numbered` says which record of the file each value is."""

    def __init__(self, *, is_numbered: bool = False) -> None:
        self._frames: list[_Frame] = []
        self._is_numbered = is_numbered
        self._records = 0
        self._wants_gap = False
        self._has_text = False
        self._in_part = False  # of a string that is given out piece by piece

    def write(self, source: Iterable[Token]) -> Iterator[str]:
        for token in source:
            match token.kind:
                case Kind.REST:
                    yield from self._line(token.text) if token.text.strip() else ()
                case Kind.MARK if token.text in "{[":
                    yield from self._open(is_object=token.text == "{")
                case Kind.MARK:
                    yield from self._close()
                case _:
                    yield from self._value(token)

    def _open(self, *, is_object: bool) -> Iterator[str]:
        yield from self._begin_record()
        if self._frames and not self._frames[-1].is_object:
            yield from self._flush()
            self._wants_gap = True
        if len(self._frames) < DEEPEST:
            self._frames.append(_Frame(is_object=is_object))

    def _begin_record(self) -> Iterator[str]:
        if self._frames:
            return
        self._wants_gap = True
        self._records += 1
        if self._is_numbered:
            yield from self._line(f"Record {self._records}:\n")

    def _close(self) -> Iterator[str]:
        if not self._frames:
            return
        yield from self._flush()
        closed = self._frames.pop()
        if self._frames:
            self._frames[-1].key = None
            self._wants_gap = self._wants_gap or (
                closed.is_object and not self._frames[-1].is_object
            )

    def _value(self, token: Token) -> Iterator[str]:
        """Take a name, or write a value."""
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.is_object and frame.key is None:
            frame.key = " ".join(token.text.split())[:100]
            return
        text = clean(token.text)
        shown = "" if DATA.match(text) or (token.kind is Kind.LITERAL and text == "null") else text
        if frame is None:
            yield from self._begin_record()
        if frame is None or frame.is_object or token.kind is Kind.PART or self._in_part:
            yield from self._said(shown, is_whole=token.kind is not Kind.PART)
        else:
            yield from self._listed(frame, shown, is_number=token.kind is Kind.LITERAL)

    def _said(self, text: str, *, is_whole: bool) -> Iterator[str]:
        """Write an object's value, or a part of a long one: only the first says its name."""
        if text:
            name = "" if self._in_part else self._path()
            yield from self._line(f"{name}{text}" + "\n" * (is_whole and not text.endswith("\n")))
        self._in_part = not is_whole
        if is_whole and self._frames and self._frames[-1].is_object:
            self._frames[-1].key = None

    def _listed(self, frame: _Frame, text: str, *, is_number: bool) -> Iterator[str]:
        frame.numbers += is_number
        if is_number and frame.numbers > MOST_NUMBERS:
            frame.more_numbers += 1
        elif text:
            frame.values.append(text)
            if "\n" in text or sum(map(len, frame.values)) > LONGEST_LINE:
                yield from self._flush()

    def _flush(self) -> Iterator[str]:
        frame = self._frames[-1]
        if frame.more_numbers:
            frame.values.append(f"and {frame.more_numbers:,} more numbers")
        if frame.values:
            yield from self._line(f"{self._path()}{', '.join(frame.values)}\n")
        frame.values, frame.numbers, frame.more_numbers = [], 0, 0

    def _path(self) -> str:
        names = [frame.key for frame in self._frames[-2 * NAMES :] if frame.key]
        return f"{'.'.join(names[-NAMES:])}: " if names else ""

    def _line(self, text: str) -> Iterator[str]:
        if self._wants_gap and self._has_text and not self._in_part:
            yield "\n"
        self._wants_gap, self._has_text = False, True
        yield text
