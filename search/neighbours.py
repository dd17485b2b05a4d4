"""What passages lend each other: an answer often shares no word with the question, but stands near others that do.

A found message gains a share of the scores of the found messages around it in its conversation, a larger one where the
query is a question: an answer is said among others, what is looked up was said once. A passage of a file is drawn towards
the better one of the two that it was cut from, and never past it. Nothing is indexed for it: text, vectors and statistics
stay those of the passage's own words, so conditions, snippets and duplicates know no context, and an edited or deleted
message lends at once what it now says. Measured in docs/relevance.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

FADE: Final = 0.85  # of what is lent, for each message further
REACH: Final = 8  # messages before and after
TOWARDS: Final = 0.5  # of what the passage beside it in its file is ahead

_FADED: Final = tuple(FADE ** (gap - 1) for gap in range(REACH + 1))  # by distance


@dataclass(frozen=True, slots=True)
class Lending:
    """What a message lends the next one, of its score; and what one gains at most, of its own: more hides what was said once."""

    lent: float
    most: float


AROUND_FINDS: Final = Lending(0.15, 0.2)
AROUND_ANSWERS: Final = Lending(0.3, 0.4)


@dataclass(frozen=True, slots=True)
class Place:
    """A found passage: which item holds it, and at which place; parts of one message are at one."""

    item_id: UUID
    seq: int
    score: float
    is_message: bool = True


def borrowed(places: Sequence[Place], *, lending: Lending = AROUND_FINDS) -> list[float]:
    """Return what each passage gains, in the order given; parts of one message lend each other nothing."""
    talks = _best(place for place in places if place.is_message)
    files = _best(place for place in places if not place.is_message)
    around = {item_id: _around(best) for item_id, best in talks.items() if len(best) > 1}
    return [
        _gain(place, around, lending) if place.is_message else _drawn(place, files)
        for place in places
    ]


def _best(places: Iterable[Place]) -> Mapping[UUID, Mapping[int, float]]:
    """Return the best score of each place, by item."""
    items = defaultdict[UUID, dict[int, float]](dict)
    for place in places:
        if place.score > 0:
            best = items[place.item_id]
            best[place.seq] = max(place.score, best.get(place.seq, 0.0))
    return items


def _drawn(place: Place, files: Mapping[UUID, Mapping[int, float]]) -> float:
    if place.score <= 0:
        return 0.0
    best = files[place.item_id]
    beside = max(best.get(place.seq - 1, 0.0), best.get(place.seq + 1, 0.0))
    return TOWARDS * max(0.0, beside - place.score)


def _around(best: Mapping[int, float]) -> Mapping[int, float]:
    """Return what was found around each found message of one conversation, by seq."""
    around = dict.fromkeys(best, 0.0)
    ordered = sorted(best)
    for n, seq in enumerate(ordered):
        for later in ordered[n + 1 : n + 1 + REACH]:
            if later - seq > REACH:
                break
            faded = _FADED[later - seq]
            around[seq] += faded * best[later]
            around[later] += faded * best[seq]
    return around


def _gain(place: Place, around: Mapping[UUID, Mapping[int, float]], lending: Lending) -> float:
    if place.score <= 0 or place.item_id not in around:
        return 0.0
    return min(lending.lent * around[place.item_id][place.seq], lending.most * place.score)
