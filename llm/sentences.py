"""Sentences and their terms, by punctuation and line ends alone: enough to choose and check quotes in any language.

A line end between two words of one paragraph is only wrapping; an empty line, a list item or a heading is a boundary.
Terms are words cut to six letters, which serves as stemming in inflected languages (McNamee & Mayfield,
Information Retrieval 2004, n-gram stems); unspaced scripts give pairs of characters.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from llm.fold import fold, is_cjk

LONGEST = 400  # code points; what has no full stop is cut at white space
STEM_LETTERS = 6

_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]*]*(?=\s)(?!\s+[a-zà-ÿ])|(?<=[。！？])[」』”）]*|\n(?=\s*\n)|\n(?=[ \t]*(?:[-*•#>|]|\d{1,3}[.)]\s))"  # noqa: RUF001
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|No|Nr|Fig|Eq|Sec|Art|Vol|pp|ca|cf|al|e\.g|i\.e|z\.B|d\.h|U\.S)|\b[A-Z])\.$"
)
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[\d_]*[^\W_])*")
_SKIPPED = " \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


def sentences(text: str) -> list[Span]:
    """Return the sentences of `text` in order, trimmed of white space, none longer than LONGEST."""
    cuts = [0, *(m.end() for m in _END.finditer(text) if _ends(text, m)), len(text)]
    return [
        piece
        for start, end in pairwise(cuts)
        if (span := trimmed(text, start, end)).start < span.end
        for piece in _pieces(text, span)
    ]


def _ends(text: str, match: re.Match[str]) -> bool:
    return not _ABBREVIATED.search(text, max(0, match.start() - 12), match.start())


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without white space at its ends."""
    part = text[start:end]
    left = len(part) - len(part.lstrip(_SKIPPED))
    return Span(start + left, max(start + left, end - (len(part) - len(part.rstrip(_SKIPPED)))))


def _pieces(text: str, span: Span) -> list[Span]:
    pieces: list[Span] = []
    start = span.start
    while span.end - start > LONGEST:
        space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = space if space > 0 else start + LONGEST
        pieces.append(trimmed(text, start, cut))
        start = trimmed(text, cut, span.end).start
    return [piece for piece in (*pieces, Span(start, span.end)) if piece.start < piece.end]


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order, repeated ones too."""
    composed = unicodedata.normalize("NFC", fold(text).text)
    return [term for word in _WORD.findall(composed) for term in _terms_of(word)]


def _terms_of(word: str) -> list[str]:
    if word[0].isdigit():
        return [re.sub(r"[.,](?=\d{3}(?:\D|$))", "", word)]  # 1,000 = 1.000 = 1000
    if any(is_cjk(letter) for letter in word):
        return [word] if len(word) == 1 else [a + b for a, b in pairwise(word)]
    return [word[:STEM_LETTERS]]
