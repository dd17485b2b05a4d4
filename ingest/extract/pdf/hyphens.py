"""Words that a line break parts: "exam-", "ple" become "example", as a reader of the page takes them.

The lines stay; the second half moves up. Whether the hyphen belongs to the word ("chat-" "optimized") is told by the page:
by the word with its hyphen, or by both halves as words. Left out: words parted by the end of a page.
"""

import re
from collections.abc import Sequence
from typing import Final

_PARTED: Final = re.compile("([^\\W_]+)[-\u00ad\u2010\ufffe]$")
_REST: Final = re.compile("[^\\W_]+\\S*")
_LETTERS: Final = re.compile("[^\\W_]+")
_WORD: Final = re.compile("[^\\W_]+(?:[-\u2010][^\\W_]+)*")


def join_parted_words(lines: Sequence[str]) -> list[str]:
    """Return the lines with no word going over an end of line; one that held nothing else is gone."""
    if not any(_PARTED.search(line) for line in lines):
        return [line.replace("\ufffe", "-") for line in lines]
    whole = _whole_words(lines)
    out = list[str]()
    for line in lines:
        parted, rest = _PARTED.search(out[-1]) if out else None, _REST.match(line)
        if parted is None or rest is None:
            out.append(line)
            continue
        head, tail = parted[1], _LETTERS.match(line)
        assert tail is not None  # `rest` begins with one
        hyphen = "-" if _keeps_hyphen(head, tail[0], whole) else ""
        out[-1] = f"{out[-1][: parted.end(1)]}{hyphen}{rest[0]}"
        if remainder := line[rest.end() :].lstrip():
            out.append(remainder)
    return [line.replace("\ufffe", "-") for line in out]


def _whole_words(lines: Sequence[str]) -> set[str]:
    """Return the words of the page that stand within a line."""
    return {word.casefold() for line in lines for word in _WORD.findall(_within(line))}


def _within(line: str) -> str:
    """Leave out what a line break may have cut: the last word before a hyphen; what it goes on with is let in."""
    parted = _PARTED.search(line)
    return line[: parted.start()] if parted else line


def _keeps_hyphen(head: str, tail: str, whole: set[str]) -> bool:
    if not (head[-1].isalpha() and tail[0].islower()):
        return True  # Baden-Württemberg, 2019-2020
    one, two = head.casefold(), tail.casefold()
    if f"{one}-{two}" in whole:
        return True
    return one + two not in whole and one in whole and two in whole
