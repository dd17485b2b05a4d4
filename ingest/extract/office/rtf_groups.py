"""The groups of an RTF file: which part of the document a text belongs to, and how its bytes are encoded."""

from typing import NamedTuple

from ingest.extract.office.rtf_header import DATES, HEADER_WORDS, Header
from ingest.extract.office.rtf_story import Story
from ingest.extract.office.rtf_tokens import CLOSE, HEX, OPEN, TEXT, Token
from ingest.extract.segment import Unreadable

DEEPEST = 10_000  # hostile files open groups without end
BODY, MARKER, NOTE, BOX, SKIPPED = "body", "marker", "note", "box", "skipped"
TEXTS = frozenset({BODY, NOTE, BOX})
FONTS, STYLES, INFO, TITLE, AUTHOR = "fonttbl", "stylesheet", "info", "title", "author"
DESTINATIONS = {
    "fonttbl": FONTS, "stylesheet": STYLES, "info": INFO, "listtext": MARKER, "pntext": MARKER, "footnote": NOTE,
    "shptxt": BOX, "header": BOX, "headerl": BOX, "headerr": BOX, "headerf": BOX, "footer": BOX, "footerl": BOX,
    "footerr": BOX, "footerf": BOX,
} | dict.fromkeys(
    (
        "colortbl", "pict", "objdata", "fldinst", "filetbl", "xmlnstbl", "listtable", "listoverridetable", "rsidtbl",
        "annotation", "atnid", "atnauthor", "tc", "xe", "nonesttables", "shprslt", "generator", "sp",
    ),
    SKIPPED,
)  # fmt: skip
KEPT_THOUGH_STARRED = frozenset({"shpinst"})  # a text box; others are for programs that know them
INSIDE_INFO = {"title": TITLE, "author": AUTHOR, **DATES}
CHARACTER_WORDS = frozenset({"uc", "f", "plain", "v", "deleted"})  # the last two hide


class _Group(NamedTuple):
    destination: str = BODY
    encoding: str = ""  # of the font; "" is the header's
    fallback: int = 1  # characters behind each \u for readers without Unicode
    is_hidden: bool = False
    is_inside: bool = False  # the group is itself a note or box, not only in one


class Groups:
    """Takes the tokens of the whole file; what is text goes to the story."""

    def __init__(self) -> None:
        self.header = Header()
        self.story = Story(self.header)
        self._group = _Group()
        self._outer: list[_Group] = []
        self._is_starred = False
        self._bytes = bytearray()
        self._to_skip = 0

    def take(self, token: Token) -> None:
        word = token.word
        if word in (TEXT, HEX):
            self._take_bytes(token)
            return
        self._flush()
        if word == OPEN:
            self._open()
        elif word == CLOSE:
            self._close()
        elif word == "*":
            self._is_starred = True
        else:
            self._take_word(token)
            self._is_starred = False

    def end(self) -> None:
        """Give out what the last paragraph holds, whether or not it was closed."""
        self._flush()
        self.story.end()

    def _take_bytes(self, token: Token) -> None:
        skipped = min(self._to_skip, len(token.data))
        self._to_skip -= skipped
        if self._group.destination == STYLES:
            self.header.hear_style(token)
        elif self._group.destination != SKIPPED:
            self._bytes += token.data[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            encoding = self._group.encoding or self.header.encoding
            text = self._bytes.decode(encoding, "replace")
            self._bytes.clear()
            self._write(text)

    def _write(self, text: str) -> None:
        destination = self._group.destination
        if self._group.is_hidden:
            return
        if destination in TEXTS:
            self.story.write(text)
        elif destination == MARKER:
            self.story.mark(text)
        elif destination in (TITLE, AUTHOR):
            self.header.say(destination, text)

    def _open(self) -> None:
        if len(self._outer) >= DEEPEST:
            raise Unreadable(
                "broken_file",
                f"The file is damaged: its groups are {DEEPEST:,} deep.",
                remedy="Open it in its own program, save it again and upload it.",
            )
        self._outer.append(self._group)
        self._group = self._group._replace(is_inside=False)
        self._is_starred, self._to_skip = False, 0

    def _close(self) -> None:
        self._to_skip = 0
        if not self._outer:
            return
        closed, self._group = self._group, self._outer.pop()
        if closed.is_inside:
            self.story.end_inside()

    def _take_word(self, token: Token) -> None:
        destination = self._group.destination
        if destination == SKIPPED:
            return
        if not self._enter(token.word):
            self._hear(destination, token)

    def _enter(self, word: str) -> bool:
        """Change the destination where the word says so."""
        known = INSIDE_INFO if self._group.destination == INFO else DESTINATIONS
        destination = known.get(word)
        if destination is None and self._is_starred and word not in KEPT_THOUGH_STARRED:
            destination = SKIPPED
        if destination is None:
            return False
        if destination in (NOTE, BOX) and not self._group.is_inside:
            self.story.begin_inside(is_note=destination == NOTE)
            self._group = self._group._replace(is_inside=True)
        self._group = self._group._replace(destination=destination)
        return True

    def _hear(self, destination: str, token: Token) -> None:
        if destination == FONTS:
            self.header.hear_font(token)
        elif destination == STYLES:
            self.header.hear_style(token)
        elif destination in DATES.values():
            self.header.hear_date(destination, token)
        else:
            self._set(token)

    def _set(self, token: Token) -> None:
        word, number = token.word, token.number
        if word == "u":
            self._write(chr((number or 0) & 0xFFFF))
            self._to_skip = self._group.fallback
        elif word in HEADER_WORDS:
            self.header.set(word, number)
        elif word in CHARACTER_WORDS:
            self._group = self._with(word, number)
        elif self._group.destination in TEXTS:
            self.story.take(word, number)

    def _with(self, word: str, number: int | None) -> _Group:
        group = self._group
        if word == "uc":
            return group._replace(fallback=max(0, number or 0))
        if word == "f":
            return group._replace(encoding=self.header.encoding_of(number or 0))
        if word == "plain":
            encoding = self.header.encoding_of(self.header.default_font)
            return group._replace(encoding=encoding, is_hidden=False)
        return group._replace(is_hidden=number != 0)
