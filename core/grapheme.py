"""Where a text may be cut without splitting what a reader sees as one character (UAX #29, approximated).

Covers combining marks, joiners, variation selectors, emoji modifiers and tags, flags, Hangul jamo and CRLF; left out are
Indic conjuncts (GB9c) and prepended signs (GB9b), which `unicodedata` does not name.
"""

import unicodedata

ZWJ = "\u200d"
JAMO_PAIRS = frozenset({"LL", "LV", "LS", "VV", "SV", "VT", "ST", "TT"})
LONGEST = 256  # a "character" of more code points is abuse; it is cut all the same


def is_boundary(text: str, at: int) -> bool:
    """Whether text may be cut between text[at - 1] and text[at]."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        return not (before == "\r" and after == "\n")
    if before in "\n\r\0":
        return True
    return not (
        before == ZWJ or _extends(after) or _joins_jamo(before, after) or _splits_flag(text, at)
    )


def boundary_before(text: str, at: int, *, floor: int = 0) -> int:
    """Return the last boundary in (floor, at]; `at` itself when there is none within reach."""
    lowest = max(floor, at - LONGEST)
    for place in range(at, lowest, -1):
        if is_boundary(text, place):
            return place
    return at


def boundary_after(text: str, at: int) -> int:
    """Return the first boundary at `at` or behind it; `at` itself when there is none within reach."""
    for place in range(at, min(len(text), at + LONGEST) + 1):
        if is_boundary(text, place):
            return place
    return at


def _extends(character: str) -> bool:
    return (
        character == ZWJ
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags
        or character in "\uff9e\uff9f"  # half-width voiced marks
    )


def _joins_jamo(before: str, after: str) -> bool:
    """Hangul: leading consonant, vowel, trailing consonant (GB6 to GB8)."""
    if not "\u1100" <= after <= "\ud7fb":
        return False
    left, right = _jamo(before), _jamo(after)
    return right != "" and left + right in JAMO_PAIRS


def _jamo(character: str) -> str:
    """Return L, V or T of a conjoining jamo, S of a whole syllable, else nothing."""
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return "L"
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return "V"
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return "T"
    return "S" if "\uac00" <= character <= "\ud7a3" else ""


def _splits_flag(text: str, at: int) -> bool:
    """Regional indicators pair up from the left."""
    if not _is_regional(text[at]):
        return False
    start = at
    while start > 0 and at - start < LONGEST and _is_regional(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
