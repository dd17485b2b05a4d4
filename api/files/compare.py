"""What changed between two texts, line by line, as a unified diff: equal heads and tails go first, the rest is difflib's.

It takes time with the square of the changed lines and their repetitions. What is above MOST_LINES is told as replaced.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST_LINES: Final = 3_000  # of each text, between what is equal at both ends: about a second
MOST_REPEATED: Final = 4  # pairs of equal lines, per line
MOST_CHARACTERS: Final = 200_000  # of a diff
CONTEXT: Final = 3  # equal lines shown around a change, as diff does


@dataclass(frozen=True, slots=True)
class Changes:
    """A unified diff without its head, and how many lines it adds and removes; `is_cut`: the diff goes on."""

    added: int
    removed: int
    diff: str
    is_cut: bool


def compare(old: str, new: str) -> Changes:
    """Return what makes `new` of `old`; CPU work of up to some seconds."""
    a, b = old.split("\n"), new.split("\n")
    head = _equal(a, b)
    tail = min(_equal(a[::-1], b[::-1]), len(a) - head, len(b) - head)
    first, last = max(0, head - CONTEXT), max(0, tail - CONTEXT)
    lines = _diff(a[first : len(a) - last], b[first : len(b) - last], first=first)
    diff = "\n".join(lines)
    return Changes(
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
        diff=diff[:MOST_CHARACTERS],
        is_cut=len(diff) > MOST_CHARACTERS,
    )


def _equal(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many lines are equal from the beginning on."""
    return next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _diff(a: list[str], b: list[str], *, first: int) -> list[str]:
    """Return the hunks; both texts begin at line `first`, counted from 0."""
    if a == b:
        return []
    if not _is_quick(a, b):
        return [_place(first, len(a), first, len(b)), *_marked("-", a), *_marked("+", b)]
    lines: list[str] = []
    for group in SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(CONTEXT):
        (_, a1, _, b1, _), (_, _, a2, _, b2) = group[0], group[-1]
        lines.append(_place(first + a1, a2 - a1, first + b1, b2 - b1))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _marked(" ", a[i1:i2])
            else:
                lines += [*_marked("-", a[i1:i2]), *_marked("+", b[j1:j2])]
    return lines


def _place(a: int, a_lines: int, b: int, b_lines: int) -> str:
    return f"@@ -{a + 1},{a_lines} +{b + 1},{b_lines} @@"


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    return [mark + line for line in lines]


def _is_quick(a: Sequence[str], b: Sequence[str]) -> bool:
    if max(len(a), len(b)) > MOST_LINES:
        return False
    times = Counter(b)
    return sum(times[line] for line in a) <= MOST_REPEATED * (len(a) + len(b))
