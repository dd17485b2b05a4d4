"""Subtitles (SRT, WebVTT): what is said, with the time it is said at on a line of its own every half minute.

Styles, positions, cue numbers and notes are left out; a voice is named where it changes.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Segment

TIMES = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,]\d{1,3})?\s*-->")
VOICE = re.compile(r"<v(?:\.[\w.]*)?\s+([^>]{1,100})>")
TAG = re.compile(r"</?(?:[a-zA-Z][^>]{0,200}|[\d:.]{5,12})>|\{\\[^}]{0,100}\}")
INTERVAL_S = 30


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a text that is too long is refused before its first one."""
    return segments(_spoken(lines(open_text(source, most_characters=most_characters))), first=first)


def _spoken(text: Iterable[str]) -> Iterator[str]:
    """Yield the lines of the cues; a text without a single time is given back as it is."""
    before: list[str] | None = []  # of the first cue
    cue = _Cue()
    in_cue = False
    for line in text:
        if match := TIMES.match(line):
            before, in_cue = None, True
            yield from cue.open(match)
        elif before is not None:
            before.append(line)
        elif not line.strip():
            in_cue = False
        elif in_cue:
            yield from cue.say(line)
    yield from before or ()


class _Cue:
    def __init__(self) -> None:
        self._told_s: int | None = None  # the last time written
        self._voice = ""
        self._last = ""

    def open(self, times: re.Match[str]) -> Iterator[str]:
        at_s = int(times[1] or 0) * 3600 + int(times[2]) * 60 + int(times[3])
        if self._told_s is None or not 0 <= at_s - self._told_s < INTERVAL_S:
            gap = "" if self._told_s is None else "\n"
            self._told_s = at_s
            yield f"{gap}[{at_s // 3600:02}:{at_s // 60 % 60:02}:{at_s % 60:02}]\n"

    def say(self, line: str) -> Iterator[str]:
        """Rolling captions repeat the line above."""
        voice = VOICE.search(line)
        words = " ".join(unescape(TAG.sub("", line)).split())
        if not words or words == self._last:
            return
        self._last = words
        name = voice[1].strip() if voice else ""
        is_new = name != self._voice and bool(name)
        self._voice = name or self._voice
        yield f"{name}: {words}\n" if is_new else f"{words}\n"
