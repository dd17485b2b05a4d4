"""What messages lend each other: an answer often shares no word with the question, but stands near others that do.

A found message gains a share of the scores of the found messages around it in its conversation. Nothing is indexed for
it: text, vectors and statistics stay those of the message's own words, so conditions, snippets and duplicates know no
context, and an edited or deleted message lends at once what it now says. Measured in docs/relevance.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

LENT: Final = 0.15  # of its score, to the next message
FADE: Final = 0.85  # of that for each message further
REACH: Final = 8  # messages before and after
MOST: Final = (
    0.2  # of its own score that a message gains; more hides what was said once, but exactly
)

_SHARES: Final = tuple(LENT * FADE ** (gap - 1) for gap in range(REACH + 1))  # by distance


@dataclass(frozen=True, slots=True)
class Place:
    """A found passage: which item holds it, and at which place of the conversation (None in a file)."""

    item_id: UUID
    seq: int | None
    score: float


def borrowed(places: Sequence[Place]) -> list[float]:
    """Return what each passage gains, in the order given; parts of one message lend each other nothing."""
    talks = defaultdict[UUID, dict[int, float]](dict)
    for place in places:
        if place.seq is not None and place.score > 0:
            best = talks[place.item_id]
            best[place.seq] = max(place.score, best.get(place.seq, 0.0))
    lent = {item_id: _lent(best) for item_id, best in talks.items() if len(best) > 1}
    return [_gain(place, lent) for place in places]


def _lent(best: Mapping[int, float]) -> Mapping[int, float]:
    """Return what the found messages of one conversation are lent, by seq."""
    lent = dict.fromkeys(best, 0.0)
    ordered = sorted(best)
    for n, seq in enumerate(ordered):
        for later in ordered[n + 1 : n + 1 + REACH]:
            if later - seq > REACH:
                break
            share = _SHARES[later - seq]
            lent[seq] += share * best[later]
            lent[later] += share * best[seq]
    return lent


def _gain(place: Place, lent: Mapping[UUID, Mapping[int, float]]) -> float:
    if place.seq is None or place.score <= 0 or place.item_id not in lent:
        return 0.0
    return min(lent[place.item_id][place.seq], MOST * place.score)
