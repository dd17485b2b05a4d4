"""Pack passages into what a model is given: diverse sources first, copies left out, neighbours joined, within a token budget.

Pure. What is best comes first and stays first; a file or conversation that has given its share waits until the others had
theirs. Joined passages keep their parts, so that a citation still names the passage and the page that hold its words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal
from uuid import UUID

from llm.chat import Part, Source
from llm.sentences import terms

SHARE: Final = (
    0.6  # of the passages asked for may be of one file or conversation while others have any
)
COPIED: Final = (
    0.9  # of a passage's terms in a better one; overlapping editions of one text reach .95
)
NEIGHBOURS: Final = (
    16  # characters, all white space: passages do not overlap and leave nothing else out
)
CHARACTERS_A_TOKEN: Final = (
    4  # of spaced scripts; models' own counts are 3.5 to 4.7 on English and German
)

Fate = Literal["packed", "no room", "copy", "after others"]


@dataclass(frozen=True, slots=True)
class Packed:
    """The sources given to the model, numbered from 1, and what became of each passage."""

    sources: tuple[Source, ...]
    fates: Mapping[UUID, Fate]


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be packed; `passages` counts them before neighbours are joined."""

    passages: int = 5
    tokens: int = 3_000


def pack(found: Sequence[Source], room: Room) -> Packed:
    """Return the best of `found` (best first) that fit; the last one may be cut."""
    fates: dict[UUID, Fate] = {}
    kept = _without_copies(found, fates)
    chosen = _diverse(kept, room.passages, fates)
    given = list[Source]()
    left = room.tokens * CHARACTERS_A_TOKEN
    for source in chosen:
        text = source.text[: fitting(source.text, left)]
        if not text.strip():
            fates[source.passage_id] = "no room"
            continue
        given.append(cut(source, len(text)))
        fates[source.passage_id] = "packed"
        left -= _weight(text)
    return Packed(tuple(replace(s, ref=n) for n, s in enumerate(given, start=1)), fates)


def joined(sources: Sequence[Source], between: Mapping[tuple[UUID, UUID], str]) -> list[Source]:
    """Return the sources with neighbours made one, at the place of the better one.

    `between` is the stored text from the end of one passage to the beginning of the next, of those that neighbour.
    """
    whole = list(sources)
    for (one_id, next_id), gap in between.items():
        one = next((s for s in whole if any(p.passage_id == one_id for p in s.parts)), None)
        following = next((s for s in whole if any(p.passage_id == next_id for p in s.parts)), None)
        if one is None or following is None or one is following:
            continue
        place = min(whole.index(one), whole.index(following))
        better = whole[place]
        whole = [s for s in whole if s not in (one, following)]
        whole.insert(place, _one_of(one, following, gap, better=better))
    return [replace(source, ref=n) for n, source in enumerate(whole, start=1)]


def neighbours(sources: Sequence[Source]) -> list[tuple[Source, Source]]:
    """Return the pairs of which the second begins where the first ends, but for white space."""
    ordered = sorted(
        sources, key=lambda s: (str(s.item_id), str(s.message_id), s.version or 0, s.start)
    )
    return [
        (one, following)
        for one, following in pairwise(ordered)
        if (one.item_id, one.message_id, one.version)
        == (following.item_id, following.message_id, following.version)
        and 0 <= following.start - one.end <= NEIGHBOURS
    ]


def cut(source: Source, length: int) -> Source:
    """Return the source with its first `length` characters."""
    if length >= len(source.text):
        return source
    end = source.start + length
    parts = tuple(replace(p, end=min(p.end, end)) for p in source.parts if p.start < end)
    return replace(source, text=source.text[:length], end=end, parts=parts)


def tokens_in(text: str) -> int:
    """Return about how many tokens a text has: a character each in scripts without spaces, else four."""
    return -(-_weight(text) // CHARACTERS_A_TOKEN)


def fitting(text: str, weight: int) -> int:
    """Return how many characters of `text` fit into `weight`, four to a token."""
    if _weight(text) <= weight:
        return len(text)
    length = 0
    for letter in text:
        weight -= _weight(letter)
        if weight < 0:
            break
        length += 1
    return length


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    dense = sum(letter > "\u2e80" for letter in text)
    return len(text) + (CHARACTERS_A_TOKEN - 1) * dense


def _without_copies(found: Sequence[Source], fates: dict[UUID, Fate]) -> list[Source]:
    kept, said = list[Source](), list[frozenset[str]]()
    for source in found:
        own = frozenset(terms(source.text))
        if any(len(own & other) >= COPIED * len(own) for other in said if own and other):
            fates[source.passage_id] = "copy"
            continue
        kept.append(source)
        said.append(own)
    return kept


def _diverse(found: Sequence[Source], most: int, fates: dict[UUID, Fate]) -> list[Source]:
    """Return `most` sources, best first, of which one item has no more than its share while others could be taken."""
    share = max(1, round(SHARE * most))
    taken, waiting, of_item = list[Source](), list[Source](), Counter[UUID]()
    for source in found:
        if of_item[source.item_id] < share:
            of_item[source.item_id] += 1
            taken.append(source)
        else:
            waiting.append(source)
    chosen = {s.passage_id for s in [*taken, *waiting][:most]}
    for source in found:
        if source.passage_id not in chosen:
            fates[source.passage_id] = "after others" if source in waiting else "no room"
    return [source for source in found if source.passage_id in chosen]


def _one_of(one: Source, following: Source, gap: str, *, better: Source) -> Source:
    parts: tuple[Part, ...] = (*one.parts, *following.parts)
    return replace(
        better,
        start=one.start,
        end=following.end,
        text=one.text + gap + following.text,
        page_first=one.page_first,
        page_last=following.page_last or following.page_first,
        headings=one.headings if one.headings == following.headings else better.headings,
        parts=parts,
    )
