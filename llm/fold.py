"""Text as it is compared: the stated normalisation of a quote, with the way back to the stored code points.

Case, compatibility forms (NFKD, which folds what NFKC folds, one character at a time), runs of white space, quotation
marks and dashes are levelled; invisible characters, emphasis and reference markers like [12] are dropped.
Accents and all other punctuation count.
"""

import re
import unicodedata
from array import array
from dataclasses import dataclass
from functools import lru_cache

# Zero-width and bidirectional controls, soft hyphen, tags and variation selectors: they hide or reorder what is read.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
REFERENCE = re.compile(r"[ \t]{0,8}\[\d{1,3}(?:[ \t]{0,2}[,;–-][ \t]{0,2}\d{1,3}){0,8}\]")  # noqa: RUF001
_DROPPED = re.compile(f"(?:{INVISIBLE.pattern}|{REFERENCE.pattern}|[*`])+")
_LEVELLED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),  # noqa: RUF001
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),  # noqa: RUF001
    }
)


@dataclass(frozen=True, slots=True)
class Folded:
    """`text[i]` comes from the code point at `origin[i]` of what was folded."""

    text: str
    origin: "array[int]"


def fold(text: str) -> Folded:
    letters: list[str] = []
    origin = array("I")
    at = 0
    while at < len(text):
        if dropped := _DROPPED.match(text, at):
            at = dropped.end()
            continue
        for letter in _fold_letter(text[at]):
            if letter != " " or (letters and letters[-1] != " "):
                letters.append(letter)
                origin.append(at)
        at += 1
    return Folded("".join(letters), origin)


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    if letter.isspace():
        return " "
    # Levelled before and after: NFKD turns some quotation marks into a space and an accent.
    plain = unicodedata.normalize("NFKD", letter.translate(_LEVELLED)).casefold()
    return " " if plain.isspace() else plain.translate(_LEVELLED)


def find_folded(needle: Folded, haystack: Folded) -> tuple[int, int] | None:
    """Return the span of the unfolded haystack that folds to the needle, whole words only; None when there is none."""
    wanted = needle.text.strip()
    at = haystack.text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not _inside_word(haystack, at) and not _inside_word(haystack, end):
            last = haystack.origin[end - 1]
            return haystack.origin[at], last + 1
        at = haystack.text.find(wanted, at + 1)
    return None


def _inside_word(folded: Folded, at: int) -> bool:
    """Return whether cutting before `at` would cut a word, a character's expansion or its accent."""
    if not 0 < at < len(folded.text):
        return False
    before, after = folded.text[at - 1], folded.text[at]
    if folded.origin[at - 1] == folded.origin[at] or unicodedata.combining(after):
        return True
    return before.isalnum() and after.isalnum() and not (_unspaced(before) or _unspaced(after))


def _unspaced(letter: str) -> bool:
    """Return whether the letter's script writes no spaces between words (Thai, Lao, Khmer, Chinese, Japanese)."""
    return "\u0e00" <= letter <= "\u0eff" or "\u1780" <= letter <= "\u17ff" or is_cjk(letter)


def is_cjk(letter: str) -> bool:
    return (
        "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or letter >= "\U00020000"
    )
