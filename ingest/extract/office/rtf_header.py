"""What an RTF file's header says: the code page of each font, which styles are headings, title, author and dates."""

import codecs
import re
from contextlib import suppress

from ingest.extract.office.rtf_tokens import TEXT, Token

ANSI = "cp1252"
HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
DEEPEST = 6
CODE_PAGES = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}
HEADER_WORDS = frozenset({"ansicpg", "deff", *CODE_PAGES})
# \fcharset, by Windows' names; the code pages of Asia are multi-byte.
CHARSETS = {
    77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
DATES = {"creatim": "created", "revtim": "modified"}
PARTS_OF_DATES = ("yr", "mo", "dy", "hr", "min")
MOST_ENTRIES = 10_000  # of a table; Word allows far fewer fonts and styles


class Header:
    """Hears the tokens in the font table, the style sheet and the information group."""

    def __init__(self) -> None:
        self.encoding = ANSI
        self.default_font = 0
        self.levels: dict[int, int] = {}
        self._charsets: dict[int, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._dates: dict[str, dict[str, int]] = {}
        self._number = 0  # of the font or style that is being told

    def set(self, word: str, number: int | None) -> None:
        """Take a word of HEADER_WORDS."""
        if word == "deff":
            self.default_font = number or 0
            return
        name = CODE_PAGES.get(word) or f"cp{number}"
        with suppress(LookupError):
            codecs.lookup(name)
            self.encoding = name

    def encoding_of(self, font: int) -> str:
        return self._charsets.get(font) or self.encoding

    def hear_font(self, token: Token) -> None:
        if token.word == "f":
            self._number = token.number or 0
        elif token.word == "fcharset" and len(self._charsets) < MOST_ENTRIES:
            self._charsets[self._number] = CHARSETS.get(token.number or 0, "")

    def hear_style(self, token: Token) -> None:
        if token.word == "s":
            self._number = token.number or 0
        elif token.word == "outlinelevel":
            self._set_level(outline_level(token.number))
        elif token.word == TEXT:
            name = token.data.decode("latin-1").strip("; ")
            match = HEADING.match(name)
            self._set_level(int(match[1]) if match else int(name.lower() == "title"))

    def _set_level(self, level: int) -> None:
        if level and len(self.levels) < MOST_ENTRIES:
            self.levels[self._number] = min(level, DEEPEST)

    def hear_date(self, name: str, token: Token) -> None:
        if token.word in PARTS_OF_DATES:
            self._dates.setdefault(name, {})[token.word] = token.number or 0

    def say(self, name: str, text: str) -> None:
        self._texts.setdefault(name, []).append(text)

    def found(self) -> dict[str, list[str]]:
        """Return the properties as facts.properties takes them."""
        said = {name: ["".join(texts)] for name, texts in self._texts.items()}
        return said | {name: [_date(parts)] for name, parts in self._dates.items()}


def _date(parts: dict[str, int]) -> str:
    year, month, day, hour, minute = (parts.get(part, 0) for part in PARTS_OF_DATES)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"


def outline_level(number: int | None) -> int:
    """Return the heading level of an outline level; 9 is body text."""
    return min(number + 1, DEEPEST) if number is not None and 0 <= number < 9 else 0
