"""The answer without a language model: the sentences that bear on the question, word for word, each with its marker.

A sentence counts by the weight (idf) of the question's terms that it holds, a good passage lending a little of its rank.
It says that it is an extract, abstains when no passage bears on the question, and streams like any other model.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from llm.catalogue import EXTRACTIVE
from llm.chat import ChatEvent, ChatMessage, Delta, Finish, Source, Usage
from llm.fold import INVISIBLE, REFERENCE
from llm.prompt import ABSTENTION
from llm.sentences import terms
from llm.verify import Evidence, Rarity, Sentence

LABEL = "Extracts from your sources, word for word (no language model is in use):"
MOST_SENTENCES = 5
# Chosen on every second of chunking-evaluation's 472 questions (BM25's best 5 passages of 900 characters). On the other
# half, not looked at before: 92 % answered (its worst text 65 %), 9 % where another text was asked, 69 % touch the gold,
# which is among the passages for 89 %.
FLOOR = 0.3  # share of the question in the best passage; .35 abstained on 7 points more of the questions that have an answer
KEPT = 0.6  # of the best sentence's score; .5 touches the gold for 2 points more with 0.6 sentences more, .7 for 4 fewer
RANK_SHARE = 0.15  # for the best passage, halved for each next one; none and .3 both touch the gold for 2 points fewer
SHORTEST_TERMS = 4  # a heading or a number alone answers nothing

_LIST_MARK = re.compile(r"^(?:[-*•>#|]+|\d{1,3}[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Extract:
    ref: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Scored:
    place: int  # of the passage, 0 is the best
    source: Source
    sentence: Sentence
    weight: float  # share of the question that the sentence holds

    @property
    def score(self) -> float:
        return self.weight + RANK_SHARE / 2**self.place


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A question beside its sources."""

    asked: frozenset[str]
    evidence: Sequence[Evidence]
    rarity: Rarity

    @property
    def best(self) -> float:
        return max((self.share(each.terms) for each in self.evidence), default=0.0)

    def share(self, held: frozenset[str]) -> float:
        """Return how much of the question, by weight, is among these terms."""
        total = self.rarity.total(self.asked)
        return self.rarity.total(self.asked & held) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ExtractiveChat:
    """A chat model for one question: it reads the sources themselves, not the prompt made of them."""

    question: str
    sources: Sequence[Source]
    name: str = EXTRACTIVE

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        """Yield one delta a sentence; `messages` hold the same sources in prose and are not needed."""
        extracts = pick(self.question, self.sources)
        yield Delta(f"{LABEL}\n" if extracts else ABSTENTION)
        for extract in extracts:
            yield Delta(f"\n- {extract.text} [{extract.ref}]")
        yield Usage(0, 0)
        yield Finish("stop" if extracts else "abstained")


def bearing(question: str, sources: Sequence[Source]) -> float:
    """Return the share of the question, by weight, that the best source holds; below FLOOR the answer abstains."""
    return _weigh(question, sources).best


def pick(question: str, sources: Sequence[Source]) -> list[Extract]:
    """Return the best sentences of the sources (best first) in reading order; none to abstain."""
    weighed = _weigh(question, sources)
    if weighed.best < FLOOR:
        return []
    scored = [
        _Scored(place, source, sentence, weighed.share(sentence.terms))
        for place, (source, each) in enumerate(zip(sources, weighed.evidence, strict=True))
        for sentence in each.sentences
        if len(sentence.terms) >= SHORTEST_TERMS and weighed.asked & sentence.terms
    ]
    return _best(scored)


def _weigh(question: str, sources: Sequence[Source]) -> "_Weighed":
    evidence = [Evidence.of(source.text) for source in sources]
    return _Weighed(frozenset(terms(question)), evidence, Rarity(evidence))


def _best(scored: list[_Scored]) -> list[Extract]:
    ranked = sorted(scored, key=lambda s: (-s.score, s.place, s.sentence.span.start))
    least = KEPT * ranked[0].score if ranked else 0
    kept = _without_repeats([each for each in ranked if each.score >= least])
    in_order = sorted(kept, key=lambda s: (s.place, s.sentence.span.start))
    return [Extract(each.source.ref, _shown(each), each.score) for each in in_order]


def _without_repeats(ranked: list[_Scored]) -> list[_Scored]:
    """Return the first MOST_SENTENCES that differ: overlapping passages and copies hold the same sentence."""
    different = {each.sentence.terms: each for each in reversed(ranked)}
    return [each for each in ranked if different[each.sentence.terms] is each][:MOST_SENTENCES]


def _shown(each: _Scored) -> str:
    """Return the sentence on one line, without what the answer's own markup would take for a marker or for code."""
    span = each.sentence.span
    words = _LIST_MARK.sub("", each.source.text[span.start : span.end])
    return " ".join(REFERENCE.sub("", INVISIBLE.sub("", words)).replace("`", "").split())
