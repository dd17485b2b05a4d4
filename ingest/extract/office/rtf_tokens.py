"""What an RTF file is made of: groups, control words, control symbols, text (Rich Text Format 1.9.1, "Contents of an RTF File")."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

OPEN: Final = "{"
CLOSE: Final = "}"
TEXT: Final = ""  # the token of a run of text; no control word is empty
PATTERN = re.compile(
    rb"""\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?
    |\\'([0-9A-Fa-f]{2})
    |\\(.)
    |([{}])
    |([^\\{}\r\n]{1,65536})
    |[\r\n]+|\\""",
    re.VERBOSE | re.DOTALL,
)
HEX, BINARY = "'", "bin"


class Token(NamedTuple):
    """`word` is a control word or symbol without its backslash, a brace, or TEXT; `data` is text as it is encoded."""

    word: str
    number: int | None = None
    data: bytes = b""


def tokens(content: bytes) -> Iterator[Token]:
    r"""Yield the tokens; line breaks are none, and the bytes behind \bin are passed over."""
    at = 0
    while match := PATTERN.match(content, at):
        at = match.end()
        word, number, byte, symbol, brace, text = match.groups()
        if text is not None:
            yield Token(TEXT, None, text)
        elif word is not None:
            token = Token(word.decode(), None if number is None else int(number))
            if token.word == BINARY:
                at += max(0, token.number or 0)
            yield token
        elif byte is not None:
            yield Token(HEX, None, bytes.fromhex(byte.decode()))
        elif brace is not None:
            yield Token(brace.decode())
        elif symbol is not None:
            yield Token(symbol.decode("latin-1"))
