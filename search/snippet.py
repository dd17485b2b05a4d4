"""Cut the best window out of a passage and say where the query's words stand in it, by the analysis that found them.

Offsets are code points of the text given, so a highlight is text[start:start + length]. Neither a cut nor a
highlight splits what a person sees as one character (core/grapheme.py).
"""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.grapheme import boundary_after, boundary_before
from search.answer import Highlight, Markup, Snippet
from search.query import AnyOf, Clause, Not, Phrase, Prefix, Query, Word
from search.runs import run_index
from search.terms import NO_SPACES, Piece, analyse, pieces

LEAD: Final = 4  # words of context kept before the first match of a window
REPEATED: Final = 0.1  # worth of a word that the window already has; a new one is worth 1
_WORD: Final = re.compile(r"\w+")
_WORD_OR_CHARACTER: Final = re.compile(rf"[{NO_SPACES}]|\w[^\W{NO_SPACES}]*")
_UNSPACED: Final = re.compile(f"[{NO_SPACES}]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to highlight: lexemes (stems and words as typed), prefixes, and phrases as sequences of words."""

    lexemes: frozenset[str]
    prefixes: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class View:
    """How snippets are cut: about `crop` words long."""

    wants: Wanted
    crop: int
    markup: Markup


@dataclass(frozen=True, slots=True)
class _Window:
    start: int
    end: int


def wanted(query: Query, langs: Sequence[str]) -> Wanted:
    """Return what the positive part of a query highlights; stop words only when there is nothing else."""
    leaves = list(_leaves(query.clauses))
    cut = [
        piece
        for leaf in leaves
        for lang in langs
        for piece in pieces(leaf.text, lang)
        if piece.role != "tail"
    ]
    chosen = [piece for piece in cut if piece.role != "stop"] or cut
    return Wanted(
        frozenset(lexeme for piece in chosen for lexeme in (piece.stem, piece.exact)),
        tuple(
            _words(leaf.text)[-1]
            for leaf in leaves
            if isinstance(leaf, Prefix) and _words(leaf.text)
        ),
        tuple(
            words
            for leaf in leaves
            if isinstance(leaf, Phrase) and len(words := _words(leaf.text)) > 1
        ),
    )


def snippet(text: str, view: View, *, lang: str, offset: int) -> Snippet:
    """Return the window with the most matches, the earliest of equals; `offset` is where `text` itself stands."""
    marks = highlights(text, view.wants, lang=lang)
    window = _best_window(text, marks, view.crop)
    inside = tuple(
        Highlight(mark.start - window.start, mark.length, mark.kind)
        for mark in marks
        if mark.start >= window.start and mark.start + mark.length <= window.end
    )
    shown = text[window.start : window.end]
    if view.markup == "html":
        return Snippet(_marked(shown, inside), offset + window.start, ())
    return Snippet(shown, offset + window.start, inside)


def highlights(text: str, wants: Wanted, *, lang: str) -> list[Highlight]:
    """Return where the wanted words stand, in order and without overlap; a phrase covers its words, all whole characters."""
    found = [
        Highlight(start + span.start, len(span), "word")
        for chunk in _wanted_chunks(text, wants, lang)
        if (spans := _spans(chunk, wants, lang))
        for start in _places(text, chunk)
        for span in spans
    ]
    marks = _phrase_marks(text, wants.phrases) + found
    return _without_overlap(marks if text.isascii() else [_whole(text, mark) for mark in marks])


def _whole(text: str, mark: Highlight) -> Highlight:
    """Return the mark with all of the characters that it has parts of: a query for 👍 finds it in another skin tone."""
    start = boundary_before(text, mark.start)
    return Highlight(start, boundary_after(text, mark.start + mark.length) - start, mark.kind)


def _wanted_chunks(text: str, wants: Wanted, lang: str) -> list[str]:
    """Return the different runs without spaces that may hold a wanted word: most of a text does not, and is passed over."""
    chunks = set(text.split())
    return list(chunks if wants.prefixes else run_index(lang).holding(chunks, wants.lexemes))


def _places(text: str, chunk: str) -> Iterator[int]:
    """Yield where `chunk` stands between white space."""
    at = text.find(chunk)
    while at >= 0:
        end = at + len(chunk)
        if (at == 0 or text[at - 1].isspace()) and (end == len(text) or text[end].isspace()):
            yield at
        at = text.find(chunk, at + 1)


def _spans(chunk: str, wants: Wanted, lang: str) -> tuple[range, ...]:
    """Return where wanted words stand within a run without spaces."""
    return tuple(
        range(piece.start, piece.end)
        for piece in analyse(chunk, lang)
        if piece.role != "tail" and _is_wanted(piece, wants)
    )


def _leaves(clauses: Sequence[Clause]) -> list[Word | Phrase | Prefix]:
    found: list[Word | Phrase | Prefix] = []
    for clause in clauses:
        if isinstance(clause, AnyOf):
            for option in clause.options:
                found += _leaves(option)
        elif not isinstance(clause, Not):
            found.append(clause)
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(piece.exact for piece in pieces(text, "") if piece.role in {"word", "stop"})


def _is_wanted(piece: Piece, wants: Wanted) -> bool:
    if piece.stem in wants.lexemes or piece.exact in wants.lexemes:
        return True
    return bool(wants.prefixes) and piece.exact.startswith(wants.prefixes)


def _phrase_marks(text: str, phrases: Sequence[tuple[str, ...]]) -> list[Highlight]:
    if not phrases:
        return []
    cut = [piece for piece in pieces(text, "") if piece.role in {"word", "stop"}]
    exacts = tuple(piece.exact for piece in cut)
    return [
        Highlight(cut[at].start, cut[at + len(phrase) - 1].end - cut[at].start, "phrase")
        for phrase in phrases
        for at in range(len(cut) - len(phrase) + 1)
        if exacts[at : at + len(phrase)] == phrase
    ]


def _without_overlap(marks: list[Highlight]) -> list[Highlight]:
    """Phrases first, then the longest; pairs of characters that overlap grow into one mark."""
    kept: list[Highlight] = []
    for mark in sorted(marks, key=lambda m: (m.start, m.kind != "phrase", -m.length)):
        end = mark.start + mark.length
        if not kept or mark.start >= kept[-1].start + kept[-1].length:
            kept.append(mark)
        elif end > (last := kept[-1]).start + last.length and last.kind == mark.kind:
            kept[-1] = Highlight(last.start, end - last.start, last.kind)
        elif mark.kind == "phrase" and last.kind == "word":
            kept[-1] = Highlight(
                last.start, max(end, last.start + last.length) - last.start, "phrase"
            )
    return kept


def _best_window(text: str, marks: Sequence[Highlight], crop: int) -> _Window:
    is_spaced = text.isascii() or _UNSPACED.search(text) is None
    word = _WORD if is_spaced else _WORD_OR_CHARACTER
    words = [match.start() for match in word.finditer(text)]
    if len(words) <= crop:
        return _Window(0, len(text))
    first = _best_start(text, words, marks, crop)
    start = boundary_before(text, _word_start(text, words[first]))
    following = words[first + crop] if first + crop < len(words) else len(text)
    end = boundary_after(text, _trimmed(text, start, following))
    return _Window(start, end)


def _best_start(text: str, words: Sequence[int], marks: Sequence[Highlight], crop: int) -> int:
    """Try a window that begins a little before each match; worth is the number of distinct ones, repeats count little."""
    places = [bisect_right(words, mark.start) - 1 for mark in marks]
    shown = [text[mark.start : mark.start + mark.length].casefold() for mark in marks]
    best, best_worth, lead = 0, 0.0, min(LEAD, crop // 2)
    for place in places:
        start = min(max(0, place - lead), len(words) - crop)
        inside = [
            word for at, word in zip(places, shown, strict=True) if start <= at < start + crop
        ]
        worth = len(set(inside)) + REPEATED * len(inside)
        if worth > best_worth:
            best, best_worth = start, worth
    return best


def _word_start(text: str, at: int) -> int:
    """Take in a quote or bracket that stands before the word."""
    while at > 0 and not text[at - 1].isspace() and not text[at - 1].isalnum():
        at -= 1
    return at


def _trimmed(text: str, start: int, end: int) -> int:
    """Return the end without the space, quote or bracket that belongs to the next word."""
    space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
    return space if space > start and not any(map(str.isalnum, text[space:end])) else end


def _marked(text: str, marks: Sequence[Highlight]) -> str:
    parts: list[str] = []
    at = 0
    for mark in marks:
        end = mark.start + mark.length
        parts += [
            html.escape(text[at : mark.start]),
            "<mark>",
            html.escape(text[mark.start : end]),
            "</mark>",
        ]
        at = end
    return "".join(parts) + html.escape(text[at:])
