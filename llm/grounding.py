"""How much of an answer its sources bear out, sentence by sentence, and an answer of nothing else (`citations: required`).

A claim is a sentence outside code with some terms of its own; lead-ins that end in a colon, questions and headings claim nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llm.citations import Citation, TextOut
from llm.fences import FENCED
from llm.fold import REFERENCE
from llm.sentences import Span, sentences, terms

FEWEST_TERMS = 4  # a shorter sentence ("Yes.", a title) leans on the one beside it
MOST_TOLD = 100  # unsupported claims; the event stays below 64 KB

_LEADING_MARKERS = re.compile(rf"(?:{REFERENCE.pattern}[ \t]*)+")
_SPACE_AT_END = re.compile(r"\s*$")


@dataclass(frozen=True, slots=True)
class Grounded:
    """`share` of the answer's claims that a citation bears out, None without claims; the others by their place."""

    share: float | None
    unsupported: tuple[Span, ...]


def ground(answer: str, cited: Sequence[Span]) -> Grounded:
    """Judge a whole answer by the spans that its citations cover."""
    plain = FENCED.sub(lambda code: " " * len(code[0]), answer)
    claims = [span for span in sentences(plain) if is_claim(plain[span.start : span.end])]
    bare = [
        claim
        for claim in claims
        if not any(each.start < claim.end and claim.start < each.end for each in cited)
    ]
    share = round(1 - len(bare) / len(claims), 4) if claims else None
    return Grounded(share, tuple(bare[:MOST_TOLD]))


def is_claim(sentence: str) -> bool:
    """Say whether a sentence says something that a source would have to bear out."""
    said = REFERENCE.sub("", sentence).strip()
    if said.endswith((":", "?", "\uff1f")) or said.startswith("#"):
        return False
    return len(terms(said)) >= FEWEST_TERMS


class OnlySupported:
    """Lets through what is cited, sentence by sentence; what claims nothing waits for a cited sentence behind it."""

    def __init__(self) -> None:
        self.kept = 0  # sentences with a citation
        self.left_out: list[str] = []
        self._at = 0  # where what is held begins, as the pieces count
        self._dropped = 0
        self._text = ""
        self._citations: list[Citation] = []
        self._waiting = ""  # what claims nothing and may lead in what is cited
        self._line_ends = True  # nothing shown yet, or it ends with a line

    def feed(self, pieces: Sequence[TextOut | Citation]) -> list[TextOut | Citation]:
        for piece in pieces:
            if isinstance(piece, TextOut):
                self._text += piece.text
            else:
                self._citations.append(piece)
        return list(self._drain())

    def finish(self) -> list[TextOut | Citation]:
        out = [*self._drain(), *self._judge(len(self._text))]
        self._waiting = ""
        return out

    def _drain(self) -> Iterator[TextOut | Citation]:
        while end := self._end_of_first():
            yield from self._judge(end)

    def _end_of_first(self) -> int:
        """Return where the first sentence ends, with its markers and space; 0 while it may go on."""
        if code := FENCED.match(self._text):
            return code.end() if code["closed"] else 0
        found = sentences(self._text)
        if len(found) < 2:
            return 0
        end = found[1].start
        behind = max((c.answer_end for c in self._citations if c.answer_start < self._at + end), default=0)  # fmt: skip
        end = max(end, behind - self._at)
        if marked := _LEADING_MARKERS.match(self._text, found[1].start):
            if marked.end() == len(self._text):
                return 0  # another marker may come
            end = marked.end() if behind > self._at + found[1].start else end
        return end

    def _judge(self, end: int) -> Iterator[TextOut | Citation]:
        text, self._text = self._text[:end], self._text[end:]
        start, self._at = self._at, self._at + end
        mine = [c for c in self._citations if c.answer_end <= self._at]
        self._citations = [c for c in self._citations if c.answer_end > self._at]
        if mine:
            shown, self._waiting = self._waiting + text, ""
            self._line_ends = shown.endswith("\n")
            self.kept += 1
            yield TextOut(shown)
            for citation in mine:
                yield replace(
                    citation,
                    answer_start=max(citation.answer_start, start) - self._dropped,
                    answer_end=citation.answer_end - self._dropped,
                )
        elif FENCED.match(text) or not is_claim(text):
            self._waiting += text
        else:
            self._drop(text)

    def _drop(self, text: str) -> None:
        """Leave out a claim, and what led in to it; a paragraph's end stays."""
        self.left_out.append(text.strip())
        space = _SPACE_AT_END.search(text)
        kept = space[0] if space and "\n" in space[0] and not self._line_ends else ""
        self._dropped += len(self._waiting) + len(text) - len(kept)
        self._waiting = kept
