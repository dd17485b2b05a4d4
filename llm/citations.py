"""Turn a model's streamed text into text plus verified citations.

Markers ([1], [1, 3], [2-4], 【1】), even split across deltas, are checked against the source they name as soon as they are
whole: supported ones stay, renumbered by first use; the others disappear from the text and are counted. A marker stands
behind its claim; one that opens a sentence ("[1] says ...") waits for that sentence. Code keeps its brackets.
Invariant: quote == stored_text[source_start:source_end], in code points, for every verdict.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from llm.chat import Source
from llm.fences import Code
from llm.fold import REFERENCE
from llm.sentences import Span, sentences, terms
from llm.verify import Evidence, Rarity, Support, Verdict, literal, support

LOOK_BACK = 1200  # code points of the answer in which a marker's claim may begin
LOOK_AHEAD = 400  # code points held for the sentence behind an opening marker
WHOLE_CLAIM_TERMS = (
    4  # a shorter text before a marker may be only its lead-in ("According to [1], ...")
)
LONGEST_RANGE = 10

_MARKER = re.compile(
    r"(?P<lead>[ \t]{0,8})(?:\[(?P<plain>[\d \t,;–-]{1,40})\]|【(?P<wide>\d{1,3})[^】\n]{0,40}】|(?P<code>`+|~{3,}))"  # noqa: RUF001
)
_UNFINISHED = re.compile(r"[ \t]{0,8}(?:\[[\d \t,;–-]{0,40}|【[^】\n]{0,43}|[`~]+)?$")  # noqa: RUF001
_NUMBERS = re.compile(r"[ \t]*(\d{1,3})[ \t]*(?:[–-][ \t]*(\d{1,3})[ \t]*)?")  # noqa: RUF001
_MARKERS_AT_END = re.compile(rf"(?:{REFERENCE.pattern}|\s){{1,40}}$")
_ENDED = re.compile(r"[.!?…。！？][\"'”’)\]*」』）]*$")  # noqa: RUF001
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？\n]")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class TextOut:
    """A piece of the answer as it will be stored; the pieces in order are the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """`answer_start:answer_end` is the claim with its marker, or the marker alone where it opens its sentence."""

    ref: int
    source: Source
    source_start: int
    source_end: int
    answer_start: int
    answer_end: int
    quote: str
    verdict: Verdict
    score: float


@dataclass(frozen=True, slots=True)
class Grounding:
    """Claims that carried a marker, how many of them keep one, and how many markers were removed.

    Of an answer that has ended: the `share` of all its claims that a citation bears out, and the places of the others.
    """

    claims: int
    supported: int
    removed: int
    share: float | None = None
    unsupported: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claim:
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands before a marker: the claims it may mean, likeliest first, and where in its sentence it is."""

    claims: list[_Claim]
    place: Literal["behind its claim", "behind a sentence", "behind a lead-in"]


class CitationStream:
    """Feed deltas, then finish(); what comes out does not depend on where the deltas were cut."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = {source.ref: source for source in sources}
        self._evidence = {source.ref: Evidence.of(source.text) for source in sources}
        self._rarity = Rarity(self._evidence.values())
        self._shown: dict[int, int] = {}  # the model's number -> the reader's
        self._kept: set[tuple[int, int, int, int]] = set()  # ref and span of each claim's citations
        self._held = ""
        self._awaits_sentence = False
        self._removed_lead = (
            -1,
            "",
        )  # where a marker was removed, and the space that stood before it
        self._code = Code()
        self._length = 0
        self._tail = ""
        self._claims: set[int] = set()
        self._supported: set[int] = set()
        self._removed = 0

    @property
    def grounding(self) -> Grounding:
        return Grounding(len(self._claims), len(self._supported), self._removed)

    def feed(self, delta: str) -> list[TextOut | Citation]:
        self._held += delta
        return _joined(self._drain(final=False))

    def finish(self) -> list[TextOut | Citation]:
        return _joined(self._drain(final=True))

    def cite(self, ref: int, quote: str) -> list[TextOut | Citation]:
        """Cite what came so far by words that the provider itself quotes from a source; invented words are counted."""
        pieces = list(self._drain(final=True))
        before = self._before()
        claim = before.claims[0] if before.claims else _Claim(self._length, "")
        found: dict[int, tuple[_Claim, Support]] = {}
        evidence = self._evidence.get(ref)
        if evidence is not None and (hit := literal(quote.strip(), evidence)):
            found[ref] = (claim, self._judged(claim, hit, evidence))
        self._count([ref], found, before)
        return _joined(iter([*pieces, *self._keep(" ", found)]))

    def _judged(self, claim: _Claim, hit: Support, evidence: Evidence) -> Support:
        """Return the quoted words with how close the claim keeps to its source."""
        own = support(claim.text, evidence, rarity=self._rarity)
        if own is None or own.verdict == "paraphrase":
            return Support(hit.start, hit.end, "paraphrase", own.score if own else 0.0)
        return Support(hit.start, hit.end, own.verdict, own.score)

    def _drain(self, *, final: bool) -> Iterator[TextOut | Citation]:
        while self._held:
            unfinished = None if final else _UNFINISHED.search(self._held)
            whole = unfinished.start() if unfinished else len(self._held)
            marker = _MARKER.search(self._held, 0)
            until = min(marker.start() if marker else whole, whole)
            if until:
                yield self._take(until)
            elif marker is None or marker.start() >= whole:
                return
            elif marker["code"]:
                yield self._take_run(marker)
            elif (is_code := self._is_code(marker, final=final)) is None:
                return
            elif is_code:
                yield self._take(marker.end())
            elif (cited := self._cite(marker, final=final)) is None:
                return
            else:
                yield from cited

    def _take(self, length: int) -> TextOut:
        taken, self._held = self._held[:length], self._held[length:]
        return self._put(taken)

    def _take_run(self, marker: re.Match[str]) -> TextOut:
        out = self._take(marker.end())
        self._code.passed_run(marker["code"])
        return out

    def _is_code(self, marker: re.Match[str], *, final: bool) -> bool | None:
        ahead = self._held[marker.end() :]
        return self._code.holds(marker["lead"], ahead, final=final)

    def _put(self, text: str) -> TextOut:
        self._length += len(text)
        self._tail = (self._tail + text)[-LOOK_BACK:]
        self._code.passed(text)
        return TextOut(text)

    def _cite(self, marker: re.Match[str], *, final: bool) -> Iterable[TextOut | Citation] | None:
        """Consume the marker at the head of what is held; None when the sentence it opens must be awaited."""
        refs = _refs(marker["plain"] or marker["wide"])
        if not refs:
            return [self._take(marker.end())]
        before = self._before()
        found: dict[int, tuple[_Claim, Support]] = {}
        if before.place != "behind a lead-in" and not self._awaits_sentence:
            found = self._check(refs, before.claims)
        known = not self._evidence.keys().isdisjoint(refs)
        if known and not found and before.place != "behind its claim":
            ahead = _sentence_ahead(self._held[marker.end() :], final=final)
            self._awaits_sentence = ahead is None
            if ahead is None:
                return None
            here = _Claim(self._length + len(marker["lead"]), ahead)
            found = self._check(refs, [here, *before.claims])
        self._held = self._held[marker.end() :]
        self._count(refs, found, before)
        return self._keep(marker["lead"] or self._lead_of_removed(), found)

    def _before(self) -> _Before:
        """Find the sentence that ends here, and within it what stands behind its last marker."""
        tail = _MARKERS_AT_END.sub("", self._tail)
        spans = sentences(tail)
        begins = self._length - len(self._tail)
        if not spans:
            return _Before([], "behind a sentence")
        whole = spans[-1]
        claims = [_Claim(begins + whole.start, tail[whole.start : whole.end])]
        earlier = [m.end() for m in REFERENCE.finditer(tail, whole.start)]
        if earlier and len(terms(tail[earlier[-1] :])) >= WHOLE_CLAIM_TERMS:
            claims.insert(0, _Claim(begins + earlier[-1], tail[earlier[-1] :]))
        if _ENDED.search(tail) or "\n" in self._tail[len(tail) :]:
            return _Before(claims, "behind a sentence")
        if len(terms(claims[-1].text)) < WHOLE_CLAIM_TERMS:
            return _Before(claims, "behind a lead-in")
        return _Before(claims, "behind its claim")

    def _check(self, refs: list[int], claims: list[_Claim]) -> dict[int, tuple[_Claim, Support]]:
        return {
            ref: hit
            for ref in refs
            if (evidence := self._evidence.get(ref))
            and (hit := self._first_borne_out(claims, evidence))
        }

    def _first_borne_out(
        self, claims: list[_Claim], evidence: Evidence
    ) -> tuple[_Claim, Support] | None:
        for claim in claims:
            if found := support(claim.text, evidence, rarity=self._rarity):
                return claim, found
        return None

    def _lead_of_removed(self) -> str:
        """Return the space before a removed marker, for one that now takes its place: "x [9][1]" -> "x [1]"."""
        at, lead = self._removed_lead
        return lead if at == self._length else ""

    def _count(
        self, refs: list[int], found: dict[int, tuple[_Claim, Support]], before: _Before
    ) -> None:
        starts = {claim.start for claim, _ in found.values()}
        self._supported |= starts
        self._claims |= starts or {before.claims[0].start if before.claims else self._length}
        self._removed += len(refs) - len(found)

    def _keep(
        self, lead: str, found: dict[int, tuple[_Claim, Support]]
    ) -> Iterator[TextOut | Citation]:
        new = {
            ref: hit for ref, hit in found.items() if (ref, *_places(*hit)) not in self._kept
        }  # the same words for the same claim are cited once
        if not new:
            self._removed_lead = (self._length, lead)
            return
        self._kept |= {(ref, *_places(*hit)) for ref, hit in new.items()}
        yield self._put(lead)
        for ref, (claim, hit) in new.items():
            shown = self._shown.setdefault(ref, len(self._shown) + 1)
            marker_start = self._length
            yield self._put(f"[{shown}]")
            source = self._sources[ref]
            yield Citation(
                ref=shown,
                source=source,
                source_start=source.start + hit.start,
                source_end=source.start + hit.end,
                answer_start=min(claim.start, marker_start),
                answer_end=self._length,
                quote=source.text[hit.start : hit.end],
                verdict=hit.verdict,
                score=hit.score,
            )


def _places(claim: _Claim, hit: Support) -> tuple[int, int, int]:
    return claim.start, hit.start, hit.end


def _refs(inside: str) -> list[int]:
    """Return the numbers of a marker, each once; none when it is something else, like a year or a check box."""
    numbers: list[int] = []
    for part in re.split("[,;]", inside):
        match = _NUMBERS.fullmatch(part)
        if match is None:
            return []
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 <= last - first < LONGEST_RANGE:
            return []
        numbers.extend(range(first, last + 1))
    return list(dict.fromkeys(numbers))


def _sentence_ahead(text: str, *, final: bool) -> str | None:
    """Return the sentence at the head of `text`; None while more of it may come."""
    if end := _SENTENCE_END.search(text, 0, LOOK_AHEAD):
        return text[: end.end()]
    return text[:LOOK_AHEAD] if final or len(text) >= LOOK_AHEAD else None


def _joined(pieces: Iterator[TextOut | Citation]) -> list[TextOut | Citation]:
    """Join neighbouring texts, so that one delta gives one text where no citation comes between."""
    joined: list[TextOut | Citation] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, TextOut) and isinstance(last, TextOut):
            joined[-1] = TextOut(last.text + piece.text)
        else:
            joined.append(piece)
    return joined
