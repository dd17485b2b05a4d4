"""Where the headings of a text are that has no heading marks: before functions and classes of source code, at keys and tables of settings.

The text itself stays as it is. A heading begins above its declaration, at the comments and decorators that lead up to it, so
the passage that opens with them is named after what they are about. Works on any slicing with the same result.
"""

import re
from typing import NamedTuple

from ingest.languages import BY_MEDIA_TYPE, Language

LONGEST_LEAD = 2_000  # characters above a declaration that may belong to it
LOOKED_AT = 200  # characters of a line; what stands further right declares nothing
TAB = 4  # columns
# What may stand at a block's own indentation without ending it: brackets, labels, comments, `else:`, preprocessor lines.
GOES_ON = re.compile(
    r"\w+(?:\s+\w+)?\s*:\s*$|(?:end|done|fi|esac|else|elif|except|finally|rescue|ensure|catch)\b"
)


class Heading(NamedTuple):
    """`title` is "" where sections end and none begins."""

    level: int
    title: str


class Outline:
    """Finds the headings of a text in one language, line by line."""

    def __init__(self, language: Language) -> None:
        self._declaration = re.compile(language.declaration) if language.declaration else None
        self._lead = re.compile(language.lead) if language.lead else None
        self._is_flat = language.is_flat
        self._pending = ""  # a lead, and behind it the line at hand
        self._at = 0  # where in it the line begins
        self._offset = 0  # of pending[0] in the document
        self._inside_line = False  # pending[0] continues a line that is settled
        self._levels: list[int] = []  # of the open headings
        self._found: dict[int, Heading] = {}

    def take(self, offset: int) -> Heading | None:
        """Return the heading that begins with the line at this offset of the document, once."""
        return self._found.pop(offset, None)

    def feed(self, text: str) -> str:
        """Take the next slice; return the text whose headings are certain now."""
        self._pending += text
        settled: list[str] = []
        while (end := self._settled_end()) > 0:
            settled.append(self._release(end))
        return "".join(settled)

    def flush(self) -> str:
        """Return the rest, as if the text ended here."""
        if self._at < len(self._pending) and not self._inside_line:
            self._note(self._pending[self._at :][:LOOKED_AT])
        return self._release(len(self._pending))

    def _release(self, end: int) -> str:
        text = self._pending[:end]
        self._pending = self._pending[end:]
        self._offset += end
        self._at = 0
        self._inside_line = not text.endswith("\n")
        return text

    def _settled_end(self) -> int:
        """Return how much of what is pending is certain; go on over a lead."""
        while True:
            at = self._pending.find("\n", self._at)
            end = at + 1 if at >= 0 else len(self._pending)
            if self._inside_line:
                return end
            if at < 0 and end - self._at < LOOKED_AT:
                return 0
            line = self._pending[self._at : at if at >= 0 else end][:LOOKED_AT]
            if not self._is_lead(line) or end > LONGEST_LEAD:
                self._note(line)
                return end
            if at < 0:
                return 0
            self._at = end

    def _is_lead(self, line: str) -> bool:
        text = line.lstrip()
        return bool(self._lead and self._lead.match(text)) and not self._declares(text)

    def _declares(self, text: str) -> str:
        match = self._declaration.match(text) if self._declaration else None
        return " ".join((match[match.lastindex or 0] or "").split()) if match else ""

    def _note(self, line: str) -> None:
        """Open the heading that this line is, or close those that it ends."""
        text = line.lstrip()
        indent = len(line.expandtabs(TAB)) - len(text.expandtabs(TAB))
        title = self._declares(text)
        ends = not self._is_flat and text[:1].isidentifier() and not GOES_ON.match(text)
        if not title and not ends:
            return
        before = len(self._levels)
        while self._levels and self._levels[-1] >= indent:
            self._levels.pop()
        if title or len(self._levels) < before:
            self._found[self._offset] = Heading(indent + 1, title)
        if title:
            self._levels.append(indent)


def outline_of(media_type: str) -> Outline | None:
    """Return what finds the headings of this kind of text, None where `#` lines are the headings."""
    language = BY_MEDIA_TYPE.get(media_type)
    return None if language is None else Outline(language)
