"""Look further where a list is short because equal texts and full groups took its places.

The legs give so many candidates, whatever these hold: sixty times the same words, or one busy conversation. What has its
place is then left out of the next look, so that each look brings something else.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from search.answer import SearchRequest
from search.fuse import Candidate, Listed, is_grouped
from search.searcher import Search

LOOKS: Final = 4  # at most; each is one more statement of each leg
DEPTH: Final = 200  # candidates of each leg in a further look
ENOUGH: Final = 60  # hits, where twice the page is more


def is_short(
    request: SearchRequest,
    ranked: Sequence[tuple[Candidate, Listed]],
    listed: Sequence[Listed],
) -> bool:
    """Say whether a list is shorter than it may be: it lost hits to better ones, and less than two pages are left."""
    wanted = max(request.limit + 1, min(2 * request.limit, ENOUGH))
    return len(listed) < min(wanted, len(ranked))


def look_further(
    search: Search,
    ranked: Sequence[tuple[Candidate, Listed]],
    listed: Sequence[Listed],
    *,
    texts: Iterable[bytes] = (),
) -> Search:
    """Return a search for something else than these texts, and than what stands in groups that are full."""
    full = _full(search.request, ranked, listed)
    return replace(
        search,
        within=search.within.without(full),
        apart=frozenset(texts),
        depth=DEPTH,
    )


def _full(
    request: SearchRequest,
    ranked: Sequence[tuple[Candidate, Listed]],
    listed: Sequence[Listed],
) -> frozenset[UUID]:
    """Return the items that have as many hits in the list as a group may have."""
    items = {c.id: c.item_id for c, _ in ranked if is_grouped(c, request.group_by)}
    held = Counter(items[hit.id] for hit in listed if hit.id in items)
    return frozenset(item for item, hits in held.items() if hits >= request.group_limit)
