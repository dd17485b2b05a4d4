"""What messages lend each other: an answer often shares no word with the question, but stands near others that do.

A found message gains a share of the scores of the found messages around it in its conversation. Nothing is indexed for
it: text, vectors and statistics stay those of the message's own words, so conditions, snippets and duplicates know no
context, and an edited or deleted message lends at once what it now says. Measured in docs/relevance.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

LENT: Final = 0.15  # of its score, to the next message
FADE: Final = 0.85  # of that for each message further
REACH: Final = 8  # messages before and after
MOST: Final = (
    0.2  # of its own score that a message gains; more hides what was said once, but exactly
)

_SHARES: Final = tuple((gap, LENT * FADE ** (gap - 1)) for gap in range(1, REACH + 1))


@dataclass(frozen=True, slots=True)
class Place:
    """A found passage: which item holds it, and at which place of the conversation (None in a file)."""

    item_id: UUID
    seq: int | None
    score: float


def borrowed(places: Sequence[Place]) -> list[float]:
    """Return what each passage gains, in the order given; parts of one message lend each other nothing."""
    best: dict[tuple[UUID, int], float] = {}
    for place in places:
        if place.seq is not None and place.score > 0:
            at = place.item_id, place.seq
            best[at] = max(place.score, best.get(at, 0.0))
    return [_gain(place, best) for place in places]


def _gain(place: Place, best: dict[tuple[UUID, int], float]) -> float:
    item_id, seq = place.item_id, place.seq
    if seq is None or place.score <= 0:
        return 0.0
    around = sum(
        share * (best.get((item_id, seq - gap), 0.0) + best.get((item_id, seq + gap), 0.0))
        for gap, share in _SHARES
    )
    return min(around, MOST * place.score)
