"""JSON in pieces as a stream of tokens, so that a file of any size needs little memory; the grammar is json.py's to mind.

A string longer than a piece comes in parts. Where the text is no JSON any more, the rest is one last token after another, as it is.
"""

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

LONGEST = 2**18  # characters of a string before it is given out in parts
SPACE = re.compile(r"[\s,:]*")
# Possessive by its shape: no two alternatives begin alike.
INSIDE_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
LITERAL = re.compile(r"-?\d[\d.eE+-]*|true\b|false\b|null\b")


class Kind(Enum):
    MARK = 1  # one of { } [ ]
    STRING = 2
    PART = 3  # of a string; more of it follows
    LITERAL = 4
    REST = 5  # of a text that is no JSON


class Token(NamedTuple):
    kind: Kind
    text: str


def tokens(source: Iterator[str]) -> Iterator[Token]:
    """Yield what stands in the text; commas and colons are not told apart from white space."""
    reader = _Reader(source)
    while (token := reader.next()) is not None:
        yield token
        if token.kind is Kind.REST:
            yield from (Token(Kind.REST, piece) for piece in source)
            return


class _Reader:
    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._pending = ""
        self._at = 0
        self._in_string = False

    def next(self) -> Token | None:
        while True:
            if not self._in_string:
                self._at = self._skip_space()
            token = self._string() if self._in_string else self._token()
            if token is not None:
                return token
            if not self._more():
                return self._end()

    def _skip_space(self) -> int:
        match = SPACE.match(self._pending, self._at)
        return match.end() if match else self._at

    def _more(self) -> bool:
        piece = next(self._source, None)
        self._pending = self._pending[self._at :] + (piece or "")
        self._at = 0
        return piece is not None

    def _token(self) -> Token | None:
        """Return the token that begins here once it is whole; the start of a string is only noted."""
        character = self._pending[self._at : self._at + 1]
        if character in {"{", "}", "[", "]"}:
            self._at += 1
            return Token(Kind.MARK, character)
        if character == '"':
            self._at += 1
            self._in_string = True
            return self._string()
        match = LITERAL.match(self._pending, self._at)
        if match and match.end() < len(self._pending):
            self._at = match.end()
            return Token(Kind.LITERAL, match[0])
        if not character or len(self._pending) - self._at < 32:  # a literal may be cut off here
            return None
        return self._rest()

    def _string(self) -> Token | None:
        match = INSIDE_STRING.match(self._pending, self._at)
        end = match.end() if match else self._at
        if self._pending[end : end + 1] == '"':
            raw, self._at, self._in_string = self._pending[self._at : end], end + 1, False
            return Token(Kind.STRING, _decoded(raw))
        if end - self._at > LONGEST:
            raw, self._at = self._pending[self._at : end], end
            return Token(Kind.PART, _decoded(raw))
        return None

    def _end(self) -> Token | None:
        """At the end of the text: a last literal, or what was cut off."""
        match = LITERAL.fullmatch(self._pending)
        if match and not self._in_string:
            self._pending = ""
            return Token(Kind.LITERAL, match[0])
        return self._rest() if self._pending else None

    def _rest(self) -> Token:
        text, self._pending, self._at = self._pending[self._at :], "", 0
        return Token(Kind.REST, text)


def _decoded(raw: str) -> str:
    if "\\" not in raw and "\n" not in raw:
        return raw
    try:
        return json.loads(f'"{raw}"', strict=False)
    except ValueError:  # an escape that is none
        return raw
