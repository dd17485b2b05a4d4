"""What the operators of a query narrow to: names become ids once, so that the legs compare values only.

Titles, people and tags are looked up by the application role, behind both walls; a filter that fits nothing leaves
nothing. Several values of one operator of ALTERNATIVE are alternatives; of others, and of different operators, all hold.

from      who wrote it, or put the file there; me is who asks
to        conversations that a person takes part in, by a grant or as a member of the workspace it is shared with
in        conversations by title, files by folder, or either by id
name ext tag size    files by name, ending, size in bytes; tags of either
has       file, link, image, code: in the whole message, or in this passage of a file (search/traits.py)
is        mine (from:me), shared (with anybody), edited (a message; a file's later versions), pinned (a message),
          answer (a message of a model's; no query says it, llm/retrieval.py does)
page      of a file; a passage that reaches into it counts
near      what stands around a message (its conversation) or passage (its file); within a file or conversation
like      not the thing itself: what it says is looked for (search/likeness.py)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from uuid import UUID

from core.scope import Scope
from search.answer import Kind
from search.dates import Clock, DateFilter, date_operator, read_times
from search.filter_tree import Every, FilterTree, alternatives, leaves
from search.lookup import Facts, look_up
from search.narrowing import KINDS, Constraints, Option, any_option
from search.operators import ALTERNATIVE, OF_THINGS, OPERATORS, Filter, read_pages
from sql.pool import Pool

__all__ = ["Constraints", "resolve"]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the filters of one request are read with."""

    scope: Scope
    clock: Clock
    facts: Facts

    def every(self, filters: Iterable[Filter]) -> Option:
        """Return what all of these leave, each for itself."""
        option = Option()
        for f in filters:
            option = option.both(self.any([f]))
        return option

    def any(self, filters: Sequence[Filter]) -> Option:
        """Return what any of these leave: of one operator, several only if none is negated."""
        first = filters[0]
        if (date := date_of(first)) is not None:
            return Option(times=read_times([date], clock=self.clock))
        if first.op == "is":
            return self._state(first)
        if first.op in OF_THINGS:
            return self._place(first)
        if first.op == "from":
            return _authors(self.facts.people_of(filters, me=self.scope.account_id), first)
        if first.op in {"type", "lang", "has", "page"}:
            return _own(filters)
        return _items(self.facts.items_of(filters), first)

    def _state(self, f: Filter) -> Option:
        state = f.value.lower()
        if state == "mine":
            return _authors(frozenset((self.scope.account_id,)), f)
        if state == "shared":
            return _items(self.facts.items_of([f]), f)
        return _traits(f)

    def _place(self, f: Filter) -> Option:
        thing = self.facts.thing_of(f)
        is_out = f.negated or f.op == "like"
        found = thing.own if f.op == "like" else thing.around
        if thing.is_whole:
            return _items(frozenset((thing.item_id,)), replace(f, negated=is_out))
        return Option(not_passages=found) if is_out else Option(passages=found)


async def resolve(
    pool: Pool, scope: Scope, filters: Sequence[FilterTree], *, kind: Kind | None, clock: Clock
) -> Constraints:
    """Return what filters and trees narrow to for this caller; near: or like: what he may not see is InvalidInput.

    A kind given beside a type: that says otherwise loses.
    """
    plain = [f for f in filters if isinstance(f, Filter)]
    trees = tuple(tree for tree in filters if not isinstance(tree, Filter))
    facts = await look_up(pool, scope, leaves(Every(tuple(filters))))
    reader = _Reader(scope, clock, facts)
    option = Option()
    if kind is not None and not any(f.op == "type" for f in plain):
        option = Option(kinds=frozenset((kind,)))
    for together in _together(plain):
        option = option.both(reader.any(together))
    return any_option(option.both(reader.every(found)) for found in alternatives(Every(trees)))


def date_of(f: Filter) -> DateFilter | None:
    """Return the filter as a date, or None for what narrows to something else."""
    op = date_operator(f.op)
    return None if op is None else DateFilter(op, f.value, f.negated)


def _together(filters: Sequence[Filter]) -> Iterator[list[Filter]]:
    """Group the filters that are alternatives to each other; every other one is alone."""
    wanted = [f for f in filters if f.op in ALTERNATIVE and not f.negated]
    for _, found in groupby(sorted(wanted, key=lambda f: OPERATORS.index(f.op)), lambda f: f.op):
        yield list(found)
    yield from ([f] for f in filters if f not in wanted)


def _items(found: frozenset[UUID], f: Filter) -> Option:
    return Option(not_items=found) if f.negated else Option(items=found)


def _authors(found: frozenset[UUID], f: Filter) -> Option:
    return Option(not_authors=found) if f.negated else Option(authors=found)


def _traits(f: Filter) -> Option:
    found = frozenset((f.value.lower(),))
    return Option(not_traits=found) if f.negated else Option(traits=found)


def _own(filters: Sequence[Filter]) -> Option:
    """Return the option of an operator whose values a passage carries itself."""
    first, values = filters[0], frozenset(f.value.lower() for f in filters)
    if first.op == "has":
        return _traits(first)
    if first.op == "lang":
        return Option(not_langs=values) if first.negated else Option(langs=values)
    if first.op == "page":
        pages = tuple(found for f in filters if (found := read_pages(f.value)) is not None)
        return Option(not_pages=pages) if first.negated else Option(pages=(pages,))
    kinds: frozenset[Kind] = KINDS.intersection(values)
    return Option(kinds=KINDS - kinds if first.negated else kinds)
