"""The end of a query as it is being typed: its last token, and how what completes it is written.

The reverse of search/query.py: what is written here is read there as one filter or one word.
"""

import re
from dataclasses import dataclass
from typing import Final

from search.operators import OPERATORS, Operator
from search.terms import fold

LONGEST_VALUE: Final = 100

_QUOTES = '"“”„‟«»'
_TOKEN = re.compile(rf"(?i)(-?)(?:({'|'.join(OPERATORS)}):)?([^\s\"()]*)\Z")
_OPENING = re.compile(rf"(?i)(?<![^\s\"()])(-?)(?:({'|'.join(OPERATORS)}):)?\Z")
_PUNCTUATION = re.compile(r"""[\]\[\s_./:;,(){}+&#@!?*"'“”„«»<>=|~^$%\\-]+""")  # as folded_title()
_UNQUOTABLE = re.compile(rf"[{_QUOTES}\x00-\x1f\x7f-\x9f]")  # no quoted value can hold these
_PLAIN = re.compile(r"[\w.@+&#/-]+")


@dataclass(frozen=True, slots=True)
class Token:
    """The last token: what stands before its value (`-from:"`, say) is its sign, operator and quote."""

    start: int
    value: str
    op: Operator | None = None
    sign: str = ""
    is_quoted: bool = False


def last_token(q: str) -> Token:
    """Return what is being typed at the end of `q`; an open quote reaches to the end. Total, like the parser."""
    text = q.translate(dict.fromkeys(map(ord, _QUOTES), '"'))
    if text.count('"') % 2:
        at = text.rindex('"')
        opening = _OPENING.search(text, 0, at)
        start = opening.start() if opening else at
        sign, op = (opening[1], opening[2]) if opening else ("", None)
        return Token(start, q[at + 1 :], _operator(op), sign, is_quoted=True)
    match = _TOKEN.search(text)
    if match is None:
        return Token(len(q), "")
    return Token(match.start(), match[3], _operator(match[2]), match[1])


def _operator(text: str | None) -> Operator | None:
    return next((op for op in OPERATORS if text is not None and op == text.lower()), None)


def typed_word(token: Token) -> tuple[str, str]:
    """Return what stands before the last word of the token, and that word."""
    if not token.is_quoted:
        return "", token.value
    word = re.search(r"\S*\Z", token.value)
    at = word.start() if word else 0
    return token.value[:at], token.value[at:]


def written_word(token: Token, before: str, word: str) -> str:
    """Return what takes the token's place so that its last word is `word`, and no operator."""
    if token.is_quoted:
        return f'{token.sign}"{before}{word}"'
    return token.sign + (word if _PLAIN.fullmatch(word) else f'"{word}"')


def written_filter(token: Token, op: Operator, value: str) -> str:
    """Return the filter that takes the token's place."""
    short = quotable(value)
    return f"{token.sign}{op}:{short}" if _PLAIN.fullmatch(short) else f'{token.sign}{op}:"{short}"'


def quotable(text: str) -> str:
    """Return the longest part of a value that can stand in quotes: operators look for a part of the whole."""
    return max((part.strip() for part in _UNQUOTABLE.split(text)), key=len)[:LONGEST_VALUE].strip()


def folded(text: str) -> str:
    """Return the text as folded_title() of sql/migrations folds titles, without its leading space."""
    return _PUNCTUATION.sub(" ", fold(text.casefold())).strip()
