"""Does a source support a claim, and with which words? Verbatim, normalised, or by overlap of terms.

Overlap is the share of the claim's terms, weighted by their rarity in the sources (idf), that one or two neighbouring
sentences of the source hold. It does not judge meaning: a negated claim passes. What it refuses: figures
and quotations that the source does not hold, and claims about something else.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from llm.fold import REFERENCE, Folded, find_folded, fold, is_cjk
from llm.sentences import STEM_LETTERS, Span, sentences, terms, trimmed

Verdict = Literal["verbatim", "normalised", "paraphrase"]

# Share of the claim's weight. Chosen on 250 claims of scifact; on 80 others 47 % pass on their own abstract and 0.4 % on
# another. A well-worded claim about the same subject is harder: of the first 250, 25 % pass on BM25's best wrong abstract.
FLOOR = 0.4
NEIGHBOUR_GAIN = 0.15  # a second sentence joins the quote only when it brings this much
QUOTED_WORDS = 3  # shorter quotation marks are irony or a name, not a quotation
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{8,400})[\"”“»]")
_DECORATION = re.compile(r"^(?:[ \t]*(?:[-*•>#|]+|\d{1,3}[.)])[ \t]+)+")
_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Support:
    """`start` and `end` are code points in the source's text; `score` is 0 to 1."""

    start: int
    end: int
    verdict: Verdict
    score: float


@dataclass(frozen=True, slots=True)
class Sentence:
    span: Span
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A source's text, made ready once for all the claims of an answer."""

    text: str
    folded: Folded
    sentences: tuple[Sentence, ...]
    terms: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Evidence":
        found = tuple(
            Sentence(span, frozenset(terms(text[span.start : span.end])))
            for span in sentences(text)
        )
        everything = frozenset[str]().union(*(sentence.terms for sentence in found))
        return cls(text, fold(text), found, everything)


class Rarity:
    """How much a term says: its idf over the sentences of all sources, less for short words.

    A term that they lack weighs most. A handful of sentences tells little about function words, but those
    are short in every spaced script (Zipf's law of abbreviation), which lowers scifact's random passes from 1.2 to 0.4 %.
    """

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        found = [sentence.terms for each in evidence for sentence in each.sentences]
        self._count = len(found)
        self._holding = Counter(term for held in found for term in held)

    def of(self, term: str) -> float:
        idf = math.log(1 + (self._count + 1) / (self._holding[term] + 0.5))
        return idf if is_cjk(term[0]) else idf * min(1, len(term) / STEM_LETTERS)

    def total(self, held: Iterable[str]) -> float:
        return sum(map(self.of, held))


def support(claim: str, source: Evidence, *, rarity: Rarity) -> Support | None:
    """Return the words of `source` that bear out `claim`; None when nothing there does."""
    bare = plain_claim(claim)
    wanted = frozenset(terms(bare))
    if not wanted or any(_is_figure(term) and term not in source.terms for term in wanted):
        return None
    quotations = [q for q in _QUOTED.findall(bare) if len(terms(q)) >= QUOTED_WORDS]
    if quotations:
        found = [literal(quotation, source) for quotation in quotations]
        return None if None in found else found[0]
    return literal(bare, source) or _overlap(wanted, source, rarity)


def plain_claim(claim: str) -> str:
    """Return the claim without list marks, markers and the punctuation around it."""
    return REFERENCE.sub("", _DECORATION.sub("", claim)).strip(" \t\r\n.,;:!?…|*")


def literal(words: str, source: Evidence) -> Support | None:
    """Return where `words` stand in the source, as they are or after the normalisation of llm/fold.py."""
    if (
        words
        and (at := source.text.find(words)) >= 0
        and _whole_words(source.text, at, at + len(words))
    ):
        return Support(at, at + len(words), "verbatim", 1.0)
    if span := find_folded(fold(words), source.folded):
        return Support(*span, "normalised", 1.0)
    return None


def _whole_words(text: str, start: int, end: int) -> bool:
    cut_before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    cut_after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not cut_before and not cut_after


def _overlap(wanted: frozenset[str], source: Evidence, rarity: Rarity) -> Support | None:
    total = rarity.total(wanted)
    best = max(_windows(source.sentences, wanted, rarity), key=lambda s: s.score, default=None)
    if best is None or best.score / total < FLOOR:
        return None
    span = trimmed(source.text, best.start, best.end)
    return Support(span.start, span.end, "paraphrase", round(best.score / total, 4))


def _is_figure(term: str) -> bool:
    """Return whether the term is a figure that must stand in the source; small numbers may be spelt out there."""
    return bool(_FIGURE.match(term)) and len(term) > 1


def _windows(
    candidates: Sequence[Sentence], wanted: frozenset[str], rarity: Rarity
) -> list[Support]:
    """Return each sentence with the weight it covers, and each pair whose second half brings enough."""
    weights = [rarity.total(wanted & sentence.terms) for sentence in candidates]
    needed = NEIGHBOUR_GAIN * rarity.total(wanted)
    windows = [
        Support(sentence.span.start, sentence.span.end, "paraphrase", weight)
        for sentence, weight in zip(candidates, weights, strict=True)
    ]
    for at in range(len(candidates) - 1):
        one, two = candidates[at], candidates[at + 1]
        both = rarity.total(wanted & (one.terms | two.terms))
        if both - max(weights[at], weights[at + 1]) >= needed:
            windows.append(Support(one.span.start, two.span.end, "paraphrase", both))
    return windows
