"""Citation anchors as texts have them: [12], [3, 17], [^note], [@knuth84, p. 3]. Cut through, neither half says what it cites.

What stands between brackets on one line counts, up to LONGEST characters. Left out are anchors in round brackets: nothing
tells them from other asides.
"""

from typing import Final

from core.grapheme import is_boundary

LONGEST: Final = 60


def clear_of_anchor(text: str, at: int, *, floor: int = 0) -> int:
    """Return where to cut instead of at `at`, through an anchor: before it; behind it where it begins at `floor`.

    `at` itself goes through none, or there is no other cut.
    """
    start = text.rfind("[", max(0, at - LONGEST), at)
    end = text.find("]", start, start + LONGEST) + 1 if start >= 0 else 0
    if end <= at or "\n" in text[start:end]:
        return at
    clear = start if start > floor else end
    return clear if clear < len(text) and is_boundary(text, clear) else at
